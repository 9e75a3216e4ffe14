import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { before, describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { cleanUps, type Host, host, listed } from './podstead.ts';

const page = `
apiVersion: v1
kind: ConfigMap
metadata: { name: page }
data: { greeting: hello, mode: plain }
`;

const secret = `
apiVersion: v1
kind: Secret
metadata: { name: keys }
stringData: { token: s3cr3t-one }
`;

const claim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } }
`;

const three = (second: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: one
      image: localhost/bb:1
      command: [sh, -c, 'echo up > /shared/one; trap exit TERM; while :; do sleep 1 & wait; done']
      env: [{ name: GREETING, valueFrom: { configMapKeyRef: { name: page, key: greeting } } }]
      volumeMounts:
        - { name: shared, mountPath: /shared }
        - { name: page, mountPath: /page }
        - { name: keys, mountPath: /keys, readOnly: true }
        - { name: data, mountPath: /data }
    - name: two
      image: localhost/bb:1
      command: [sh, -c, '${second}; trap exit TERM; while :; do sleep 1 & wait; done']
      envFrom: [{ secretRef: { name: keys } }]
      volumeMounts: [{ name: shared, mountPath: /shared, readOnly: true }]
    - { name: three, image: localhost/bb:1, command: [sleep, '10000'] }
  volumes:
    - { name: shared, emptyDir: {} }
    - { name: page, configMap: { name: page } }
    - { name: keys, secret: { secretName: keys, defaultMode: 0400 } }
    - { name: data, persistentVolumeClaim: { claimName: data } }
`;

describe('podstead apply, plan, diff and down on a real engine', () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
    await on.write({ 'page.yaml': page, 'keys.yaml': secret, 'data.yaml': claim, 'web.yaml': three('true') });
  });

  const inside = async (container: string, ...command: string[]): Promise<string> =>
    (await on.engine.podman('exec', container, ...command)).stdout.trim();

  test('plan says what apply would do, and exits with 2', async () => {
    const { code, stdout, stderr } = await on.podstead('plan', on.source);
    assert.equal(code, 2, stderr);
    assert.match(stdout, /\+ create {3}Pod\/default\/web/);
    assert.match(stdout, /create volume data/);
  });

  test('apply runs it, with its volumes and values', async () => {
    const { code, stderr } = await on.podstead('apply', on.source);
    assert.equal(code, 0, stderr);
    assert.equal(await inside('web-one', 'cat', '/page/greeting'), 'hello');
    assert.equal(await inside('web-one', 'sh', '-c', 'echo $GREETING'), 'hello');
    assert.equal(await inside('web-one', 'cat', '/keys/token'), 's3cr3t-one');
    assert.equal(await inside('web-one', 'stat', '-L', '-c', '%a', '/keys/token'), '400');
    assert.equal(await inside('web-two', 'sh', '-c', 'echo $token'), 's3cr3t-one');
    assert.equal(await inside('web-two', 'cat', '/shared/one'), 'up');
    assert.equal(await inside('web-one', 'sh', '-c', 'echo kept > /data/file; cat /data/file'), 'kept');
    assert.equal(await inside('web-one', 'hostname'), 'web');
  });

  test('the second plan is empty, and diff finds no difference', async () => {
    const plan = await on.podstead('plan', on.source, '-o', 'json');
    assert.equal(plan.code, 0, plan.stdout + plan.stderr);
    assert.deepEqual(JSON.parse(plan.stdout).steps, []);
    assert.equal((await on.podstead('diff', on.source)).code, 0);
  });

  test('a changed container is replaced inside the running pod; the others never stop', async () => {
    const before = await listed(on.engine, true);
    await on.write({ 'web.yaml': three('echo changed') });
    const diff = await on.podstead('diff', on.source);
    assert.equal(diff.code, 1, diff.stderr);
    assert.match(diff.stdout, /containers\.two\.command/);
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    const after = await listed(on.engine, true);
    for (const name of ['infra:web', 'web-one', 'web-three']) {
      assert.equal(after.get(name)?.Id, before.get(name)?.Id, `${name} is the same`);
      assert.equal(after.get(name)?.StartedAt, before.get(name)?.StartedAt, `${name} never stopped`);
    }
    assert.notEqual(after.get('web-two')?.Id, before.get('web-two')?.Id);
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('a ConfigMap reaches its files without a restart, and restarts only who has it in the environment', async () => {
    const before = await listed(on.engine, true);
    await on.write({ 'page.yaml': page.replace('mode: plain', 'mode: fancy') });
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    assert.equal(await inside('web-one', 'cat', '/page/mode'), 'fancy');
    assert.equal((await listed(on.engine, true)).get('web-one')?.Id, before.get('web-one')?.Id);
    await on.write({ 'page.yaml': page.replace('hello', 'good day') });
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    assert.equal(await inside('web-one', 'sh', '-c', 'echo $GREETING'), 'good day');
    const after = await listed(on.engine, true);
    assert.equal(after.get('web-two')?.Id, before.get('web-two')?.Id);
    assert.notEqual(after.get('web-one')?.Id, before.get('web-one')?.Id);
  });

  test('a Secret in the environment restarts its user, and no label changes', async () => {
    await on.write({ 'keys.yaml': secret.replace('s3cr3t-one', 's3cr3t-two') });
    const digest = 'podstead.dev/digest';
    const before = (await on.containers()).get('web-two');
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    assert.equal(await inside('web-two', 'sh', '-c', 'echo $token'), 's3cr3t-two');
    assert.equal(await inside('web-one', 'cat', '/keys/token'), 's3cr3t-two');
    const after = (await on.containers()).get('web-two');
    assert.notEqual(after?.Id, before?.Id);
    assert.equal(after?.Labels[digest], before?.Labels[digest]);
  });

  test('lost records restart nothing', async () => {
    const before = await listed(on.engine, true);
    const records = join(on.state, 'podstead', 'pods');
    assert.notDeepEqual(await readdir(records), []);
    await rm(records, { recursive: true });
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    const after = await listed(on.engine, true);
    for (const [name, { Id, StartedAt }] of before) {
      assert.deepEqual({ Id, StartedAt }, { Id: after.get(name)?.Id, StartedAt: after.get(name)?.StartedAt }, name);
    }
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('status, logs, exec and why tell about it', async () => {
    const status = await on.podstead('status', '-o', 'json');
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stdout, /"Pod\/default\/web"/);
    assert.match((await on.podstead('status')).stdout, /Pod\/default\/web +Running/);
    assert.equal((await on.podstead('exec', 'web', '-c', 'two', '--', 'sh', '-c', 'exit 7')).code, 7);
    assert.equal((await on.podstead('exec', 'web', '-c', 'two', '--', 'echo', 'hi')).stdout, 'hi\n');
    assert.match((await on.podstead('logs', 'web', '-c', 'two')).stdout, /changed/);
    assert.match((await on.podstead('why', 'web')).stdout, /web\.yaml:\d+/);
  });

  test('JSON and YAML of every command are as their schemas say', async () => {
    const commands: Readonly<Record<string, readonly string[]>> = {
      plan: ['plan', on.source],
      diff: ['diff', on.source],
      validate: ['validate', on.source],
      status: ['status'],
      why: ['why', 'web'],
      doctor: ['doctor'],
      apply: ['apply', on.source],
    };
    for (const [name, args] of Object.entries(commands)) {
      const schema = JSON.parse(
        await readFile(resolve(import.meta.dirname, `../../schema/${name}.schema.json`), 'utf8'),
      );
      const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
      const json = await on.podstead(...args, '-o', 'json');
      assert.ok(validate(JSON.parse(json.stdout)), `${name}: ${JSON.stringify(validate.errors)}`);
      const yaml = await on.podstead(...args, '-o', 'yaml');
      assert.ok(validate(parse(yaml.stdout)), `${name} as YAML: ${JSON.stringify(validate.errors)}`);
    }
  });

  test('a sandbox field recreates the pod, and its claim keeps its data', async () => {
    const changed = three('true').replace('spec:\n', 'spec:\n  hostname: other\n');
    await on.write({ 'web.yaml': changed });
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    assert.equal(await inside('web-one', 'hostname'), 'other');
    assert.equal(await inside('web-one', 'cat', '/data/file'), 'kept');
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('down removes all that is ours but the volume, which goes when it is named', async () => {
    await on.engine.podman('run', '-d', '--name', 'theirs', 'localhost/bb:1', 'sleep', '10000');
    const unread = join(on.state, '..', 'unread.yaml');
    await writeFile(unread, 'kind: [');
    const partial = await on.podstead('down', unread);
    assert.equal(partial.code, 1, partial.stderr);
    assert.match(partial.stderr, /YAML_SYNTAX/);
    const down = await on.podstead('down', on.source);
    assert.equal(down.code, 0, down.stderr);
    assert.deepEqual([...(await on.containers()).keys()], ['theirs']);
    const volumes = async (): Promise<string> => (await on.engine.podman('volume', 'ls', '-q')).stdout.trim();
    assert.equal(await volumes(), 'data');
    assert.equal((await on.engine.podman('network', 'ls', '-q')).stdout.trim(), 'podman');
    assert.equal((await on.podstead('down', on.source, '--volumes', 'data')).code, 0);
    assert.equal(await volumes(), '');
    for (const kept of ['files', 'pods']) assert.deepEqual(await readdir(join(on.state, 'podstead', kept)), [], kept);
  });
});
