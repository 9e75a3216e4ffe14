import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type After, run } from '../e2e/host.ts';
import {
  type Agent,
  cleanUps,
  eventually,
  type Host,
  host,
  listed,
  program,
  startAgent,
  writeFiles,
} from '../e2e/podstead.ts';
import { hostileRegistry } from './hostile-registry.ts';
import { type SmallDisk, smallDisk } from './small-disk.ts';

const pod = (name: string, image: string, says = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{ name: conf, configMap: { name: ${name}, optional: true } }]
  containers:
    - name: main
      image: '${image}'
      command: [sh, -c, 'sleep 10000']
      env: [{ name: SAYS, value: '${says}' }]
      volumeMounts: [{ name: conf, mountPath: /conf }]
`;
const config = (name: string, says: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { says: ${says} }\n`;

type Listing = Awaited<ReturnType<typeof listed>>;

/** What a suite does with a host of its own, whose manifests lie on another disk. */
interface Bench {
  readonly on: Host;
  readonly agent: Agent;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Waits until the agent has said something that fits of `what`. */
  told(what: string, pattern: RegExp): Promise<void>;
  runs(name: string): Promise<void>;
  settled(): Promise<void>;
  /** The files of all records, by name. */
  records(): Promise<Readonly<Record<string, string>>>;
}

async function bench(t: After, on: Host, source: string): Promise<Bench> {
  const write = (files: Readonly<Record<string, string>>): Promise<void> => writeFiles(source, files);
  await write({ 'web.yaml': pod('web', 'localhost/bb:1'), 'conf.yaml': config('web', 'one') });
  const agent = await on.startOn(source);
  t.after(() => agent.stop().then(() => undefined));
  const linesOf = (what: string) => (): string =>
    agent
      .output()
      .split('\n')
      .filter(line => line.includes(what))
      .join(' ');
  const told: Bench['told'] = async (what, pattern) =>
    void (await eventually(`${what} is told`, linesOf(what), text => pattern.test(text)));
  const runs = async (name: string): Promise<void> => {
    const state = async (): Promise<string | undefined> => (await on.containers()).get(name)?.State;
    await eventually(`${name} runs`, state, found => found === 'running');
  };
  const settled = async (): Promise<void> => {
    const plan = async (): ReturnType<Host['podstead']> => on.podstead('plan', source);
    await eventually('nothing is left to do', plan, ({ code }) => code === 0);
  };
  const records = async (): Promise<Readonly<Record<string, string>>> => {
    const dir = join(on.state, 'podstead', 'pods');
    const names = (await readdir(dir)).sort();
    return Object.fromEntries(
      await Promise.all(names.map(async name => [name, await readFile(join(dir, name), 'utf8')])),
    );
  };
  await runs('web-main');
  await settled();
  return { on, agent, write, told, runs, settled, records };
}

/** Id and start of everything that was there before. */
function assertUntouched(before: Listing, now: Listing): void {
  for (const [name, { Id, StartedAt }] of before)
    assert.deepEqual([now.get(name)?.Id, now.get(name)?.StartedAt], [Id, StartedAt], name);
}

describe('the disk of the engine and of the state is full', () => {
  const cleaning = cleanUps();
  const outerTmp = process.env.TMPDIR;
  let disk: SmallDisk;
  let on: Bench;
  let untouched: Listing;
  before(async () => {
    const source = await mkdtemp(join(tmpdir(), 'pdm-'));
    cleaning.after(() => rm(source, { recursive: true }));
    disk = await smallDisk(cleaning, 128);
    // The store, the engine's directory for blobs and the state: all on one disk, as on most machines.
    process.env.TMPDIR = disk.path;
    on = await bench(cleaning, await host(cleaning), source);
    untouched = await listed(on.on.engine, true);
  });
  after(() => {
    if (outerTmp === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = outerTmp;
  });
  /** What the container sees: on a full disk, not even an exec works. */
  const says = async (): Promise<string> => {
    const { stdout } = await on.on.engine.podman('inspect', '--format', '{{.State.Pid}}', 'web-main');
    return readFile(`/proc/${stdout.trim()}/root/conf/says`, 'utf8');
  };

  test('a pull, a build, a new pod and changed files fail with what to do, and what runs is untouched', async () => {
    const registry = await hostileRegistry(cleaning, 'pulled', 8 * 2 ** 20);
    const before = await on.records();
    await disk.fill();
    await on.write({
      'pulled.yaml': pod('pulled', `${registry.host}/team/pulled:1`),
      'built.yaml': pod('built', 'localhost/built:1'),
      'built/Containerfile': 'FROM localhost/bb:1\nRUN head -c 4000000 /dev/zero > /zeros\n',
      'new.yaml': pod('new', 'localhost/bb:1'),
      'conf.yaml': config('web', 'two'),
    });
    for (const what of ['team/pulled:1', 'localhost/built:1', 'Pod/default/new', 'Pod/default/web'])
      await on.told(what, /DISK_FULL.*[Ff]ree/);
    assertUntouched(untouched, await listed(on.on.engine, true));
    assert.equal(await says(), 'one');
    const records = await on.records();
    for (const [name, text] of Object.entries(before)) assert.equal(records[name], text, 'a record is as it was');
    // 4.3 cannot even list its images then, 5.4 can; a resident agent goes on with those of its last look.
    const status = await on.on.podstead('status', '-o', 'json');
    if (status.code !== 0) assert.match(status.stderr, /no space left on device[\s\S]*Free space/);
  });

  test('with space again it converges, and what ran before has run on', async () => {
    await disk.free();
    for (const name of ['pulled-main', 'built-main', 'new-main']) await on.runs(name);
    await eventually('the files are new', says, text => text === 'two');
    await on.settled();
    assertUntouched(untouched, await listed(on.on.engine, true));
    const left = (await readdir(join(on.on.state, 'podstead'), { recursive: true })).filter(name =>
      /\.tmp$/.test(name),
    );
    assert.deepEqual(left, []);
  });
});

describe('the disk of the state alone is full', () => {
  const cleaning = cleanUps();
  let disk: SmallDisk;
  let on: Bench;
  let untouched: Listing;
  before(async () => {
    const made = await host(cleaning);
    disk = await smallDisk(cleaning, 8);
    const source = await mkdtemp(join(tmpdir(), 'pdm-'));
    cleaning.after(() => rm(source, { recursive: true }));
    on = await bench(cleaning, withState(cleaning, made, disk.path), source);
    untouched = await listed(made.engine, true);
  });
  const dataOf = (file: string): Promise<string> =>
    on.on.engine.podman('exec', 'web-main', 'cat', file).then(found => found.stdout);

  test('files and records stay as they were, and what ends is started all the same', async () => {
    const before = await on.records();
    await disk.fill();
    const startOf = async (): Promise<number> => (await on.on.containers()).get('web-main')?.StartedAt ?? 0;
    const starts = [await startOf()];
    for (const _ of [1, 2]) {
      const last = starts.at(-1) ?? 0;
      await eventually(
        'a start in another second can be told',
        () => Date.now() / 1000,
        now => now > last + 1,
      );
      await on.on.engine.podman('kill', 'web-main');
      starts.push(await eventually('web was started again', startOf, start => start > last));
    }
    // Restarts are counted all the same: the second waits for the back-off.
    const [, first = 0, second = 0] = starts;
    assert.ok(second - first >= 10, `${second - first} s`);
    untouched = await listed(on.on.engine, true);
    await on.write({ 'conf.yaml': config('web', 'two'), 'new.yaml': pod('new', 'localhost/bb:1') });
    await on.told('Pod/default/web', /DISK_FULL.*[Ff]ree/);
    await on.told('Pod/default/new', /DISK_FULL.*[Ff]ree/);
    assert.equal(await dataOf('/conf/says'), 'one');
    assertUntouched(untouched, await listed(on.on.engine, true));
    const records = await on.records();
    assert.deepEqual(Object.keys(records), Object.keys(before));
    assert.deepEqual(records, before);
  });

  test('with space again it converges', async () => {
    await disk.free();
    await on.runs('new-main');
    await eventually(
      'the files are new',
      () => dataOf('/conf/says'),
      text => text === 'two',
    );
    await on.settled();
    const left = await readdir(join(on.on.state, 'podstead'), { recursive: true });
    assert.deepEqual(
      left.filter(name => /\.tmp$|\.lost$|\.\.new-/.test(name)),
      [],
    );
    assert.equal(await on.agent.stop(), 0);
    const record: unknown = JSON.parse((await on.records())['Pod_default_web.json'] ?? '');
    assert.match(JSON.stringify(record), /"main":\{"backoffCount":2,"restarts":2/, 'what was counted is kept');
  });
});

/** The host with its state directory elsewhere. */
function withState(t: After, on: Host, state: string): Host {
  const env = { ...on.env, STATE_DIRECTORY: state };
  return {
    ...on,
    state,
    env,
    podstead: (...args) => run('node', [program, ...args], env),
    startOn: (directory, ...args) => startAgent(t, ['run', directory, ...args], env),
  };
}
