import assert from 'node:assert/strict';
import { chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { apply, failing, idle, idOf, running, settled, sh } from './applied.ts';
import { run } from './host.ts';
import { cleanUps, type Host, host } from './podstead.ts';

describe('paths, groups, images and claims', () => {
  const cleaning = cleanUps();
  let on: Host;
  let dir: string;
  const manifests = (more = ''): string => `
apiVersion: v1
kind: Secret
metadata: { name: hidden }
stringData: { token: abc }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: owned, annotations: { volume.podman.io/uid: '1000', volume.podman.io/gid: '2000' } }
spec: { accessModes: [ReadOnlyMany], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: pictured, annotations: { volume.podman.io/driver: image, volume.podman.io/image: 'localhost/bb:1' } }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: all }
spec:
  terminationGracePeriodSeconds: 1
  securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 3000, fsGroupChangePolicy: OnRootMismatch, supplementalGroups: [4000] }
  containers:
    - name: main
      image: localhost/bb:1
      ${idle}
      env:
        - { name: POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
        - { name: KIND, value: logs }
      volumeMounts:
        - { name: data, mountPath: /data }
        - { name: data, mountPath: /mine, subPathExpr: '$(KIND)/$(POD)' }
        - { name: scratch, mountPath: /scratch }
        - { name: mem, mountPath: /mem }
        - { name: made, mountPath: /made }
        - { name: hidden, mountPath: /hidden }
        - { name: pictures, mountPath: /pictures }
        - { name: owned, mountPath: /owned, readOnly: true, recursiveReadOnly: Enabled }
        - { name: pictured, mountPath: /pictured }
        - { name: own, mountPath: /own }
        - { name: host, mountPath: /host, readOnly: true, recursiveReadOnly: IfPossible }
${more}
  volumes:
    - { name: data, persistentVolumeClaim: { claimName: data } }
    - { name: owned, persistentVolumeClaim: { claimName: owned } }
    - { name: pictured, persistentVolumeClaim: { claimName: pictured } }
    - { name: scratch, emptyDir: {} }
    - { name: mem, emptyDir: { medium: Memory } }
    - { name: hidden, secret: { secretName: hidden, defaultMode: 0400 } }
    - { name: pictures, image: { reference: 'localhost/pictures:1', pullPolicy: Never } }
    - { name: made, hostPath: { path: ${dir}/made/deep, type: DirectoryOrCreate } }
    - { name: host, hostPath: { path: ${dir}/host, type: Directory } }
    - name: own
      ephemeral: { volumeClaimTemplate: { spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } } } }
`;
  before(async () => {
    on = await host(cleaning);
    dir = join(on.source, '..', 'volumes');
    await mkdir(join(dir, 'host'), { recursive: true });
    await mkdir(join(dir, 'pictures', 'sub'), { recursive: true });
    await writeFile(join(dir, 'pictures', 'sub', 'a.png'), 'picture');
    await writeFile(join(dir, 'pictures', 'Containerfile'), 'FROM scratch\nCOPY sub /sub\n');
    const built = await on.engine.podman('build', '-q', '-t', 'localhost/pictures:1', join(dir, 'pictures'));
    assert.equal(built.code, 0, built.stderr);
    // A claim with data of before: the pod's group gets it.
    await on.write({ 'all.yaml': manifests().split('---').slice(0, 4).join('---') });
    await apply(on);
    const data = (await on.engine.podman('volume', 'inspect', '-f', '{{.Mountpoint}}', 'data')).stdout.trim();
    await writeFile(join(data, 'old'), 'old', { mode: 0o600 });
    await chown(join(data, 'old'), 5000, 5000);
    await on.write({ 'all.yaml': manifests() });
    await apply(on);
  });
  const main = 'all-main';

  test('fsGroup is a group of the processes, and has every volume but host paths', async () => {
    assert.equal(await sh(on, main, 'id -G'), '1000 3000 4000');
    assert.equal(
      await sh(on, main, 'stat -L -c "%n %a %g" /scratch /mem /data /data/old /data/logs/all /hidden/token'),
      [
        '/scratch 2777 3000',
        '/mem 2777 3000',
        '/data 2777 3000',
        '/data/old 660 3000',
        '/data/logs/all 2777 3000',
        '/hidden/token 440 3000',
      ].join('\n'),
    );
    assert.equal(
      await sh(on, main, 'cat /hidden/token; touch /scratch/new /data/new; stat -c %g /scratch/new /data/new'),
      'abc3000\n3000',
    );
    assert.equal(await sh(on, main, 'stat -c "%a %g" /made /host'), '755 0\n755 0');
  });

  test('OnRootMismatch leaves alone what fits at the top', async () => {
    const data = (await on.engine.podman('volume', 'inspect', '-f', '{{.Mountpoint}}', 'data')).stdout.trim();
    await writeFile(join(data, 'later'), 'x', { mode: 0o600 });
    await chown(join(data, 'later'), 5000, 5000);
    await on.write({
      'all.yaml': manifests().replace(
        'metadata: { name: all }\nspec:',
        'metadata: { name: all }\nspec:\n  hostname: other',
      ),
    });
    await apply(on);
    assert.equal((await stat(join(data, 'later'))).gid, 5000);
    await on.write({ 'all.yaml': manifests().replace('OnRootMismatch', 'Always') });
    await apply(on);
    assert.equal((await stat(join(data, 'later'))).gid, 3000);
  });

  test('subPathExpr takes variables of the container, the name of the pod among them', async () => {
    await sh(on, main, 'echo mine > /mine/file');
    assert.equal(await sh(on, main, 'cat /data/logs/all/file'), 'mine');
  });

  test('an image is a read-only volume, and another image makes another container', async () => {
    assert.equal(await sh(on, main, 'cat /pictures/sub/a.png'), 'picture');
    assert.match(await sh(on, main, 'touch /pictures/x'), /Read-only/);
    await writeFile(join(dir, 'pictures', 'sub', 'a.png'), 'other');
    await on.engine.podman('build', '-q', '-t', 'localhost/pictures:2', join(dir, 'pictures'));
    const before = await idOf(on, main);
    await on.write({ 'all.yaml': manifests().replace('pictures:1', 'pictures:2').replace('OnRootMismatch', 'Always') });
    await apply(on);
    assert.notEqual(await idOf(on, main), before);
    assert.equal(await sh(on, main, 'cat /pictures/sub/a.png'), 'other');
    await settled(on);
  });

  test('an image that may not be pulled and is not there is said before anything is touched', async () => {
    const before = await idOf(on, main);
    await on.write({ 'all.yaml': manifests().replace('pictures:1', 'absent:1') });
    const plan = await on.podstead('plan', on.source);
    assert.match(plan.stdout, /'localhost\/absent:1' is not present and imagePullPolicy is Never/);
    assert.equal(await idOf(on, main), before);
  });

  test('annotations of a claim are options of its volume', async () => {
    assert.equal(await sh(on, main, 'stat -c %u /owned'), '1000');
    assert.equal(await sh(on, main, 'ls -d /pictured/bin/sh'), '/pictured/bin/sh');
    const { stdout } = await on.engine.podman('volume', 'inspect', '-f', '{{.Driver}}', 'pictured');
    assert.equal(stdout.trim(), 'image');
  });

  test('a host path is made with the modes of the kubelet, and looked at again before each start', async () => {
    assert.equal((await stat(join(dir, 'made'))).mode & 0o777, 0o755);
    await on.write({ 'all.yaml': manifests() });
    await apply(on);
    await on.engine.podman('stop', '-t', '0', main);
    await rm(join(dir, 'host'), { recursive: true });
    await rm(join(dir, 'made'), { recursive: true });
    await failing(on, /does not exist/);
    await mkdir(join(dir, 'host'));
    await running(on, main);
    assert.ok((await stat(join(dir, 'made', 'deep'))).isDirectory(), 'DirectoryOrCreate made it again');
  });

  test('recursiveReadOnly: Enabled refuses what has mounts below it', async () => {
    await mkdir(join(dir, 'host', 'below'), { recursive: true });
    const enabled = manifests().replace('recursiveReadOnly: IfPossible', 'recursiveReadOnly: Enabled');
    await on.write({ 'all.yaml': enabled });
    await apply(on);
    assert.match(await sh(on, main, 'touch /host/below/x'), /Read-only/);
    await on.engine.podman('stop', '-t', '0', main);
    assert.equal((await run('mount', ['-t', 'tmpfs', 'tmpfs', join(dir, 'host', 'below')])).code, 0);
    try {
      await failing(on, /"[^"]*\/host\/below" is a mount of its own/);
    } finally {
      await run('umount', [join(dir, 'host', 'below')]);
    }
    await running(on, main);
    await settled(on);
  });

  test('an ephemeral volume and the emptyDirs go with the pod, claims stay', async () => {
    await sh(on, main, 'echo x > /own/x');
    await rm(join(on.source, 'all.yaml'));
    const down = await on.podstead('down', '--all');
    assert.equal(down.code, 0, down.stderr);
    const { stdout } = await on.engine.podman('volume', 'ls', '-q');
    assert.deepEqual(stdout.trim().split('\n').sort(), ['data', 'owned', 'pictured']);
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    assert.doesNotMatch(mounts, new RegExp(`${on.engine.root}/volumes/`), 'no tmpfs stays behind');
  });
});
