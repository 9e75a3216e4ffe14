import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { freePort } from './host.ts';
import { cleanUps, eventually, type Host, host, listed } from './podstead.ts';

const idle = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait; done'];

/** What tells that a container is the same one, and ran all the time. */
interface Life {
  readonly name: string;
  readonly id: string;
  readonly startedAt: string;
}

describe('adopt', () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
  });

  const podman = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.engine.podman(...args);
    assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  /** By id, the pod's infra container included. */
  const lives = async (pod: string): Promise<ReadonlyMap<string, Life>> => {
    const all = [...(await listed(on.engine, true)).values()].filter(({ PodName }) => PodName === pod);
    const each = all.map(async ({ Id }): Promise<readonly [string, Life]> => {
      const [name = '', startedAt = ''] = (
        await podman('inspect', '--format', '{{.Name}} {{.State.StartedAt}}', Id)
      ).split(/ (.*)/s);
      return [Id, { name, id: Id, startedAt }];
    });
    return new Map(await Promise.all(each));
  };
  const startsOf = (all: ReadonlyMap<string, Life>): readonly string[] =>
    [...all.values()].map(({ id, startedAt }) => `${id} ${startedAt}`).sort();
  const adopted = (directory = on.state): Promise<readonly string[]> =>
    readdir(join(directory, 'podstead', 'adopted')).catch(() => []);
  const directoryOf = async (name: string): Promise<string> => {
    const directory = join(on.source, '..', name);
    await mkdir(directory, { recursive: true });
    return directory;
  };
  const succeeds = async (...args: string[]): Promise<{ stdout: string; stderr: string }> => {
    const ran = await on.podstead(...args);
    assert.equal(ran.code, 0, `podstead ${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
    return ran;
  };
  const planOf = async (directory: string): Promise<number> => (await on.podstead('plan', directory)).code;

  test('a pod by hand is taken over as it runs, changed in its smallest part, and removed without its data', async () => {
    const directory = await directoryOf('hand');
    const port = await freePort();
    await podman('pod', 'create', '--name', 'hand', '-p', `127.0.0.1:${port}:80`, '--label', 'team=web');
    await podman('run', '-d', '--pod', 'hand', '--name', 'hand-a', '-v', 'hand-data:/data', 'localhost/bb:1', ...idle);
    const more = ['-e', 'MODE=one', '-v', '/unnamed', '-m', '64m', '--restart', 'always'];
    await podman('run', '-d', '--pod', 'hand', '--name', 'plain', ...more, 'localhost/bb:1', ...idle);
    await podman('exec', 'hand-a', 'sh', '-c', 'echo kept > /data/file');
    await podman('exec', 'plain', 'sh', '-c', 'echo unnamed > /unnamed/file');
    const first = await lives('hand');
    assert.equal(first.size, 3);

    const dry = await succeeds('adopt', 'hand', '-d', directory, '--dry-run');
    assert.match(dry.stderr, /Would adopt Pod\/default\/hand: pod [0-9a-f]{12} with hand-a, plain/);
    assert.match(dry.stderr, /renames container plain to hand-plain; it runs on/);
    assert.match(dry.stderr, /the next apply changes nothing/);
    assert.match(dry.stderr, /container plain: Podman restarts it too \(policy always\)/);
    assert.deepEqual([await readdir(directory), await adopted()], [[], []]);
    assert.deepEqual(await lives('hand'), first);

    await succeeds('adopt', 'hand', '-d', directory);
    const then = await lives('hand');
    assert.deepEqual(startsOf(then), startsOf(first));
    assert.deepEqual(
      [...then.values()]
        .map(({ name }) => name)
        .filter(name => name.startsWith('hand-'))
        .sort(),
      ['hand-a', 'hand-plain'],
    );
    assert.equal(await planOf(directory), 0);
    await succeeds('apply', directory);
    assert.deepEqual(startsOf(await lives('hand')), startsOf(first));
    assert.match((await succeeds('why', 'hand')).stdout, /adopted/);
    const again = await succeeds('adopt', 'hand', '-d', directory);
    assert.match(again.stderr, /hand was adopted before: it is ours/);

    const file = join(directory, 'hand.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('value: one', 'value: two'));
    await succeeds('apply', directory);
    const changed = await lives('hand');
    const [same, other] = [
      [...changed.keys()].filter(id => first.has(id)),
      [...changed.keys()].filter(id => !first.has(id)),
    ];
    assert.deepEqual([same.length, other.length], [2, 1]);
    assert.deepEqual(
      startsOf(new Map(same.map(id => [id, changed.get(id) as Life]))),
      startsOf(new Map(same.map(id => [id, first.get(id) as Life]))),
    );
    assert.equal(await podman('exec', 'hand-plain', 'sh', '-c', 'echo $MODE; cat /unnamed/file'), 'two\nunnamed');
    assert.equal(await podman('exec', 'hand-a', 'cat', '/data/file'), 'kept');
    assert.equal(await planOf(directory), 0);

    await succeeds('down', directory);
    assert.equal((await lives('hand')).size, 0);
    assert.deepEqual(await adopted(), []);
    assert.equal(await podman('run', '--rm', '-v', 'hand-data:/data', 'localhost/bb:1', 'cat', '/data/file'), 'kept');
    assert.equal((await podman('volume', 'ls', '-q')).split('\n').length, 2, 'the unnamed volume is there, too');
    await podman('volume', 'rm', '-a', '-f');
  });

  test('pods of podman kube play are taken over together, with one manifest for what they share', async () => {
    const directory = await directoryOf('played');
    const played = join(on.source, 'played.yaml');
    const pod = (name: string, namespace: string): string => `apiVersion: v1
kind: Pod
metadata: {name: ${namespace}${name}}
spec:
  restartPolicy: Never
  containers:
    - {name: main, image: localhost/bb:1, command: [${idle.map(word => JSON.stringify(word)).join(', ')}],
       volumeMounts: [{name: shared, mountPath: /shared}, {name: scratch-${name}, mountPath: /scratch}]}
  volumes:
    - {name: shared, persistentVolumeClaim: {claimName: shared-data}}
    - {name: scratch-${name}, emptyDir: {}}
`;
    await writeFile(played, `${pod('one', '')}---\n${pod('two', '')}`);
    await podman('kube', 'play', played);
    await podman('exec', 'one-main', 'sh', '-c', 'echo kept > /shared/file; echo here > /scratch/file');
    const before = [...startsOf(await lives('one')), ...startsOf(await lives('two'))];
    await succeeds('adopt', 'one', 'two', '-d', directory);
    assert.deepEqual([...startsOf(await lives('one')), ...startsOf(await lives('two'))], before);
    assert.equal((await on.podstead('validate', '--strict', directory)).code, 0);
    assert.equal(await planOf(directory), 0);
    assert.deepEqual((await readdir(directory)).sort(), ['one.yaml', 'two.yaml']);

    await rm(join(directory, 'one.yaml'));
    const pruned = await on.podstead('apply', directory, '--prune', '--allow-empty');
    assert.equal(pruned.code, 1, 'the claim that both mount went with the first file');
    assert.equal((await lives('one')).size, 2, 'nothing is removed on a partial view');
    const text = `${await readFile(join(directory, 'two.yaml'), 'utf8')}---\n${claim('shared-data')}`;
    await writeFile(join(directory, 'two.yaml'), text);
    await succeeds('apply', directory, '--prune', '--allow-empty');
    assert.equal((await lives('one')).size, 0);
    assert.deepEqual(startsOf(await lives('two')), before.slice(2));
    assert.equal(await podman('exec', 'two-main', 'cat', '/shared/file'), 'kept');
    assert.equal(await podman('run', '--rm', '-v', 'scratch-one:/v', 'localhost/bb:1', 'cat', '/v/file'), 'here');
    await succeeds('down', '--all');
    await podman('volume', 'rm', '-a', '-f');
  });

  test('volumes of names that no claim can have are taken over by an annotation, and kept when a container is replaced', async () => {
    const directory = await directoryOf('odd');
    await podman('volume', 'create', 'my-data');
    const mounts = ['-v', 'My_Data:/one', '-v', 'my-data:/two', '-e', 'A=1'];
    await podman('run', '-d', '--pod', 'new:odd', '--name', 'odd-main', ...mounts, 'localhost/bb:1', ...idle);
    await podman(
      'run',
      '-d',
      '--pod',
      'new:even',
      '--name',
      'even-main',
      '-v',
      'My_Data:/one',
      'localhost/bb:1',
      ...idle,
    );
    await podman('exec', 'odd-main', 'sh', '-c', 'echo one > /one/file; echo two > /two/file');
    const before = [...startsOf(await lives('odd')), ...startsOf(await lives('even'))];
    await succeeds('adopt', 'odd', 'even', '-d', directory);
    assert.equal(await planOf(directory), 0);
    assert.deepEqual([...startsOf(await lives('odd')), ...startsOf(await lives('even'))], before);
    assert.equal((await on.podstead('validate', '--strict', directory)).code, 0);
    const file = join(directory, 'odd.yaml');
    const text = await readFile(file, 'utf8');
    assert.equal(text.match(/podstead.dev\/volume-name: My_Data/g)?.length ?? 0, text.includes('volume-name') ? 1 : 0);
    await writeFile(file, text.replace(/value: ["']1["']/, 'value: "2"'));
    await succeeds('apply', directory);
    const seen = await podman('exec', 'odd-main', 'sh', '-c', 'echo $A; cat /one/file /two/file');
    assert.equal(seen, '2\none\ntwo');
    assert.equal(await planOf(directory), 0);
    // 4.3 sorts them by their bytes, 5.4 as people do.
    assert.deepEqual((await podman('volume', 'ls', '-q')).split('\n').sort(), ['My_Data', 'my-data']);
    await succeeds('down', '--all');
    await podman('volume', 'rm', '-a', '-f');
  });

  test('an adoption that is lost makes the pod foreign again: nothing of it is touched', async () => {
    const directory = await directoryOf('lost');
    await podman('run', '-d', '--pod', 'new:lost', '--name', 'lost-main', 'localhost/bb:1', ...idle);
    await succeeds('adopt', 'lost', '-d', directory);
    const before = startsOf(await lives('lost'));
    for (const name of await adopted()) await rm(join(on.state, 'podstead', 'adopted', name));
    const planned = await on.podstead('plan', directory);
    assert.equal(planned.code, 2);
    assert.match(
      planned.stdout,
      /hold .*Pod\/default\/lost.*\n.*name 'lost' is taken by pod [0-9a-f]{12}, which is not ours/,
    );
    assert.notEqual((await on.podstead('apply', directory, '--prune')).code, 0);
    await succeeds('down', directory);
    await succeeds('down', '--all');
    assert.deepEqual(startsOf(await lives('lost')), before);
    // What broke off amid an adoption is carried on, without a restart.
    await succeeds('adopt', 'lost', '-d', directory);
    await rm(join(on.state, 'podstead', 'pods'), { recursive: true });
    await podman('rename', 'lost-main', 'something');
    await succeeds('apply', directory);
    assert.deepEqual(startsOf(await lives('lost')), before);
    assert.equal(await planOf(directory), 0);
    // Gone by somebody else's hand, it is made anew, and ours by its labels.
    await podman('pod', 'rm', '-f', '-t', '0', 'lost');
    await succeeds('apply', directory);
    assert.deepEqual(await adopted(), []);
    assert.equal(await planOf(directory), 0);
    await succeeds('down', '--all');
  });

  test('an agent keeps what was adopted: it starts again, and another agent forbids to adopt', async () => {
    const directory = await directoryOf('kept');
    await podman('pod', 'create', '--name', 'shop_kept');
    await podman('volume', 'create', 'shop_data');
    const more = ['--name', 'main', '-v', 'shop_data:/data', '--restart', 'always'];
    await podman('run', '-d', '--pod', 'shop_kept', ...more, 'localhost/bb:1', ...idle);
    await succeeds('adopt', 'shop_kept', '-d', directory);
    const second = await on.podstead('adopt', 'shop_kept', '--owner', 'second');
    assert.equal(second.code, 1);
    assert.match(second.stderr, /Cannot adopt "shop_kept": it is of owner "podstead"/);
    const text = await readFile(join(directory, 'shop_kept.yaml'), 'utf8');
    assert.match(text, /claimName: data$/m);
    const before = await lives('shop_kept');
    const agent = await on.startOn(directory);
    await agent.says(/all as declared/);
    assert.deepEqual(await lives('shop_kept'), before);
    await podman('run', '-d', '--pod', 'new:other', 'localhost/bb:1', ...idle);
    const refused = await on.podstead('adopt', 'other');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /an agent or another command does/);
    await podman('stop', '-t', '0', 'shop_kept-main');
    await eventually(
      'the stopped container runs again',
      async () => podman('inspect', '--format', '{{.State.Running}} {{.Id}}', 'shop_kept-main'),
      found => found.startsWith('true'),
    );
    assert.deepEqual([...(await lives('shop_kept')).keys()].sort(), [...before.keys()].sort());
    assert.equal(await agent.stop(), 0);
    await succeeds('down', '--all');
    await podman('pod', 'rm', '-f', '-t', '0', 'other');
    assert.equal(await podman('volume', 'ls', '-q'), 'shop_data');
    await podman('volume', 'rm', 'shop_data');
  });

  test('what cannot be adopted says why, and what to do instead; nothing is touched', async () => {
    const refuses = async (why: RegExp, ...args: string[]): Promise<void> => {
      const { code, stderr } = await on.podstead('adopt', ...args);
      assert.equal(code, 1, args.join(' '));
      assert.match(stderr, why);
      assert.deepEqual(await adopted(), []);
    };
    const run = async (pod: string, ...args: string[]): Promise<string> =>
      podman('run', '-d', '--pod', pod, ...args, 'localhost/bb:1', ...idle);
    await refuses(/Cannot find "nothing": no pod has that name\n.*There is no pod here/, 'nothing');
    await podman('run', '-d', '--name', 'alone', 'localhost/bb:1', ...idle);
    await refuses(/container in no pod, .*\n.*generate kube --container alone/, 'alone');
    await run('new:Big.Name');
    await refuses(/takes no pod of the name "Big.Name", and Podman renames no pods\n.*generate kube --pod/, 'Big.Name');
    await refuses(/of namespace "shop" is named "shop_Big.Name"|takes no pod/, 'Big.Name', '-n', 'shop');
    await podman('pod', 'create', '--name', 'ofunit', '--label', 'PODMAN_SYSTEMD_UNIT=systemd-journald.service');
    await run('ofunit');
    await refuses(
      /the unit systemd-journald.service of systemd made it, and .*two would keep one pod\n.*Do not stop the unit/,
      'ofunit',
    );
    const told = await succeeds('generate', 'kube', '--pod', 'ofunit');
    assert.match(
      told.stdout,
      /^# Pod\/default\/ofunit: cannot say that the unit systemd-journald.service of systemd makes it/m,
    );
    assert.doesNotMatch(told.stdout, /PODMAN_SYSTEMD_UNIT/);
    await podman('pod', 'create', '--name', 'headless', '--infra=false');
    await run('headless');
    await refuses(/has no infra container/, 'headless');
    await podman('pod', 'create', '--name', 'theirs', '--label', 'podstead.dev/owner=other');
    await run('theirs');
    await refuses(/it is of owner "other"/, 'theirs');
    const compose = join(on.source, 'compose.yaml');
    await writeFile(compose, 'services: {web: {image: bb}}\n');
    await refuses(/a compose file, which Podstead does not read\n.*podman-compose/, compose);
    const generated = await on.podstead('generate', 'kube', compose);
    assert.match(generated.stderr, /Cannot write a manifest of .*a compose file/);
    const applied = await on.podstead('apply', compose);
    assert.equal(applied.code, 1);
    assert.match(applied.stderr, /it is a compose file, which Podstead does not read/);
    // One that cannot be adopted keeps the others from it, too.
    await run('new:fine');
    await refuses(/no pod has that name/, 'fine', 'nothing');
    const forced = await on.podstead('adopt', 'ofunit', '--force', '--dry-run');
    assert.equal(forced.code, 0, forced.stderr);
    const directory = await directoryOf('taken');
    await writeFile(join(directory, 'fine.yaml'), claim('other'));
    await refuses(/there is such a file, and it does not declare Pod\/default\/fine/, 'fine', '-d', directory);
    await podman('pod', 'rm', '-fa', '-t', '0');
    await podman('rm', '-fa', '-t', '0');
    await podman('volume', 'rm', '-a', '-f');
  });

  test('a manifest that is there already tells what apply would change', async () => {
    const directory = await directoryOf('there');
    await podman(
      'run',
      '-d',
      '--pod',
      'new:there',
      '--name',
      'there-main',
      '-e',
      'A=1',
      '-v',
      '/unnamed',
      'localhost/bb:1',
      ...idle,
    );
    // In a pod, both would be "main".
    await podman('run', '-d', '--pod', 'there', '--name', 'main', 'localhost/bb:1', ...idle);
    const before = startsOf(await lives('there'));
    const { stdout } = await succeeds('generate', 'kube', '--pod', 'there');
    await writeFile(join(directory, 'there.yaml'), stdout.replace(/value: ["']1["']/, 'value: "2"'));
    const { stderr } = await succeeds('adopt', 'there', '-d', directory);
    assert.match(stderr, /the next apply: replace, as container 'main' differs \(1 container restarts, about 1 s\)/);
    assert.deepEqual(await readdir(directory), ['there.yaml']);
    assert.deepEqual(startsOf(await lives('there')), before);
    assert.match((await succeeds('exec', 'there', '-c', 'main-2', '--', 'echo', 'here')).stdout, /here/);
    await succeeds('apply', directory);
    assert.equal(await podman('exec', 'there-main', 'sh', '-c', 'echo $A'), '2');
    const after = startsOf(await lives('there'));
    assert.equal(after.filter(each => before.includes(each)).length, 2, 'the sandbox and the other stay');
    await succeeds('down', '--all');
  });
});

const claim = (name: string): string => `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`;
