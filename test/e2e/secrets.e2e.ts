import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, type Host, host } from './podstead.ts';

const planted = ['pl4nted-env', 'pl4nted-file', 'pl4nted-auth'];

const manifests = (env: string): string => `
apiVersion: v1
kind: Secret
metadata: { name: keys }
stringData: { env: ${env}, file: pl4nted-file }
---
apiVersion: v1
kind: Secret
metadata: { name: pull }
type: kubernetes.io/dockerconfigjson
stringData: { .dockerconfigjson: '{"auths":{"127.0.0.1:1":{"username":"u","password":"pl4nted-auth"}}}' }
---
apiVersion: v1
kind: Pod
metadata: { name: s }
spec:
  terminationGracePeriodSeconds: 1
  imagePullSecrets: [{ name: pull }]
  containers:
    - name: main
      image: localhost/bb:1
      command: [sleep, '10000']
      env:
        - { name: KEY, valueFrom: { secretKeyRef: { name: keys, key: env } } }
        - { name: URL, value: 'db://u:$(KEY)@h' }
      volumeMounts: [{ name: keys, mountPath: /keys }]
  volumes: [{ name: keys, secret: { secretName: keys } }]
---
apiVersion: v1
kind: Pod
metadata: { name: unpullable }
spec:
  imagePullSecrets: [{ name: pull }]
  containers: [{ name: main, image: '127.0.0.1:1/x:1' }]
`;

/** The argument vectors of all processes, as every user of the host can read them. */
async function argumentVectors(): Promise<string> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const words = pids.map(pid => readFile(join('/proc', pid, 'cmdline'), 'latin1').catch(() => ''));
  return (await Promise.all(words)).join('\n');
}

describe('secrets stay secret', () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
  });

  test('planted values are in no output, label, event, argv or world-readable file', async () => {
    await on.write({ 's.yaml': manifests('pl4nted-env') });
    const agent = await on.start('--log-level', 'debug');
    await agent.says(/Pod\/default\/s/);
    const outputs: Record<string, string> = {};
    const keep = async (...args: string[]): Promise<void> => {
      const { stdout, stderr } = await on.podstead(...args);
      outputs[args.join(' ')] = stdout + stderr;
    };
    for (let tries = 0; tries < 100 && (await on.containers()).get('s-main')?.State !== 'running'; tries++) {
      await new Promise(done => setTimeout(done, 50));
    }
    assert.equal(
      (await on.engine.podman('exec', 's-main', 'sh', '-c', 'echo $URL')).stdout.trim(),
      'db://u:pl4nted-env@h',
    );
    await on.write({ 's.yaml': manifests('pl4nted-env2') });
    await keep('plan', on.source);
    await keep('plan', on.source, '-o', 'json');
    await keep('diff', on.source, '-o', 'json');
    await keep('validate', on.source);
    await keep('status', '-o', 'json');
    await keep('why', 's');
    await keep('why', 'unpullable', '-o', 'json');
    await keep('generate', 'systemd', on.source);
    await agent.stop();
    outputs.agent = agent.output();
    await keep('apply', on.source, '--log-level', 'debug');
    await keep('doctor');
    const events = await on.engine.podman('events', '--stream=false', '--since', '1h', '--format', 'json');
    outputs.events = events.stdout;
    const containers = await on.engine.podman('ps', '-a', '--format', 'json');
    outputs.labels = JSON.stringify(
      (JSON.parse(containers.stdout) as { Labels: unknown; Command: unknown }[]).map(each => [
        each.Labels,
        each.Command,
      ]),
    );
    outputs.argv = await argumentVectors();
    for (const [name, text] of Object.entries(outputs)) {
      assert.ok(text.length > 0 || name.startsWith('validate'), `${name} said something`);
      for (const value of planted) assert.ok(!text.includes(value), `${name} shows ${value}`);
    }
  });

  test('files that hold them can be reached by their owner alone', async () => {
    const open: string[] = [];
    const walk = async (dir: string, reachable: boolean): Promise<void> => {
      for (const entry of await readdir(dir, { withFileTypes: true })) {
        const path = join(dir, entry.name);
        if (entry.isDirectory()) await walk(path, reachable && ((await stat(path)).mode & 0o001) !== 0);
        else if (entry.isFile()) {
          const { mode } = await stat(path);
          const text = await readFile(path, 'latin1');
          if (reachable && (mode & 0o004) !== 0 && planted.some(value => text.includes(value))) open.push(path);
        }
      }
    };
    await walk(on.state, ((await stat(on.state)).mode & 0o001) !== 0);
    assert.deepEqual(open, []);
  });
});
