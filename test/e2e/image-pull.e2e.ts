import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { assertSchema } from '../cli/schemas.ts';
import { type Registry, registry } from './host.ts';
import { cleanUps, type Host, host } from './podstead.ts';
import { type Door, registryDoor } from './registry-door.ts';

interface Pulled {
  readonly Images: readonly {
    readonly Name: string;
    readonly Status: string;
    readonly Digest: string | null;
    readonly Bytes: number | null;
    readonly Error: string | null;
  }[];
  readonly Totals: Readonly<Record<string, number>>;
}

describe('podstead image pull', () => {
  const cleaning = cleanUps();
  let on: Host;
  let server: Registry;
  let door: Door;
  const name = (image: string): string => `${door.host}/team/${image}`;
  const podman = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.engine.podman(...args);
    assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const push = (from: string, to: string): Promise<string> =>
    podman('push', '--quiet', '--tls-verify=false', from, `docker://${server.host}/team/${to}`);
  const manifests = (): string => `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  terminationGracePeriodSeconds: 0
  initContainers: [{ name: first, image: '${name('init:1')}', command: ['true'] }]
  containers:
    - { name: main, image: '${name('web:1')}', command: [sleep, '9000'], volumeMounts: [{ name: data, mountPath: /data }] }
    - { name: always, image: '${name('always:1')}', imagePullPolicy: Always, command: [sleep, '9000'] }
    - { name: built, image: localhost/built:1, command: [sleep, '9000'] }
    - { name: never, image: localhost/bb:1, imagePullPolicy: Never, command: [sleep, '9000'] }
  volumes: [{ name: data, image: { reference: '${name('data:1')}' } }]
`;
  /** `STATUS` by the name in the registry. */
  const pull = async (code: number, ...args: readonly string[]): Promise<Pulled> => {
    const ran = await on.podstead('image', 'pull', on.source, '-o', 'json', ...args);
    assert.equal(ran.code, code, ran.stderr);
    const document = JSON.parse(ran.stdout) as Pulled;
    assertSchema('image-pull', document);
    return document;
  };
  const statuses = ({ Images }: Pulled): Readonly<Record<string, string>> =>
    Object.fromEntries(Images.map(({ Name, Status }) => [Name.replace(`${door.host}/team/`, ''), Status]));
  const of = (status: string): Readonly<Record<string, string>> => ({
    'always:1': status,
    'data:1': status,
    'init:1': status,
    'web:1': status,
  });

  before(async () => {
    on = await host(cleaning);
    server = await registry(cleaning);
    door = await registryDoor(cleaning, server.host);
    for (const image of ['init:1', 'web:1', 'always:1', 'data:1']) await push('localhost/bb:1', image);
    await on.write({
      'web.yaml': manifests(),
      'built/Containerfile': 'FROM localhost/bb:1\nLABEL built=1\n',
    });
  });

  test('--dry-run says what would come, and brings nothing', async () => {
    const { Images, Totals } = await pull(0, '--dry-run');
    assert.deepEqual(statuses({ Images, Totals }), of('planned'));
    assert.ok(Images.every(({ Digest, Bytes }) => /^sha256:/.test(Digest ?? '') && (Bytes ?? 0) > 0));
    assert.equal((await on.engine.podman('image', 'exists', name('web:1'))).code, 1);
    const { code, stdout, stderr } = await on.podstead('image', 'pull', on.source, '--dry-run');
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /Would pull 127.*team\/web:1 \(sha256:[0-9a-f]{8}…, .*B\)\n/);
    assert.match(stderr, /^4 to be pulled$/m);
  });

  test('one that fails keeps no other from coming, and exits with 1', async () => {
    door.meet = what => (/\/team\/init\/manifests/.test(what) ? 404 : undefined);
    const failed = await pull(1);
    const told = JSON.stringify(failed.Images);
    assert.deepEqual(statuses(failed), { ...of('pulled'), 'init:1': 'failed' }, told);
    assert.match(failed.Images.find(({ Name }) => Name === name('init:1'))?.Error ?? '', /Cannot pull/);
    const { code, stderr } = await on.podstead('image', 'pull', on.source);
    assert.equal(code, 1);
    assert.match(stderr, /Cannot pull ".*team\/init:1"/);
    assert.match(stderr, /^3 there already, 1 failed$/m);
    door.meet = () => undefined;
  });

  test('a second run finds nothing to pull; apply without a registry then starts it all, but what is always pulled', async () => {
    assert.deepEqual(statuses(await pull(0)), { ...of('present'), 'init:1': 'pulled' });
    const again = await pull(0);
    assert.deepEqual(
      [statuses(again), again.Totals],
      [of('present'), { Pulled: 0, Present: 4, Planned: 0, Failed: 0 }],
    );
    // Its registry has another one by now.
    await on.write({ 'other/Containerfile': 'FROM localhost/bb:1\nLABEL other=1\n' });
    await podman('build', '--quiet', '-t', 'localhost/other:1', `${on.source}/other`);
    await push('localhost/other:1', 'always:1');
    await push('localhost/other:1', 'web:1');
    const id = await podman('image', 'inspect', '--format', '{{.Id}}', 'localhost/other:1');
    await podman('rmi', 'localhost/other:1');
    assert.deepEqual(statuses(await pull(0)), { ...of('present'), 'always:1': 'pulled' });
    assert.equal(await podman('image', 'inspect', '--format', '{{.Id}}', name('always:1')), id);
    await server.stop();
    await on.write({ 'web.yaml': manifests().replace('imagePullPolicy: Always, ', 'imagePullPolicy: IfNotPresent, ') });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    assert.doesNotMatch(applied.stderr, /Pulled|is pulled by its name/);
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('what it brought is ours to remove once nothing needs it', async () => {
    await on.write({ 'web.yaml': '' });
    assert.equal((await on.podstead('down', '--all')).code, 0);
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    const reason = async (): Promise<string | undefined> => {
      const { stdout } = await on.podstead('image', 'prune', '--dry-run', '-o', 'json', '--keep-age', '0s');
      const { images } = JSON.parse(stdout) as { images: { names: string[]; why: string }[] };
      return images.find(({ names }) => names.includes(name('always:1')))?.why;
    };
    assert.equal(await reason(), 'nothing needs it');
  });

  test('it runs beside an agent', async () => {
    const agent = await on.start();
    await on.write({ 'b/never.yaml': manifests().replaceAll('image: ', 'imagePullPolicy: Never, image: ') });
    const ran = await on.podstead('image', 'pull', on.source);
    assert.match(ran.stderr, /Nothing to pull/);
    assert.equal(await agent.stop(), 0);
  });
});
