import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DesiredFiles, DesiredMount, DesiredVolume } from '../../src/model/desired.ts';
import { seal } from '../../src/model/sealed.ts';
import { container, pod } from '../e2e/desired.ts';
import type { On } from './engine.ts';
import { fails } from './rig.ts';

const claim: DesiredVolume = {
  key: 'PersistentVolumeClaim/default/data',
  origin: { file: 'x', line: 1, column: 1 },
  engineName: 'data',
  singleWriter: false,
  labels: {},
  options: {},
};
const mount = (volume: string): DesiredMount => ({
  volume,
  path: `/${volume}`,
  readOnly: false,
  subPath: undefined,
  propagation: undefined,
});
const main = container('web', 'main', { mounts: [mount('data'), mount('scratch')] });
const web = pod('web', {
  volumes: [
    { type: 'claim', name: 'data', engineName: 'data', readOnly: false },
    { type: 'emptyDir', name: 'scratch', memory: false, sizeLimitBytes: undefined },
  ],
  containers: [main],
});
const { key } = web;
const files = (name: string, digest: string): DesiredFiles => ({
  type: 'files',
  name,
  from: 'ConfigMap/default/conf',
  secret: false,
  digest,
  entries: [{ path: 'a', mode: 0o644, content: seal(new TextEncoder().encode(digest)) }],
});

/** Volumes, files and images. */
export function storageContract(on: On): void {
  test('createVolume() makes a claim; again is success; the name of another is NAME_TAKEN', async () => {
    await on().twice({ verb: 'createVolume', volume: claim });
    const { key: claimKey } = claim;
    assert.deepEqual((await on().observe()).volumes.get('data'), {
      name: 'data',
      owner: 'test',
      key: claimKey,
      uid: undefined,
    });
    const other = { ...claim, key: 'PersistentVolumeClaim/default/x' } as const;
    await fails(on().do({ verb: 'createVolume', volume: other }), 'NAME_TAKEN');
    await on().hand.createVolume('theirs');
    assert.equal((await on().observe()).volumes.get('theirs')?.owner, undefined);
    await fails(on().do({ verb: 'createVolume', volume: { ...claim, engineName: 'theirs' } }), 'NAME_TAKEN');
    await fails(on().do({ verb: 'removeVolume', name: 'theirs', owner: 'test' }), 'REFUSED');
    await on().hand.removeVolume('theirs');
    await on().twice({ verb: 'removeVolume', name: 'data', owner: 'test' });
    assert.equal((await on().observe()).volumes.has('data'), false);
  });

  test('removeVolume() of one that a container has is IN_USE, whether it runs or not', async () => {
    await on().do({ verb: 'createVolume', volume: claim });
    await on().make(web, 'uid-1');
    const { id } = await on().pod(key);
    for (const name of ['data', 'uid-1_scratch'])
      await fails(on().do({ verb: 'removeVolume', name, owner: 'test' }), 'IN_USE');
    await on().do({ verb: 'stopPod', pod: key, id, graceSeconds: 0 });
    await fails(on().do({ verb: 'removeVolume', name: 'data', owner: 'test' }), 'IN_USE');
    await on().drop(key);
    await on().do({ verb: 'removeVolume', name: 'data', owner: 'test' });
  });

  test('createContainer() with a volume that is gone is GONE, and makes none in its place', async () => {
    await fails(on().make(web, 'uid-1'), 'GONE');
    assert.equal((await on().observe()).volumes.has('data'), false);
    await on().drop(key);
  });

  test('an emptyDir outlives its containers and goes with its pod; a claim outlives both', async () => {
    await on().do({ verb: 'createVolume', volume: claim });
    await on().make(web, 'uid-1');
    await on().do({ verb: 'createEmptyDir', pod: web, uid: 'uid-1', volume: 'scratch' });
    const { id } = await on().container(key, 'main');
    await on().do({ verb: 'removeContainer', pod: key, name: 'main', id });
    const { volumes } = await on().observe();
    assert.deepEqual(volumes.get('uid-1_scratch'), { name: 'uid-1_scratch', owner: 'test', key, uid: 'uid-1' });
    await on().drop(key);
    assert.deepEqual([...(await on().observe()).volumes.keys()], ['data']);
    await on().do({ verb: 'removeVolume', name: 'data', owner: 'test' });
  });

  test('createEmptyDir() finds its name taken where the volume is not of that pod', async () => {
    await on().hand.createVolume('uid-1_scratch');
    const create = { verb: 'createEmptyDir', pod: web, uid: 'uid-1', volume: 'scratch' } as const;
    await fails(on().do(create), 'NAME_TAKEN');
    assert.equal((await on().observe()).volumes.get('uid-1_scratch')?.owner, undefined);
    await on().hand.removeVolume('uid-1_scratch');
  });

  test('removePod() of a pod that somebody removed takes away the emptyDirs and files that it left', async () => {
    await on().do({ verb: 'createVolume', volume: claim });
    await on().make(web, 'uid-1');
    await on().do({ verb: 'writeFiles', pod: web, uid: 'uid-1', files: files('conf', 'd1') });
    const { id } = await on().pod(key);
    await on().hand.removePod('web');
    const left = await on().observe();
    assert.deepEqual(
      [left.pods.size, [...left.volumes.keys()].sort(), left.fileUids],
      [0, ['data', 'uid-1_scratch'], ['uid-1']],
    );
    await on().do({ verb: 'removePod', pod: key, id, uid: 'uid-1', graceSeconds: 1 });
    const { volumes, fileUids } = await on().observe();
    assert.deepEqual([[...volumes.keys()], fileUids], [['data'], []]);
    await on().do({ verb: 'removeVolume', name: 'data', owner: 'test' });
  });

  test('files show by the digest of each volume, the last one written, before and after their pod is there', async () => {
    const write = (name: string, digest: string) =>
      ({ verb: 'writeFiles', pod: web, uid: 'uid-1', files: files(name, digest) }) as const;
    await on().twice(write('conf', 'd1'));
    await on().do(write('more', 'd2'));
    assert.deepEqual((await on().observe()).fileUids, ['uid-1']);
    await on().do({ verb: 'createPod', pod: web, uid: 'uid-1' });
    assert.deepEqual([...(await on().pod(key)).files].sort(), [
      ['conf', 'd1'],
      ['more', 'd2'],
    ]);
    await on().do(write('conf', 'd3'));
    assert.deepEqual([...(await on().pod(key)).files].sort(), [
      ['conf', 'd3'],
      ['more', 'd2'],
    ]);
    await on().drop(key);
    assert.deepEqual((await on().observe()).fileUids, []);
    await on().do(write('conf', 'd1'));
    await on().twice({ verb: 'removeFiles', uid: 'uid-1' });
    assert.deepEqual((await on().observe()).fileUids, []);
  });

  test('pull() gets an image that the registry has, again is success, and a missing one is IMAGE_NOT_FOUND', async () => {
    const { there, missing } = on().registry;
    const image = (reference: string) => ({ reference, build: undefined, credentials: undefined });
    assert.equal((await on().observe()).images.has(there), false);
    for (const always of [false, false, true]) await on().do({ verb: 'pull', image: image(there), always });
    assert.ok((await on().observe()).images.get(there)?.id);
    for (const always of [false, true])
      await fails(on().do({ verb: 'pull', image: image(missing), always }), 'IMAGE_NOT_FOUND');
    await on().do({ verb: 'pull', image: image('localhost/bb:1'), always: false });
  });
}
