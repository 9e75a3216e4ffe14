// `npm run bench [-- --rounds N] [--only TEXT] [--rest 10m] [--write]`: measures side by side on a private engine.
// `npm run bench -- --soak 1h [--write]`: edits and kills at random for so long, with the agent's memory watched.
// --write keeps the figures in bench/results/, docs/benchmarks.md and docs/plots/; what was not measured stays there.
import { parseArgs } from 'node:util';
import { parseDuration } from '../src/cli/duration.ts';
import { busyboxImage, privatePodman } from '../test/e2e/host.ts';
import { buildScenario, builds } from './builds.ts';
import { keep, keepSoak } from './keep.ts';
import { latencies } from './latency.ts';
import type { Figures } from './measure.ts';
import { plans } from './plans.ts';
import { keptScenario, restScenario, rowsOf, tableOf } from './report.ts';
import { atRest } from './rest.ts';
import { type Arena, closeArena, coldStart, noChange, oneContainer, openArena, planDirectory } from './scenarios.ts';
import { soak } from './soak.ts';
import { starts } from './starts.ts';

/** What the targets of memory, latency and rest are set for. */
const manyPods = 110;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rest: { type: 'string', default: '10m' },
    soak: { type: 'string' },
  },
});

const scenarios: readonly (readonly [name: string, run: (arena: Arena) => Promise<ReadonlyMap<string, Figures>>])[] = [
  ['20 pods from nothing', arena => coldStart(arena, 20)],
  ['50 pods from nothing', arena => coldStart(arena, 50)],
  ['110 pods from nothing', arena => coldStart(arena, manyPods)],
  ['20 pods, nothing changed', arena => noChange(arena, 20, { replace: true })],
  ['110 pods, nothing changed', arena => noChange(arena, manyPods, { replace: false })],
  ['one container of three changed', arena => oneContainer(arena, 18_099)],
  ['plan of 50 unchanged manifests', arena => planDirectory(arena, 50)],
  ['1000 manifests', arena => plans(arena, 1000)],
  ['10000 manifests', arena => plans(arena, 10_000)],
  ['start of the command line', starts],
  [buildScenario, builds],
  [keptScenario, arena => latencies(arena, manyPods)],
  [restScenario, arena => atRest(arena, manyPods, parseDuration(values.rest) / 1000)],
];

const cleanUps: (() => Promise<void>)[] = [];
const engine = await privatePodman({ after: fn => void cleanUps.push(fn) });
await busyboxImage(engine.podman);
const arena = await openArena(engine, Number(values.rounds));
try {
  if (values.soak === undefined) await measure();
  else await endure(parseDuration(values.soak) / 1000);
} finally {
  await closeArena(arena);
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}

async function measure(): Promise<void> {
  const measured: Record<string, Readonly<Record<string, Figures>>> = {};
  for (const [name, run] of scenarios) {
    if (!name.includes(values.only)) continue;
    process.stderr.write(`${name}\n`);
    measured[name] = Object.fromEntries(await run(arena));
  }
  process.stdout.write(`${tableOf(rowsOf(measured, undefined))}\n`);
  if (values.write) await keep(measured);
}

async function endure(seconds: number): Promise<void> {
  const soaked = await soak(arena, manyPods, seconds);
  process.stdout.write(`${JSON.stringify(soaked.done)}\n${tableOf(rowsOf({}, soaked))}\n`);
  if (values.write) await keepSoak(soaked);
}
