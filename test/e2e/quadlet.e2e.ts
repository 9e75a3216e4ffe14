import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { keptUnits } from '../../src/unit/kept.ts';
import { splitCommand } from '../../src/unit/quote.ts';
import { stepsSince } from '../../src/unit/restart.ts';
import { parseUnit, renderUnit, valuesOf } from '../../src/unit/unit-file.ts';
import { oddManifest, oddWords } from '../unit/quadlet-sample.ts';
import { webUnit } from '../unit/samples.ts';
import { type Ran, run } from './host.ts';
import { host, program } from './podstead.ts';

const generator = '/usr/libexec/podman/quadlet';
const lacking = existsSync(generator) ? false : `needs ${generator}: Podman 4.3 has none`;

/** Writes units of manifests, as somebody without an engine would. */
async function generated(t: TestContext, text: string, ...args: string[]): Promise<{ dir: string; ran: Ran }> {
  const dir = await mkdtemp(join(tmpdir(), 'pdq-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'all.yaml'), text);
  const env = { STATE_DIRECTORY: join(dir, 'state'), RUNTIME_DIRECTORY: join(dir, 'run'), NO_COLOR: '1' };
  const units = join(dir, 'units');
  const ran = await run(
    'node',
    [program, 'generate', 'quadlet', join(dir, 'all.yaml'), '-d', units, '--podman-version', '5.4', ...args],
    env,
  );
  return { dir, ran };
}

/** Has Quadlet make services of them; it exits with a failure for any key that it does not know. */
async function services(dir: string, ...mode: string[]): Promise<string> {
  const out = join(dir, 'services');
  const env = { QUADLET_UNIT_DIRS: join(dir, 'units') };
  const dry = await run(generator, [...mode, '--dryrun'], env);
  assert.equal(dry.code, 0, dry.stderr);
  const made = await run(generator, [...mode, out], env);
  assert.equal(made.code, 0, made.stderr);
  return out;
}

async function verify(out: string, ...mode: string[]): Promise<void> {
  const all = (await readdir(out)).filter(name => name.endsWith('.service')).map(name => join(out, name));
  // What Quadlet itself orders its services after, where this host has none of it.
  const { stderr } = await run('systemd-analyze', [...mode, '--recursive-errors=no', 'verify', ...all], {
    XDG_RUNTIME_DIR: out,
  });
  assert.equal(stderr, '');
}

describe('Quadlet takes what generate quadlet writes', { skip: lacking }, () => {
  for (const owner of ['podstead', 'my-own']) {
    test(`for owner ${owner}: it makes services of all, which systemd takes, and podman gets every word`, async t => {
      const { dir, ran } = await generated(t, oddManifest, '--owner', owner);
      assert.equal(ran.code, 0, ran.stderr);
      const out = await services(dir);
      const names = (await readdir(out)).filter(name => name.endsWith('.service'));
      assert.equal(names.length, 6, names.join());
      await verify(out);
      const main = names.find(name => name.endsWith('__main.service')) ?? '';
      const unit = parseUnit(main, await readFile(join(out, main), 'utf8'));
      const line = valuesOf(unit, 'Service', 'ExecStart')[0] ?? '';
      // Of specifiers and variables there are but Quadlet's own, for the rest would be filled in.
      assert.doesNotMatch(
        line
          .replaceAll('%%', '')
          .replaceAll(/%t\/|%N/g, '')
          .replaceAll('$$', ''),
        /[%$]/,
      );
      const words = splitCommand(line);
      for (const word of oddWords)
        assert.ok(words.includes(word), `${JSON.stringify(word)} in ${JSON.stringify(words)}`);
      assert.equal(words.at(-5), 'localhost/bb:1');
    });
  }

  test('and its systemd takes units of generate systemd --restart, with pauses that grow', async t => {
    const dir = await mkdtemp(join(tmpdir(), 'pdq-'));
    t.after(() => rm(dir, { recursive: true, force: true }));
    for (const unit of keptUnits(webUnit, { policy: 'Always', systemd: stepsSince }))
      await writeFile(join(dir, unit.name), renderUnit(unit));
    await verify(dir);
  });

  test('for a user', async t => {
    const { dir, ran } = await generated(t, oddManifest, '--user');
    assert.equal(ran.code, 0, ran.stderr);
    await services(dir, '--user');
  });

  test('as a .kube with its manifest', async t => {
    const text = oddManifest.replace(/^.*name: side.*\n/m, '');
    const { dir, ran } = await generated(t, text, '--kube');
    assert.equal(ran.code, 0, ran.stderr);
    const out = await services(dir);
    const unit = parseUnit('k', await readFile(join(out, 'podstead-pod-web.service'), 'utf8'));
    const file = splitCommand(valuesOf(unit, 'Service', 'ExecStart')[0] ?? '').at(-1) ?? '';
    assert.equal(file, join(dir, 'units/podstead-pod-web.yaml'));
    assert.match(await readFile(file, 'utf8'), /^kind: ConfigMap[\s\S]*^kind: Pod/m);
  });
});

describe('generate quadlet', () => {
  test('writes of a pod that runs what it writes of its manifest', async t => {
    const on = await host(t);
    const text = `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers: [{ name: wait, image: 'localhost/bb:1', command: ['true'] }]
  containers: [{ name: main, image: 'localhost/bb:1', command: [sleep, '1000'], env: [{ name: A, value: '100% $B' }] }]
`;
    await on.write({ 'web.yaml': text });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    const units = async (subject: string): Promise<string> => {
      const { code, stdout, stderr } = await on.podstead('generate', 'quadlet', subject, '--podman-version', '5.4');
      assert.equal(code, 0, stderr);
      return stdout.replaceAll(/^# .*: for Podman .*\n/gm, '');
    };
    const ofManifest = await units(on.source);
    assert.match(ofManifest, /^Environment="A=100%% \$\$B"$/m);
    assert.equal(await units('web'), ofManifest);
  });

  test('leaves a pod out that must not run as Quadlet would run it, and says why', async t => {
    const refused = `
---
apiVersion: v1
kind: Pod
metadata: { name: guarded }
spec:
  securityContext: { runAsNonRoot: true }
  containers: [{ name: main, image: localhost/bb:1 }]
`;
    const { dir, ran } = await generated(t, oddManifest + refused);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /all\.yaml:\d+: error: runAsNonRoot: nobody would check/);
    assert.match(ran.stderr, /Left 1 of 2 pods out/);
    const names = await readdir(join(dir, 'units'));
    assert.deepEqual(
      names.filter(name => name.includes('guarded')),
      [],
    );
    assert.ok(names.includes('podstead-pod-web.pod'));
  });

  test('refuses a Podman that has no files for pods', async t => {
    const { ran } = await generated(t, oddManifest, '--podman-version', '4.9');
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /its files for pods came with 5\.0[\s\S]*--kube/);
  });
});

const templated = (command: string, replicas: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: localhost/bb:1, command: [${command}] }] }
`;

test('generate quadlet names what earlier templates left in its directory, and touches none of it', async t => {
  const { dir, ran } = await generated(t, templated('one', 2));
  assert.equal(ran.code, 0, ran.stderr);
  assert.doesNotMatch(ran.stderr, /earlier template/);
  const units = join(dir, 'units');
  const first = (await readdir(units)).filter(name => /\.(pod|container)$/.test(name));
  assert.equal(first.length, 4);
  await writeFile(join(units, 'podstead-pod-web-00000000-0.pod'), '[Pod]\n');
  await writeFile(join(dir, 'all.yaml'), templated('two', 1));
  const env = { STATE_DIRECTORY: join(dir, 'state'), RUNTIME_DIRECTORY: join(dir, 'run'), NO_COLOR: '1' };
  const words = ['generate', 'quadlet', join(dir, 'all.yaml'), '-d', units, '--podman-version', '5.4'];
  const again = await run('node', [program, ...words], env);
  assert.equal(again.code, 0, again.stderr);
  const pods = first.filter(name => name.endsWith('.pod')).map(name => name.replace(/\.pod$/, '-pod.service'));
  assert.ok(again.stderr.includes(`there are still: ${first.join(', ')}\n`), again.stderr);
  assert.ok(again.stderr.includes(`systemctl stop ${pods.join(' ')};`), again.stderr);
  assert.ok(first.every(name => existsSync(join(units, name))));
});
