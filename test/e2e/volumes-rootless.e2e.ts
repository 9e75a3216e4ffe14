import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps } from './podstead.ts';
import { type RootlessHost, rootlessHost } from './rootless.ts';

const idle = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait; done'];

describe('rootless volumes and adoption', () => {
  const cleaning = cleanUps();
  let on: RootlessHost;
  before(async () => {
    on = await rootlessHost(cleaning);
  });

  const podman = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.podman(...args);
    assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const podstead = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.podstead(...args);
    assert.equal(code, 0, `podstead ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout + stderr;
  };
  const lifeOf = (...names: readonly string[]): Promise<string> =>
    podman('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...names);

  test('a claim is filled from an archive with its owners, as ids of the containers', async () => {
    const dir = join(on.source, '..', 'archive');
    await mkdir(join(dir, 'content'), { recursive: true });
    for (const [name, uid] of [
      ['theirs', 1000],
      ['roots', 0],
    ] as const) {
      await writeFile(join(dir, 'content', name), name, { mode: 0o640 });
      await chown(join(dir, 'content', name), uid, uid);
    }
    execFileSync('tar', ['-czf', join(dir, 'data.tar.gz'), '-C', join(dir, 'content'), 'theirs', 'roots']);
    const file = join(on.source, 'filled.yaml');
    await writeFile(
      file,
      `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: filled, annotations: { volume.podman.io/import-source: ${join(dir, 'data.tar.gz')} } }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: filled }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: main, image: localhost/bb:1, command: [sleep, '10000'], volumeMounts: [{ name: data, mountPath: /data }] }
  volumes: [{ name: data, persistentVolumeClaim: { claimName: filled } }]
`,
    );
    await podstead('apply', file);
    const seen = await podman('exec', 'filled-main', 'stat', '-c', '%n %u %g %a', '/data/theirs', '/data/roots');
    assert.equal(seen, '/data/theirs 1000 1000 640\n/data/roots 0 0 640');
    await podstead('plan', file);
    await podstead('down', file, '--volumes', 'filled');
  });

  test('a pod by hand is adopted as it runs, changed in its smallest part, and removed without its data', async () => {
    const directory = join(on.source, '..', 'manifests', 'hand');
    await podman('pod', 'create', '--name', 'hand', '-p', '127.0.0.1:18473:80');
    await podman('run', '-d', '--pod', 'hand', '--name', 'hand-a', '-v', 'hand-data:/data', 'localhost/bb:1', ...idle);
    await podman('run', '-d', '--pod', 'hand', '--name', 'plain', '-e', 'MODE=one', 'localhost/bb:1', ...idle);
    await podman('exec', 'hand-a', 'sh', '-c', 'echo kept > /data/file');
    const [first, other] = [await lifeOf('hand-a'), await lifeOf('plain')];
    await podstead('adopt', 'hand', '-d', directory);
    assert.deepEqual([await lifeOf('hand-a'), await lifeOf('hand-plain')], [first, other]);
    await podstead('plan', directory);
    const text = await podman('unshare', 'cat', join(directory, 'hand.yaml'));
    const changed = text.replace('value: one', 'value: two');
    assert.notEqual(changed, text);
    await writeFile(join(directory, 'hand.yaml'), changed);
    await podstead('apply', directory);
    assert.equal(await lifeOf('hand-a'), first);
    assert.equal(await podman('exec', 'hand-plain', 'sh', '-c', 'echo $MODE'), 'two');
    await podstead('plan', directory);
    await podstead('down', directory);
    assert.equal(await podman('pod', 'ls', '-q'), '');
    assert.equal(await podman('run', '--rm', '-v', 'hand-data:/d', 'localhost/bb:1', 'cat', '/d/file'), 'kept');
  });
});
