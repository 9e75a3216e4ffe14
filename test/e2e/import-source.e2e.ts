import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { apply, failing, idle, settled } from './applied.ts';
import { cleanUps, type Host, host } from './podstead.ts';

describe('a claim that is filled from an archive', () => {
  const cleaning = cleanUps();
  let on: Host;
  let archive: string;
  const manifests = (name: string, source: string): string => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name}, annotations: { volume.podman.io/import-source: ${source} } }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: main, image: localhost/bb:1, ${idle}, volumeMounts: [{ name: data, mountPath: /data }] }
  volumes: [{ name: data, persistentVolumeClaim: { claimName: ${name} } }]
`;
  before(async () => {
    on = await host(cleaning);
    const dir = join(on.source, '..', 'archives');
    await mkdir(join(dir, 'content/sub'), { recursive: true });
    await writeFile(join(dir, 'content/page'), 'hello', { mode: 0o640 });
    await writeFile(join(dir, 'content/sub/last'), 'last');
    await chown(join(dir, 'content/page'), 1000, 2000);
    archive = join(dir, 'data.tar.gz');
    execFileSync('tar', ['-czf', archive, '-C', join(dir, 'content'), 'page', 'sub']);
    await writeFile(join(dir, 'broken.tar'), 'no archive');
  });

  const mountpoint = async (name: string): Promise<string> =>
    (await on.engine.podman('volume', 'inspect', '-f', '{{.Mountpoint}}', name)).stdout.trim();
  const marks = (): Promise<readonly string[]> => readdir(join(on.state, 'podstead/filling'));

  test('has its files, owners and modes before the pod starts, once', async () => {
    await on.write({ 'web.yaml': manifests('web', archive) });
    const planned = await on.podstead('plan', on.source);
    assert.ok(planned.stdout.includes(`create volume web, filled from ${archive}`), planned.stdout);
    await apply(on);
    const page = join(await mountpoint('web'), 'page');
    assert.equal(await readFile(page, 'utf8'), 'hello');
    const { uid, gid, mode } = await stat(page);
    assert.deepEqual([uid, gid, mode & 0o777], [1000, 2000, 0o640]);
    assert.deepEqual(await marks(), []);
    await writeFile(page, 'changed since');
    await settled(on);
    assert.equal(await readFile(page, 'utf8'), 'changed since');
  });

  test('goes on being filled where that broke off, and no pod sees the half', async () => {
    await on.write({ 'half.yaml': manifests('half', archive) });
    await apply(on);
    const sub = join(await mountpoint('half'), 'sub');
    // As a kill amid it leaves it: the pod is not there yet, nor is all of the data.
    await on.podstead('down', join(on.source, 'half.yaml'));
    await rm(sub, { recursive: true });
    await writeFile(join(on.state, 'podstead/filling/half'), '');
    assert.equal((await on.podstead('plan', on.source)).code, 2);
    await apply(on);
    assert.equal(await readFile(join(sub, 'last'), 'utf8'), 'last');
    assert.deepEqual(await marks(), []);
    await settled(on);
  });

  test('that is not there, or is none, holds back its pod alone, and says why', async () => {
    await on.write({ 'none.yaml': manifests('none', `${archive}.gone`) });
    await failing(on, /Cannot fill volume "none" from ".*gone": .*no such file/i);
    assert.notEqual((await on.engine.podman('volume', 'exists', 'none')).code, 0);
    await on.write({ 'none.yaml': manifests('none', join(archive, '../broken.tar')) });
    await failing(on, /Cannot fill volume "none" from ".*broken.tar": tar: /);
    assert.deepEqual(await marks(), ['none']);
    assert.notEqual((await on.engine.podman('pod', 'exists', 'none')).code, 0);
    await on.write({ 'none.yaml': manifests('none', archive) });
    await apply(on);
    assert.equal(await readFile(join(await mountpoint('none'), 'sub/last'), 'utf8'), 'last');
    await settled(on);
  });
});
