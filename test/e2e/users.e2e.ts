import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Ran, run } from './host.ts';
import { cleanUps, eventually, type Host, host, program } from './podstead.ts';

const manifests = `
apiVersion: v1
kind: ConfigMap
metadata: { name: conf }
data: { page: hello }
---
apiVersion: v1
kind: Pod
metadata: { name: own }
spec:
  hostUsers: false
  terminationGracePeriodSeconds: 0
  volumes: [{ name: work, emptyDir: {} }, { name: mem, emptyDir: { medium: Memory } }, { name: conf, configMap: { name: conf } }]
  containers:
    - name: main
      image: localhost/bb:1
      securityContext: { procMount: Unmasked }
      volumeMounts: [{ name: work, mountPath: /work }, { name: mem, mountPath: /mem }, { name: conf, mountPath: /conf }]
    - { name: side, image: 'localhost/bb:1', volumeMounts: [{ name: work, mountPath: /work }] }
---
apiVersion: v1
kind: Pod
metadata: { name: noted, annotations: { io.podman.annotations.userns: auto } }
spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: 'localhost/bb:1' }] }
---
apiVersion: v1
kind: Pod
metadata: { name: plain }
spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: 'localhost/bb:1' }] }
`;

describe('user ids of a pod', () => {
  const clean = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(clean);
    await on.write({ 'a.yaml': manifests });
  });

  /** The program where the host's files of subordinate ids say this. */
  const withIds = async (text: string, ...args: string[]): Promise<Ran> => {
    const file = join(on.runtime, 'subids');
    await writeFile(file, text);
    const mounts = 'mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec "$@"';
    const command = ['--mount', '--propagation', 'private', 'sh', '-c', mounts, file, 'node', program, ...args];
    return run('unshare', command, on.env);
  };
  const inside = async (container: string, ...command: string[]): Promise<string> =>
    (await on.engine.podman('exec', container, ...command)).stdout.trim();

  test('a host that has set none aside is told what it lacks, and other pods run', async () => {
    const applied = await withIds('someone:100000:65536\n', 'apply', on.source);
    assert.equal(applied.code, 1);
    assert.match(applied.stderr, /"own": no ids are set aside for "containers"[\s\S]*containers:2147483648:1073741824/);
    assert.ok((await on.containers()).has('plain-main'));
    assert.ok(!(await on.containers()).has('own-main'));
  });

  test('each pod gets its own, in all its containers, and works with its volumes', async () => {
    const applied = await withIds('containers:300000:200000\n', 'apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    const map = async (container: string): Promise<string> =>
      (await inside(container, 'cat', '/proc/self/uid_map')).replace(/\s+/g, ' ');
    const maps = [await map('own-main'), await map('own-side'), await map('noted-main')];
    assert.deepEqual([...new Set(maps)].sort(), ['0 365536 65536', '0 431072 65536']);
    assert.equal(maps[0], maps[1]);
    assert.equal(await map('plain-main'), (await readFile('/proc/self/uid_map', 'utf8')).trim().replace(/\s+/g, ' '));
    assert.equal(
      await inside('own-main', 'sh', '-c', 'echo a > /work/a && echo b > /mem/b && cat /work/a /mem/b /conf/page'),
      'a\nb\nhello',
    );
    assert.equal(await inside('own-side', 'stat', '-c', '%u %n', '/work/a'), '0 /work/a');
    assert.doesNotMatch(await inside('own-main', 'cat', '/proc/mounts'), / \/proc\//, 'nothing of /proc is covered');
    assert.match(await inside('own-side', 'cat', '/proc/mounts'), / \/proc\/sys /);
  });

  test('they stay, and what changes is taken up', async () => {
    const planned = await on.podstead('plan', on.source);
    assert.equal(planned.code, 0, planned.stdout);
    const before = await inside('own-main', 'cat', '/proc/self/uid_map');
    await on.write({ 'a.yaml': manifests.replace('page: hello', 'page: changed') });
    assert.equal((await withIds('', 'apply', on.source)).code, 0);
    await eventually(
      'the file changes',
      () => inside('own-main', 'cat', '/conf/page'),
      page => page === 'changed',
    );
    await on.engine.podman('pod', 'restart', 'own');
    assert.equal(await inside('own-main', 'cat', '/proc/self/uid_map'), before);
  });

  test('volumes whose files are of others are refused', async () => {
    const volumes = `
apiVersion: v1
kind: Pod
metadata: { name: bad }
spec:
  hostUsers: false
  volumes: [{ name: host, hostPath: { path: /srv } }, { name: conf, configMap: { name: conf, defaultMode: 0400 } }]
  containers: [{ name: main, image: 'localhost/bb:1' }]
`;
    await on.write({ 'b.yaml': volumes });
    const { stderr, stdout } = await on.podstead('validate', on.source);
    assert.match(stdout + stderr, /b\.yaml:7:\d+: error FIELD_UNSUPPORTED: .*'host'.*users of the host/);
    assert.match(stdout + stderr, /FIELD_UNSUPPORTED: .*'conf'.*not open to all/);
  });
});
