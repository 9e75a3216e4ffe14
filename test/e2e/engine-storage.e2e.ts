import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { EngineAction } from '../../src/engine/engine.ts';
import type {
  DesiredFiles,
  DesiredMount,
  DesiredPod,
  DesiredPodVolume,
  DesiredVolume,
} from '../../src/model/desired.ts';
import { seal } from '../../src/model/sealed.ts';
import { type Bench, bench, cleanups, fails } from './bench.ts';
import { container, pod } from './desired.ts';

const later = cleanups();
let on: Bench;
let dir: string;
before(async () => {
  on = await bench(later);
  dir = await mkdtemp(join(tmpdir(), 'pds-'));
  later.after(() => rm(dir, { recursive: true, force: true }));
});
after(() => later.run());

const key = 'Pod/default/web';

function mount(volume: string, more: Partial<DesiredMount> = {}): DesiredMount {
  return { volume, path: `/${volume}`, readOnly: false, subPath: undefined, propagation: undefined, ...more };
}

function web(volumes: readonly DesiredPodVolume[], ...mounts: readonly DesiredMount[]): DesiredPod {
  return pod('web', { volumes, containers: [container('web', 'main', { mounts })], gracePeriodSeconds: 0 });
}

function claim(name: string, more: Partial<DesiredVolume> = {}): DesiredVolume {
  const key = `PersistentVolumeClaim/default/${name}` as const;
  const origin = { file: 'x', line: 1, column: 1 };
  return { key, origin, engineName: name, singleWriter: false, labels: { team: 'a' }, options: {}, ...more };
}

function files(digest: string, entries: Readonly<Record<string, string>>, mode = 0o644): DesiredFiles {
  const list = Object.entries(entries).map(([path, text]) => ({
    path,
    mode,
    content: seal(new TextEncoder().encode(text)),
  }));
  return { type: 'files', name: 'conf', from: 'ConfigMap/default/conf', secret: false, digest, entries: list };
}

test('a claim is made and removed once, and never taken from somebody else', async () => {
  const create: EngineAction = { verb: 'createVolume', volume: claim('data') };
  await on.do(create);
  await on.do(create);
  const seen = (await on.observe()).volumes.get('data');
  assert.deepEqual(seen, { name: 'data', owner: 'test', key: 'PersistentVolumeClaim/default/data', uid: undefined });
  await fails(
    on.do({ verb: 'createVolume', volume: claim('data', { key: 'PersistentVolumeClaim/default/x' }) }),
    'NAME_TAKEN',
    /there already/,
  );
  await on.podman('volume', 'create', 'theirs');
  await fails(on.do({ verb: 'createVolume', volume: claim('theirs') }), 'NAME_TAKEN', /not ours/);
  await fails(on.do({ verb: 'removeVolume', name: 'theirs', owner: 'test' }), 'REFUSED', /not ours/);
  assert.equal((await on.observe()).volumes.get('theirs')?.owner, undefined);

  const user = web([{ type: 'claim', name: 'd', engineName: 'data', readOnly: false }], mount('d'));
  await on.make(user, 'uid-1');
  await on.exec('web-main', 'echo kept > /d/file');
  await fails(on.do({ verb: 'removeVolume', name: 'data', owner: 'test' }), 'IN_USE', /being used/);
  await on.drop(key);
  await on.make(user, 'uid-2');
  assert.equal(await on.exec('web-main', 'cat /d/file'), 'kept\n');
  await on.drop(key);
  for (let i = 0; i < 2; i++) await on.do({ verb: 'removeVolume', name: 'data', owner: 'test' });
  assert.equal((await on.observe()).volumes.has('data'), false);
  await fails(on.make(user, 'uid-3'), 'GONE', /not there/);
  assert.equal((await on.observe()).volumes.has('data'), false, 'Podman made no volume without labels');
  await on.drop(key);
});

for (const memory of [false, true]) {
  test(`an emptyDir${memory ? ' in memory' : ''} is shared in its pod, and goes with it`, async () => {
    const volumes = [{ type: 'emptyDir', name: 'cache', memory, sizeLimitBytes: undefined }] as const;
    const mounts = [mount('cache')];
    const both = pod('web', {
      volumes,
      containers: [container('web', 'a', { mounts }), container('web', 'b', { mounts })],
      gracePeriodSeconds: 0,
    });
    await on.make(both, 'uid-e');
    await on.exec('web-a', 'echo shared > /cache/x');
    assert.equal(await on.exec('web-b', 'cat /cache/x'), 'shared\n');
    assert.equal(/ \/cache tmpfs /.test(await on.exec('web-a', 'cat /proc/mounts')), memory);
    const seen = (await on.observe()).volumes.get('uid-e_cache');
    assert.deepEqual(seen, { name: 'uid-e_cache', owner: 'test', key, uid: 'uid-e' });
    await on.do({ verb: 'createEmptyDir', pod: both, uid: 'uid-e', volume: 'cache' });
    await on.drop(key);
    assert.equal((await on.observe()).volumes.has('uid-e_cache'), false);
  });
}

test('files are swapped as a whole under a container that runs, read-only, with their modes', async () => {
  const first = files('d1', { 'app.conf': 'one', 'sub/deep.conf': 'deep', old: 'old' });
  const user = web([first], mount('conf'), mount('conf', { path: '/etc/app.conf', subPath: 'app.conf' }));
  await on.make(user, 'uid-f');
  assert.equal(await on.exec('web-main', 'cat /conf/app.conf /conf/sub/deep.conf /etc/app.conf'), 'onedeepone');
  assert.match(await on.exec('web-main', 'echo x > /conf/app.conf 2>&1; echo x > /conf/new 2>&1'), /Read-only/);
  assert.deepEqual([...(await on.pod(key)).files], [['conf', 'd1']]);
  assert.deepEqual((await on.observe()).fileUids, ['uid-f']);

  const second = files('d2', { 'app.conf': 'two', key: 'secret' }, 0o400);
  for (let i = 0; i < 2; i++) await on.do({ verb: 'writeFiles', pod: user, uid: 'uid-f', files: second });
  assert.equal(
    await on.exec('web-main', 'cat /conf/app.conf; ls /conf; ls -lL /conf/key | cut -c1-10'),
    'twoapp.conf\nkey\n-r--------\n',
  );
  assert.deepEqual([...(await on.pod(key)).files], [['conf', 'd2']]);
  const onDisk = join(on.stateDir, 'files', 'uid-f');
  assert.deepEqual((await readdir(join(onDisk, 'conf'))).sort(), ['..d2', '..data', 'app.conf', 'key']);
  assert.equal((await stat(onDisk)).mode & 0o777, 0o700);

  // As in Kubernetes, a subPath stays at what it was until the container starts again.
  assert.equal(await on.exec('web-main', 'cat /etc/app.conf'), 'one');
  const { id = '' } = (await on.pod(key)).containers.get('main') ?? {};
  await on.do({ verb: 'stopContainer', pod: key, name: 'main', id, graceSeconds: 0 });
  await on.do({
    verb: 'startContainer',
    pod: user,
    uid: 'uid-f',
    container: user.containers[0] ?? container('web', 'main'),
  });
  assert.equal(await on.exec('web-main', 'cat /etc/app.conf'), 'two');
  await on.drop(key);
  await assert.rejects(stat(onDisk), { code: 'ENOENT' });
  for (let i = 0; i < 2; i++) await on.do({ verb: 'removeFiles', uid: 'uid-f' });
});

test('writeFiles() mends a generation that a crash left half-written, and a link that was lost', async () => {
  const at = join(on.stateDir, 'files', 'uid-c', 'conf');
  await mkdir(join(at, '..d1'), { recursive: true });
  await writeFile(join(at, '..d1', 'junk'), 'half');
  const user = web([files('d1', { a: 'whole' })]);
  const write: EngineAction = { verb: 'writeFiles', pod: user, uid: 'uid-c', files: files('d1', { a: 'whole' }) };
  await on.do(write);
  assert.deepEqual(await readdir(join(at, '..data/')), ['a']);
  await rm(join(at, 'a'));
  await on.do(write);
  assert.equal(await readFile(join(at, 'a'), 'utf8'), 'whole');
  await on.do({ verb: 'removeFiles', uid: 'uid-c' });
});

test('a subPath that a ConfigMap does not have is named', async () => {
  const user = web([files('d1', { a: 'x' })], mount('conf', { subPath: 'nope' }));
  await fails(on.make(user, 'uid-1'), 'PATH_MISSING', /"nope"/);
  await on.drop(key);
});

test('a subPath is made inside its volume, and a link on its way is refused at creation and at each start', async () => {
  await on.do({ verb: 'createVolume', volume: claim('data') });
  const volumes = [{ type: 'claim', name: 'd', engineName: 'data', readOnly: false }] as const;
  const user = web(volumes, mount('d', { subPath: 'a/b' }));
  await on.make(user, 'uid-s');
  await on.exec('web-main', 'echo hi > /d/file');
  const data = (await on.podman('volume', 'inspect', '-f', '{{.Mountpoint}}', 'data')).trim();
  assert.equal(await readFile(join(data, 'a/b/file'), 'utf8'), 'hi\n');

  const { id = '' } = (await on.pod(key)).containers.get('main') ?? {};
  await on.do({ verb: 'stopContainer', pod: key, name: 'main', id, graceSeconds: 0 });
  await rm(join(data, 'a/b'), { recursive: true });
  await symlink('/etc', join(data, 'a/b'));
  const main = user.containers[0] ?? container('web', 'main');
  await fails(on.do({ verb: 'startContainer', pod: user, uid: 'uid-s', container: main }), 'PATH_UNSAFE', /link/);
  await on.drop(key);
  await fails(on.make(user, 'uid-t'), 'PATH_UNSAFE', /"a\/b"/);
  await on.drop(key);
  await fails(on.make(web(volumes, mount('d', { subPath: 'a/b/deeper' })), 'uid-u'), 'PATH_UNSAFE', /link/);
  await on.drop(key);
  await on.do({ verb: 'removeVolume', name: 'data', owner: 'test' });
});

test('a hostPath is checked and made as its type says', async () => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(join(dir, 'sock'), () => resolve()));
  later.after(() => new Promise(resolve => server.close(() => resolve())));
  await writeFile(join(dir, 'file'), 'content');
  const hostPath = (
    name: string,
    path: string,
    pathType: '' | 'Directory' | 'DirectoryOrCreate' | 'File' | 'FileOrCreate' | 'Socket' | 'CharDevice',
  ) => ({ type: 'hostPath', name, path, pathType }) as const;
  const good = [
    hostPath('made', join(dir, 'new/dir'), 'DirectoryOrCreate'),
    hostPath('touched', join(dir, 'touched'), 'FileOrCreate'),
    hostPath('file', join(dir, 'file'), 'File'),
    hostPath('any', dir, ''),
    hostPath('sock', join(dir, 'sock'), 'Socket'),
    hostPath('null', '/dev/zero', 'CharDevice'),
  ];
  const mounts = [
    ...good.map(({ name }) =>
      mount(name, { readOnly: name === 'any', path: name === 'null' ? '/dev/mine' : `/m/${name}` }),
    ),
    mount('any', { path: '/m/sub', subPath: 'sub' }),
  ];
  await on.make(web(good, ...mounts), 'uid-h');
  const script =
    'cat /m/file; ls -d /m/made /m/touched; test -S /m/sock && echo sock; test -c /dev/mine && echo dev; (echo x > /m/any/x) 2>/dev/null || echo ro; echo x > /m/sub/x && echo rw';
  assert.equal(await on.exec('web-main', script), 'content/m/made\n/m/touched\nsock\ndev\nro\nrw\n');
  assert.equal(await readFile(join(dir, 'sub/x'), 'utf8'), 'x\n');
  await on.drop(key);
  const bad = [
    [hostPath('v', join(dir, 'absent'), ''), /does not exist/],
    [hostPath('v', join(dir, 'absent'), 'Directory'), /does not exist/],
    [hostPath('v', join(dir, 'file'), 'Directory'), /found a file, expected a directory/],
    [hostPath('v', dir, 'FileOrCreate'), /found a directory, expected a file/],
    [hostPath('v', join(dir, 'file'), 'Socket'), /expected a socket/],
    [hostPath('v', join(dir, 'file'), 'CharDevice'), /expected a character device/],
  ] as const;
  await on.do({ verb: 'createPod', pod: web([]), uid: 'uid-b' });
  for (const [volume, words] of bad) {
    const user = web([volume], mount('v'));
    const main = user.containers[0] ?? container('web', 'main');
    await fails(on.do({ verb: 'createContainer', pod: user, uid: 'uid-b', container: main }), 'PATH_MISSING', words);
  }
  await on.drop(key);
});
