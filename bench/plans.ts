import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { makeLoad } from '../src/cli/desire.ts';
import { fingerprint } from '../src/desired/pod.ts';
import type { Actual } from '../src/model/actual.ts';
import type { Desired } from '../src/model/desired.ts';
import type { Key } from '../src/model/key.ts';
import { defaultOwner } from '../src/model/names.ts';
import type { Plan } from '../src/model/plan.ts';
import type { PodRecord } from '../src/model/record.ts';
import { makePlan } from '../src/plan/plan.ts';
import { directorySource } from '../src/source/dir.ts';
import { applied, now } from '../test/plan/scenario.ts';
import { everyday } from './manifests.ts';
import { type Figures, figuresOf } from './measure.ts';
import { type Arena, node, podstead } from './scenarios.ts';

/** Edits before those that count: the engine's compiler has seen the code by then, as in an agent that runs for long. */
const warmUp = 10;

/**
 * A source of `count` manifests: `podstead plan` of it on an engine that has nothing, and then what the resident loop
 * does after one edit, in a world in which all of it runs. Between the two: the reader, the loader, the resolver and
 * the planner are the agent's; only the world is made up, as no test machine holds so many pods.
 */
export async function plans(arena: Arena, count: number): Promise<ReadonlyMap<string, Figures>> {
  const dir = await mkdtemp(join(arena.dir, 'large-'));
  await writeLarge(dir, count);
  const bare: number[] = [];
  const whole: number[] = [];
  for (let round = 0; round < arena.rounds; round++) {
    bare.push((await node(arena).run()) ?? Number.NaN);
    // 2: there are changes.
    whole.push(await podstead(arena, ['plan', dir, '--output', 'json'], [2]));
    process.stderr.write(`  podstead plan: ${whole.at(-1)?.toFixed(0)} ms\n`);
  }
  const edited = await edits(dir, 5 * arena.rounds);
  await rm(dir, { recursive: true });
  return new Map([
    ['node -e 0', figuresOf(bare)],
    ['podstead plan', figuresOf(whole)],
    ...[...edited].map(([name, runs]) => [name, figuresOf(runs)] as const),
  ]);
}

/** Writes a large source, old enough for its files' times to prove that they did not change. */
async function writeLarge(dir: string, count: number): Promise<void> {
  const old = new Date(Date.now() - 3_600_000);
  for (let index = 0; index < count; index++) {
    const { path, text } = everyday(index);
    const file = join(dir, path);
    if (index % 100 === 0) await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await utimes(file, old, old);
  }
}

/** Replaces one file of a large source as editors do: another beside it, renamed over it. */
async function edit(dir: string, index: number, times: number): Promise<void> {
  const { path, text } = everyday(index, times);
  const file = join(dir, path);
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

async function edits(dir: string, times: number): Promise<ReadonlyMap<string, readonly number[]>> {
  const { signal } = new AbortController();
  const source = directorySource(dir, { cwd: dir });
  const load = makeLoad({ owner: defaultOwner, strict: false });
  const plan = (desired: Desired, actual: Actual, records: ReadonlyMap<Key, PodRecord>): Plan =>
    makePlan(desired, actual, {
      now,
      owner: defaultOwner,
      records,
      busy: new Set(),
      prune: new Set(),
      retryNow: false,
      keepStanding: true,
      uid: key => key,
      fingerprint,
    });
  const { desired } = await load(await source.read({ signal }));
  const actual = applied(desired);
  const pods = [...actual.pods.values()];
  const records = new Map(pods.flatMap(({ key, record }) => (record === undefined ? [] : [[key, record] as const])));
  const parts = { 'after one edit: read': [], 'after one edit: load': [], 'after one edit: plan': [] };
  const found = new Map<string, number[]>([['after one edit', []], ...Object.entries(parts)]);
  for (let time = -warmUp; time < times; time++) {
    // The same pod each time, so that one alone differs from the standing world; no ConfigMap, which nine would follow.
    await edit(dir, 2, time + warmUp + 1);
    const started = performance.now();
    const snapshot = await source.read({ signal });
    const read = performance.now();
    const loaded = await load(snapshot);
    const resolved = performance.now();
    const { steps } = plan(loaded.desired, actual, records);
    const ended = performance.now();
    if (steps.length === 0) throw new Error('Expected steps for the edited pod, found none');
    if (time < 0) continue;
    found.get('after one edit')?.push(ended - started);
    found.get('after one edit: read')?.push(read - started);
    found.get('after one edit: load')?.push(resolved - read);
    found.get('after one edit: plan')?.push(ended - resolved);
  }
  return found;
}
