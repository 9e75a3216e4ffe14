import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keptUnits } from '../../src/unit/kept.ts';
import { podUnit } from '../../src/unit/pod.ts';
import { parseUnit, renderUnit, valuesOf } from '../../src/unit/unit-file.ts';
import { goldenUnits } from '../unit/samples.ts';
import { fakeProgram, scratch } from './scratch.ts';

const shipped = join(import.meta.dirname, '../../systemd');

/** Asks systemd-analyze, which exits with 0 also after mere warnings: so its stderr must be empty too. */
function verify(t: TestContext, paths: readonly string[], user: boolean): void {
  const mode = user ? ['--user'] : [];
  const found = spawnSync('systemd-analyze', [...mode, 'verify', ...paths], {
    encoding: 'utf8',
    env: { ...process.env, XDG_RUNTIME_DIR: scratch(t) },
  });
  if (found.error !== undefined) {
    t.skip('systemd-analyze is not installed');
    return;
  }
  assert.deepEqual({ status: found.status, stderr: found.stderr }, { status: 0, stderr: '' });
}

for (const user of [false, true]) {
  test(`the units that are shipped for ${user ? 'a user' : 'root'} pass systemd-analyze verify without a word`, t => {
    const dir = scratch(t);
    const program = fakeProgram(dir, 'podstead', '').path;
    // A host without Podman's units has nothing else to complain of.
    writeFileSync(join(dir, 'podman.socket'), '[Socket]\nListenStream=/run/x\n');
    writeFileSync(join(dir, 'podman.service'), '[Service]\nExecStart=/bin/true\n');
    const names = readdirSync(shipped).filter(name => /-user[@.]/.test(name) === user);
    assert.equal(names.length, 6);
    const paths = names.map(name => {
      const text = readFileSync(join(shipped, name), 'utf8').replaceAll('/usr/bin/podstead', program);
      const path = join(dir, name.replace(/-user([@.])/, '$1'));
      writeFileSync(path, text);
      return path;
    });
    verify(t, paths, user);
  });

  test(`the services for ${user ? 'a user' : 'root'} leave pods alone when they end`, () => {
    const file = (name: string): string => `${name}${user ? '-user' : ''}.service`;
    const service = (name: string, key: string): string | undefined =>
      valuesOf(parseUnit(name, readFileSync(join(shipped, file(name)), 'utf8')), 'Service', key).at(-1);
    const keys = ['Type', 'NotifyAccess', 'KillMode', 'Delegate', 'Restart'];
    assert.deepEqual(
      keys.map(key => service('podstead', key)),
      ['notify', 'all', 'process', 'yes', 'on-failure'],
    );
    assert.deepEqual([service('podstead-pass', 'Type'), service('podstead-pass', 'KillMode')], ['oneshot', 'process']);
    assert.ok(Number(service('podstead', 'WatchdogSec')) > 0);
    if (user) {
      const all = ['podstead', 'podstead-pass'].map(name => service(name, 'NoNewPrivileges'));
      assert.deepEqual(all, [undefined, undefined], 'podman unshare needs newuidmap');
    }
  });
}

for (const name of ['podstead.service', 'podstead-pass.service', 'podstead-pass@.service']) {
  test(`${name} is as little exposed as docs/operations.md says`, t => {
    const threshold = ['--offline=true', '--threshold=38'];
    const found = spawnSync('systemd-analyze', ['security', '--no-pager', ...threshold, join(shipped, name)], {
      encoding: 'utf8',
    });
    if (found.error !== undefined) return t.skip('systemd-analyze is not installed');
    assert.equal(found.status, 0, found.stdout.split('\n').slice(-3).join('\n') + found.stderr);
  });
}

test('the service of a pass has the sandbox of the agent', () => {
  const hardening = (name: string): readonly string[] => {
    const unit = parseUnit(name, readFileSync(join(shipped, name), 'utf8'));
    const own = /^(Protect|Restrict|Capability|SystemCall|NoNew|Lock|ReadWrite)/;
    return unit.sections.flatMap(({ entries }) =>
      entries.filter(([key]) => own.test(key)).map(entry => entry.join('=')),
    );
  };
  assert.deepEqual(hardening('podstead-pass.service'), hardening('podstead.service'));
  assert.ok(hardening('podstead.service').length > 10);
});

test('keptUnits pass systemd-analyze verify without a word', t => {
  const dir = join(scratch(t), 'with space 100%');
  mkdirSync(dir);
  const program = fakeProgram(dir, 'pod man', '').path;
  const paths = Object.values(goldenUnits).flatMap(spec => {
    const units = keptUnits({ ...spec, podman: { ...spec.podman, path: program } }, { policy: 'Always', systemd: 252 });
    return units.map(unit => {
      const path = join(dir, unit.name);
      writeFileSync(path, renderUnit(unit));
      return path;
    });
  });
  verify(t, paths, false);
});

for (const user of [false, true]) {
  test(`podUnit's units pass systemd-analyze ${user ? '--user ' : ''}verify without a word`, t => {
    const dir = join(scratch(t), 'with space 100%');
    mkdirSync(dir);
    const program = fakeProgram(dir, 'pod man', '').path;
    const paths = Object.values(goldenUnits).map(spec => {
      const unit = podUnit({ ...spec, user, podman: { ...spec.podman, path: program } });
      const path = join(dir, unit.name);
      writeFileSync(path, renderUnit(unit));
      return path;
    });
    verify(t, paths, user);
  });
}
