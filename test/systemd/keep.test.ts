import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type KeepOptions, keepUnits } from '../../src/systemd/keep.ts';
import { podUnit } from '../../src/unit/pod.ts';
import { webUnit } from '../unit/samples.ts';
import { fakeProgram, scratch, unending } from './scratch.ts';

const web = podUnit(webUnit);
const db = podUnit({ ...webUnit, key: 'Pod/default/db' });

interface Bench {
  readonly dir: string;
  readonly opts: KeepOptions;
  calls(): readonly string[];
}

/** A systemctl that counts units as started once somebody starts them, and shows the drop-ins that are there then. */
function bench(t: TestContext, state = 'degraded'): Bench {
  const root = scratch(t);
  const [dir, runtimeDirectory, active] = [join(root, 'units'), join(root, 'run'), join(root, 'active')];
  mkdirSync(active);
  const { path, calls } = fakeProgram(
    root,
    'systemctl',
    `case "$*" in
      *is-system-running*) echo ${state}; [ ${state} = running ] ;;
      *show*) for u in "$@"; do case "$u" in *.service)
        [ -e "${active}/$u" ] && s=active || s=inactive; printf 'Id=%s\\nActiveState=%s\\n\\n' "$u" $s ;; esac; done ;;
      *start*) for u in "$@"; do case "$u" in *.service)
        [ -e "${runtimeDirectory}/$u.d/podstead-adopt.conf" ] || exit 3; : >"${active}/$u" ;; esac; done ;;
      *stop*) for u in "$@"; do [ -e "${dir}/$u" ] && exit 4; rm -f "${active}/$u"; done; exit 0 ;;
    esac`,
  );
  return { dir, opts: { owner: 'podstead', path, user: false, runtimeDirectory, signal: unending }, calls };
}

function verbs(calls: readonly string[]): readonly string[] {
  return calls.map(call => call.replace('--no-ask-password --no-pager ', '').replace('--no-reload ', ''));
}

test('keepUnits writes, enables and takes over units, without their start commands', async t => {
  const { dir, opts, calls } = bench(t);
  const kept = await keepUnits(dir, [web], opts);
  assert.deepEqual(kept, { written: [web.name], removed: [], foreign: [], running: true, adopted: [web.name] });
  assert.deepEqual(verbs(calls()), [
    'is-system-running',
    `enable ${join(dir, web.name)}`,
    'daemon-reload',
    `show --property=Id,ActiveState ${web.name}`,
    'daemon-reload',
    `start ${web.name}`,
    'daemon-reload',
  ]);
  assert.deepEqual(readdirSync(opts.runtimeDirectory), []);
});

test('keepUnits asks but does nothing the second time', async t => {
  const { dir, opts, calls } = bench(t);
  await keepUnits(dir, [web], opts);
  const before = calls().length;
  assert.deepEqual((await keepUnits(dir, [web], opts)).adopted, []);
  assert.deepEqual(verbs(calls().slice(before)), ['is-system-running', `show --property=Id,ActiveState ${web.name}`]);
});

test('keepUnits forgets an unwanted unit before it stops it, so that no stop command runs', async t => {
  const { dir, opts, calls } = bench(t);
  await keepUnits(dir, [web, db], opts);
  const before = calls().length;
  const kept = await keepUnits(dir, [web], opts);
  assert.deepEqual(kept.removed, [db.name]);
  assert.deepEqual(verbs(calls().slice(before)).slice(1, 5), [
    `disable ${db.name}`,
    'daemon-reload',
    `show --property=Id,ActiveState ${db.name}`,
    `stop ${db.name}`,
  ]);
  assert.ok(!existsSync(join(dir, db.name)));
});

test('keepUnits does not stop an unwanted unit that is not started, as systemctl would refuse', async t => {
  const { dir, opts, calls } = bench(t);
  await keepUnits(dir, [web], opts);
  rmSync(join(dir, '../active', web.name));
  await keepUnits(dir, [], opts);
  assert.deepEqual(
    verbs(calls()).filter(call => call.startsWith('stop')),
    [],
  );
});

test('keepUnits removes the drop-in of an agent that was killed, though the unit is started', async t => {
  const { dir, opts, calls } = bench(t);
  await keepUnits(dir, [web], opts);
  mkdirSync(join(opts.runtimeDirectory, `${web.name}.d`));
  writeFileSync(join(opts.runtimeDirectory, `${web.name}.d/podstead-adopt.conf`), '');
  const before = calls().length;
  await keepUnits(dir, [web], opts);
  assert.ok(verbs(calls().slice(before)).includes('daemon-reload'));
  assert.deepEqual(readdirSync(opts.runtimeDirectory), []);
});

for (const state of ['offline', 'unknown', '']) {
  test(`keepUnits only writes where systemd is '${state}'`, async t => {
    const { dir, opts, calls } = bench(t, state || '""');
    const kept = await keepUnits(dir, [web], opts);
    assert.deepEqual([kept.running, kept.written, kept.adopted], [false, [web.name], []]);
    assert.equal(calls().length, 1);
  });
}

test('keepUnits removes the directory of a drop-in that an agent had made empty when it was killed, and no other', async t => {
  const { dir, opts } = bench(t);
  await keepUnits(dir, [web], opts);
  mkdirSync(join(opts.runtimeDirectory, `${web.name}.d`));
  await keepUnits(dir, [web], opts);
  assert.deepEqual(readdirSync(opts.runtimeDirectory), []);
  mkdirSync(join(opts.runtimeDirectory, `${web.name}.d`));
  writeFileSync(join(opts.runtimeDirectory, `${web.name}.d/by-hand.conf`), '');
  await keepUnits(dir, [web], opts);
  assert.deepEqual(readdirSync(opts.runtimeDirectory), [`${web.name}.d`]);
});

test('keepUnits only writes where there is no systemctl', async t => {
  const { dir, opts } = bench(t);
  assert.equal((await keepUnits(dir, [web], { ...opts, path: '/nowhere/systemctl' })).running, false);
});

test('keepUnits speaks to the user\u2019s systemd where told to', async t => {
  const { dir, opts, calls } = bench(t);
  await keepUnits(dir, [web], { ...opts, user: true });
  assert.ok(calls().every(call => call.startsWith('--user ')));
});

test('keepUnits fails with the words of systemctl', async t => {
  const { dir, opts } = bench(t);
  const broken = fakeProgram(
    scratch(t),
    'systemctl',
    'case "$*" in *running*) echo running ;; *) echo "Access denied" >&2; exit 1 ;; esac',
  );
  await assert.rejects(keepUnits(dir, [web], { ...opts, path: broken.path }), {
    name: 'SystemdError',
    message: /enable.*Access denied/,
    hint: /^Run `systemctl/,
  });
});

/** A run that ends in the middle, as one that is killed there: a call of systemctl that matches fails, once. */
async function cutOff(b: Bench, units: readonly (typeof web)[], call: string): Promise<void> {
  const path = join(b.dir, '..', 'cut');
  const body = `#!/bin/sh\ncase "$*" in *' ${call}'*|*' ${call} '*) exit 9 ;; esac\nexec ${b.opts.path} "$@"\n`;
  writeFileSync(path, body, { mode: 0o755 });
  await assert.rejects(keepUnits(b.dir, units, { ...b.opts, path }), { code: 'SYSTEMCTL_FAILED' }, call);
}

for (const call of ['enable', 'daemon-reload', 'show', 'start']) {
  test(`keepUnits enables and takes over units once it was cut off at ${call}`, async t => {
    const b = bench(t);
    await cutOff(b, [web], call);
    const before = b.calls().length;
    const kept = await keepUnits(b.dir, [web], b.opts);
    const after = verbs(b.calls().slice(before));
    assert.ok(after.includes(`enable ${join(b.dir, web.name)}`), after.join('\n'));
    assert.ok(after.includes('daemon-reload'), after.join('\n'));
    assert.deepEqual([kept.written, kept.adopted], [[web.name], [web.name]]);
    const last = b.calls().length;
    assert.deepEqual((await keepUnits(b.dir, [web], b.opts)).written, []);
    assert.equal(b.calls().length, last + 2, 'nothing is left to do');
    assert.deepEqual([readdirSync(b.dir), readdirSync(b.opts.runtimeDirectory)], [[web.name], []]);
  });
}

for (const call of ['disable', 'daemon-reload', 'show', 'stop']) {
  test(`keepUnits forgets an unwanted unit once it was cut off at ${call}`, async t => {
    const b = bench(t);
    await keepUnits(b.dir, [web, db], b.opts);
    await cutOff(b, [web], call);
    const before = b.calls().length;
    assert.deepEqual((await keepUnits(b.dir, [web], b.opts)).removed, [db.name]);
    const after = verbs(b.calls().slice(before));
    assert.ok(after.includes('daemon-reload') && after.includes(`stop ${db.name}`), after.join('\n'));
    assert.deepEqual(readdirSync(b.dir), [web.name]);
  });
}

test('keepUnits reloads systemd once it was cut off with the drop-ins gone that systemd still follows', async t => {
  const b = bench(t);
  const path = join(b.dir, '..', 'cut');
  // The third reload is the one after the drop-ins.
  const count = join(b.dir, '..', 'count');
  const body = `#!/bin/sh\ncase "$*" in *daemon-reload*) echo >>${count}; [ "$(wc -l <${count})" = 3 ] && exit 9 ;; esac\nexec ${b.opts.path} "$@"\n`;
  writeFileSync(path, body, { mode: 0o755 });
  await assert.rejects(keepUnits(b.dir, [web], { ...b.opts, path }));
  const before = b.calls().length;
  await keepUnits(b.dir, [web], b.opts);
  assert.ok(verbs(b.calls().slice(before)).includes('daemon-reload'));
});

test("keepUnits finishes no other owner's work", async t => {
  const b = bench(t);
  await cutOff(b, [web], 'enable');
  const kept = await keepUnits(b.dir, [], { ...b.opts, owner: 'other' });
  assert.deepEqual([kept.written, kept.removed], [[], []]);
  assert.deepEqual((await keepUnits(b.dir, [web], b.opts)).written, [web.name]);
});
