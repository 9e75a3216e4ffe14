import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { before, test } from 'node:test';
import { type Machine, machine } from '../machine/machine.ts';
import { containersOf, main, makeImage, podText, type Seen } from '../machine/pods.ts';
import { onEachDebian } from '../machine/suite.ts';
import { cleanUps, writeFiles } from './podstead.ts';

/** `npm run test:long` sets it above 1: then every effect is cut off at. */
const isLong = Number(process.env.TEST_SCALE ?? 1) > 1;

const directory = '/etc/podstead/manifests';
const units = '/etc/systemd/system';
const [one, two] = ['podstead-pod-one.service', 'podstead-pod-two.service'];

interface Cut {
  readonly at: number;
  readonly when: 'before' | 'after';
}

interface Phase {
  readonly name: string;
  /** Makes the host as it is before the change. */
  readonly reset: () => Promise<unknown>;
  readonly wanted: readonly string[];
  readonly gone: readonly string[];
}

onEachDebian('the writer of boot units is killed at each of its effects', debian => {
  const cleaning = cleanUps();
  let on: Machine;
  before(async () => {
    on = await machine(cleaning, debian, root =>
      copyFile(resolve(import.meta.dirname, '../crash/killer.mjs'), join(root, 'killer.mjs')),
    );
    await makeImage(on.must);
    await writeFiles(join(on.root, directory), {
      'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
      'one.yaml': podText('one', { command: main('one') }),
      'two.yaml': podText('two', { command: main('two') }),
    });
    await on.must('podstead', 'apply', directory);
  });

  const write = ['podstead', 'run', directory, '--once', '--units', units];

  /** Writes units, and is killed at an effect, where it comes to that. */
  async function writeCut(cut?: Cut): Promise<{ readonly effects: readonly string[]; readonly killed: boolean }> {
    const log = join(on.root, 'effects');
    await rm(log, { force: true });
    const env = ['NODE_OPTIONS=--import=file:///killer.mjs', 'CRASH_LOG=/effects'];
    const how = cut === undefined ? [] : [`CRASH_AT=${cut.at}`, `CRASH_WHEN=${cut.when}`];
    const { code, stderr } = await on.run('env', ...env, ...how, ...write);
    const lines = (await readFile(log, 'utf8')).split('\n').filter(line => line !== '');
    if (cut === undefined) assert.equal(code, 0, stderr);
    const effects = lines.filter(line => line !== 'killed').map(line => line.replace(/^\d+ /, ''));
    return { effects, killed: lines.includes('killed') };
  }

  /** Temporary files count as left behind once they are a minute old. */
  async function age(): Promise<void> {
    const old = new Date(Date.now() - 3_600_000);
    for (const name of await readdir(join(on.root, units)))
      if (name.endsWith('.podstead-tmp')) await utimes(join(on.root, units, name), old, old);
  }

  async function show(unit: string): Promise<Record<string, string>> {
    const names = ['LoadState', 'ActiveState', 'UnitFileState', 'NeedDaemonReload', 'ExecStart'];
    const text = await on.systemctl('show', `--property=${names.join(',')}`, unit);
    const pairs = text
      .trim()
      .split('\n')
      .map(line => line.split('=', 2) as [string, string]);
    const { ExecStart = '', ...rest } = Object.fromEntries(pairs);
    return { ...rest, starts: String(ExecStart !== '') };
  }

  async function check({ wanted, gone }: Phase, before: Record<string, Seen>, what: string): Promise<void> {
    for (const unit of wanted) {
      const states = { LoadState: 'loaded', ActiveState: 'active', UnitFileState: 'enabled', NeedDaemonReload: 'no' };
      assert.deepEqual(await show(unit), { ...states, starts: 'true' }, `${what}: ${unit}`);
    }
    for (const unit of gone) {
      const { LoadState, ActiveState } = await show(unit);
      assert.deepEqual([LoadState, ActiveState], ['not-found', 'inactive'], `${what}: ${unit}`);
    }
    const entries = await readdir(join(on.root, units), { recursive: true });
    const ours = entries.filter(entry => entry.includes('podstead')).toSorted();
    assert.deepEqual(ours, wanted.flatMap(unit => [`multi-user.target.wants/${unit}`, unit]).toSorted(), what);
    const adopting = await on.must('find', '/run/systemd/system', '-name', '*podstead*');
    assert.equal(adopting, '', `${what}: drop-ins`);
    assert.deepEqual(await containersOf(on.must), before, `${what}: no container noticed`);
  }

  const phases: readonly Phase[] = [
    {
      name: 'units are written and taken over as started',
      // Forgotten before they are stopped, so that no stop command runs.
      reset: () =>
        on.must(
          ...['sh', '-c'],
          `rm -f ${units}/podstead-pod-* ${units}/*.wants/podstead-pod-*; systemctl daemon-reload; systemctl stop ${one} ${two} || :`,
        ),
      wanted: [one, two],
      gone: [],
    },
    {
      name: 'the unit of a pod that is gone is forgotten',
      reset: async () => {
        await on.must('podstead', 'apply', directory);
        await on.must(...write);
        await on.must('podstead', 'down', `${directory}/two.yaml`);
        await rm(join(on.root, 'two.yaml'), { force: true });
        await on.must('mv', `${directory}/two.yaml`, '/two.yaml');
      },
      wanted: [one],
      gone: [two],
    },
  ];

  for (const phase of phases) {
    test(`${phase.name}, though it is killed and run again`, async t => {
      const prepare = async (): Promise<void> => {
        await on.run('mv', '/two.yaml', `${directory}/two.yaml`);
        await phase.reset();
      };
      await prepare();
      const { effects } = await writeCut();
      await check(phase, await containersOf(on.must), 'undisturbed');
      t.diagnostic(effects.join(', '));
      const all = effects.flatMap((_, i) => [
        { at: i + 1, when: 'before' } as const,
        { at: i + 1, when: 'after' } as const,
      ]);
      const cuts = isLong ? all : all.filter((_, i) => i % 5 === 2);
      let kills = 0;
      for (const cut of cuts) {
        await prepare();
        const before = await containersOf(on.must);
        if ((await writeCut(cut)).killed) kills += 1;
        await age();
        await on.must(...write);
        await check(phase, before, `${effects[cut.at - 1]}, ${JSON.stringify(cut)}`);
      }
      t.diagnostic(`killed ${kills} times at ${cuts.length} of ${2 * effects.length} places`);
      // The state directory is written to meanwhile: a run may have an effect more or less.
      assert.ok(kills >= cuts.length * 0.8, `${kills} kills`);
    });
  }
});
