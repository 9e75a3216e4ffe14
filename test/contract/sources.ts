import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  DesiredMount,
  DesiredPod,
  DesiredPodVolume,
  DesiredVolume,
  HostPathType,
} from '../../src/model/desired.ts';
import { seal } from '../../src/model/sealed.ts';
import { container, pod } from '../e2e/desired.ts';
import type { On } from './engine.ts';
import { fails, statesOf } from './rig.ts';

const key = 'Pod/default/web';
const uid = 'uid-1';

function mount(volume: string, subPath?: string): DesiredMount {
  return { volume, path: `/${volume}`, readOnly: false, subPath, propagation: undefined };
}

function web(volume: DesiredPodVolume, ...mounts: readonly DesiredMount[]): DesiredPod {
  return pod('web', { volumes: [volume], containers: [container('web', 'main', { mounts })] });
}

const claim: DesiredVolume = {
  key: 'PersistentVolumeClaim/default/data',
  origin: { file: 'x', line: 1, column: 1 },
  engineName: 'data',
  singleWriter: false,
  labels: {},
  options: {},
};
const data: DesiredPodVolume = { type: 'claim', name: 'data', engineName: 'data', readOnly: false };

/** Images that are built, and paths of the host and inside volumes. */
export function sourceContract(on: On): void {
  test('build() makes an image that observe() knows by its context; again, and from another context, is success', async () => {
    const build = await on().context('good');
    const image = { reference: 'built:1', build, credentials: undefined };
    assert.equal((await on().observe()).images.has('built:1'), false);
    await on().twice({ verb: 'build', image });
    const first = (await on().observe()).images.get('built:1');
    assert.equal(first?.context, build.digest);
    await on().make(pod('web', { containers: [container('web', 'main', { image: 'built:1' })] }), uid);
    assert.equal((await on().container(key, 'main')).imageId, first.id);
    await on().do({ verb: 'build', image: { ...image, build: { ...build, digest: 'another' } } });
    const next = (await on().observe()).images.get('built:1');
    assert.equal(next?.context, 'another');
    assert.notEqual(next.id, first.id);
    assert.equal((await on().container(key, 'main')).imageId, first.id, 'what was made from it keeps it');
    await on().drop(key);
  });

  test('build() of a context that fails is BUILD_FAILED and makes no image', async () => {
    const image = { reference: 'broken:1', build: await on().context('bad'), credentials: undefined };
    assert.equal((await fails(on().do({ verb: 'build', image }), 'BUILD_FAILED')).transient, false);
    assert.equal((await on().observe()).images.has('broken:1'), false);
  });

  test('createContainer() with a hostPath that is not as its type says is PATH_MISSING, and made where the type says so', async () => {
    const { directory, file, absent } = on().paths;
    const hostPath = (path: string, pathType: HostPathType): DesiredPodVolume => ({
      ...({ type: 'hostPath', name: 'host' } as const),
      path,
      pathType,
    });
    const create = (volume: DesiredPodVolume): Promise<void> => {
      const user = web(volume, mount('host'));
      const [main] = user.containers;
      assert.ok(main);
      return on().do({ verb: 'createContainer', pod: user, uid, container: main });
    };
    await on().do({ verb: 'createPod', pod: pod('web'), uid });
    const wrong = [
      hostPath(absent, ''),
      hostPath(absent, 'Directory'),
      hostPath(file, 'Directory'),
      hostPath(directory, 'File'),
      hostPath(directory, 'FileOrCreate'),
      hostPath(file, 'Socket'),
    ];
    for (const volume of wrong) await fails(create(volume), 'PATH_MISSING');
    assert.equal((await on().pod(key)).containers.size, 0);
    await create(hostPath(absent, 'DirectoryOrCreate'));
    await on().drop(key);
    for (const volume of [hostPath(absent, 'Directory'), hostPath(file, 'File'), hostPath(directory, '')]) {
      await on().make(web(volume, mount('host')), uid);
      await on().drop(key);
    }
  });

  test('a subPath of a claim is made; a link on its way is PATH_UNSAFE, at creation and at each start', async () => {
    const user = web(data, mount('data', 'a/b'));
    const [main] = user.containers;
    assert.ok(main);
    await on().do({ verb: 'createVolume', volume: claim });
    await on().make(user, uid);
    const { id } = await on().container(key, 'main');
    await on().do({ verb: 'stopContainer', pod: key, name: 'main', id, graceSeconds: 1 });
    await on().hand.linkInside('data', 'a/b');
    await fails(on().do({ verb: 'startContainer', pod: user, uid, container: main }), 'PATH_UNSAFE');
    assert.equal((await on().container(key, 'main')).state, 'exited');
    await on().drop(key);
    for (const subPath of ['a/b', 'a/b/c']) {
      await fails(on().make(web(data, mount('data', subPath)), uid), 'PATH_UNSAFE');
      assert.equal((await on().pod(key)).containers.size, 0);
      await on().drop(key);
    }
    await on().make(web(data, mount('data', 'a/c')), uid);
    await on().drop(key);
    await on().do({ verb: 'removeVolume', name: 'data', owner: 'test' });
  });

  test('a subPath that a ConfigMap does not have is PATH_MISSING', async () => {
    const content = seal(new TextEncoder().encode('x'));
    const files = {
      ...({ type: 'files', name: 'conf', from: 'ConfigMap/default/conf', secret: false, digest: 'd1' } as const),
      entries: [{ path: 'a', mode: 0o644, content }],
    };
    await fails(on().make(web(files, mount('conf', 'b')), uid), 'PATH_MISSING');
    assert.equal((await on().pod(key)).containers.size, 0);
    await on().drop(key);
    await on().make(web(files, mount('conf', 'a')), uid);
    await on().drop(key);
  });

  test('startContainer() of what the runtime cannot start is START_FAILED, and leaves it as if it had never run', async () => {
    const broken = pod('web', { containers: [on().unstartable(container('web', 'broken')), container('web', 'b')] });
    await fails(on().make(broken, uid), 'START_FAILED');
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'running', broken: 'created', b: 'created' });
    assert.equal((await on().container(key, 'broken')).startedAtMs, 0);
    await on().drop(key);
  });

  test('an engine that is away is ENGINE_UNREACHABLE to every call, for now; what it held is there when it is back', async () => {
    await on().make(pod('web'), uid);
    const before = await on().pod(key);
    const back = await on().away();
    const { engine } = on();
    const { signal } = new AbortController();
    const calls = [
      () => engine.observe({ signal }),
      () => engine.inspect(before.id, { signal }),
      () => on().do({ verb: 'createPod', pod: pod('web'), uid }),
      () => on().do({ verb: 'removePod', pod: key, id: before.id, uid, graceSeconds: 1 }),
      async () => {
        for await (const _hint of engine.wakes({ signal }));
      },
    ];
    for (const call of calls) assert.equal((await fails(call(), 'ENGINE_UNREACHABLE')).transient, true);
    await back();
    assert.deepEqual(await on().pod(key), before);
    await on().drop(key);
  });
}
