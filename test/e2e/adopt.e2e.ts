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
    assert.deepEqual([...then.values()].map(({ name }) => name).filter(name => name.startsWith('hand-')).sort(), [
      'hand-a',
      'hand-plain',
    ]);
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
    const [same, other] = [[...changed.keys()].filter(id => first.has(id)), [...changed.keys()].filter(id => !first.has(id))];
    assert.deepEqual([same.length, other.length], [2, 1]);
    assert.deepEqual(startsOf(new Map(same.map(id => [id, changed.get(id) as Life]))), startsOf(new Map(same.map(id => [id, first.get(id) as Life]))));
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
});
