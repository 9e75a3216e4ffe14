import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent, untilRunning } from './agent.ts';
import { onePod } from './manifests.ts';
import { type Figures, figuresOf } from './measure.ts';
import { type Usage, usageOf } from './proc.ts';
import { type Arena, clear } from './scenarios.ts';
import { openWitness } from './witness.ts';

/** How long after the last container started the work is over: events, records, and the last pass; in ms. */
const calmMs = 20_000;
/** Between two samples, in ms. The runs of memory are one sample each. */
export const restSampleMs = 5000;

/**
 * `count` one-container pods, brought up by the agent and then left alone for `seconds`: CPU in percent of one core,
 * memory in MB, of agent and engine's service each and summed, and what a list costs the engine.
 */
export async function atRest(arena: Arena, count: number, seconds: number): Promise<ReadonlyMap<string, Figures>> {
  const source = await mkdtemp(join(arena.dir, 'rest-'));
  for (let index = 0; index < count; index++) {
    await writeFile(join(source, `pod-${index}.yaml`), onePod(`pod-${index}`));
  }
  const witness = await openWitness(arena.engine.socket, join(arena.dir, 'rest.sock'));
  const agent = startAgent(arena, source, witness.socket);
  try {
    await untilRunning(arena, count);
    await sleep(calmMs);
    const start = performance.now();
    const figures = await watch({ agent: agent.pid, engine: arena.engine.pid() }, seconds);
    const calls = witness.since(start).filter(({ path }) => !path.includes('/events')).length;
    return new Map([
      ...figures,
      ['calls of the agent', figuresOf([calls])],
      ["engine's CPU for a list, ms", figuresOf([await listCost(arena)])],
    ]);
  } finally {
    await agent.stop();
    witness.close();
    await clear(arena);
    await rm(source, { recursive: true });
  }
}

interface Pids {
  readonly agent: number;
  readonly engine: number;
}

async function watch(pids: Pids, seconds: number): Promise<ReadonlyMap<string, Figures>> {
  const start = performance.now();
  const before = { agent: usageOf(pids.agent), engine: usageOf(pids.engine) };
  const samples: (typeof before)[] = [];
  while (performance.now() - start < seconds * 1000) {
    await sleep(Math.min(restSampleMs, seconds * 1000));
    samples.push({ agent: usageOf(pids.agent), engine: usageOf(pids.engine) });
  }
  const tookMs = performance.now() - start;
  const { agent, engine } = samples.at(-1) ?? before;
  const share = (from: Usage, to: Usage): number => (100 * (cpuOf(to) - cpuOf(from))) / tookMs;
  const cpu = { agent: share(before.agent, agent), engine: share(before.engine, engine) };
  const memory = (name: 'rss' | 'pss'): readonly (readonly [string, readonly number[]])[] => [
    [`agent ${name.toUpperCase()}, MB`, samples.map(sample => sample.agent[name] / 1e6)],
    [`engine ${name.toUpperCase()}, MB`, samples.map(sample => sample.engine[name] / 1e6)],
    [`sum ${name.toUpperCase()}, MB`, samples.map(sample => (sample.agent[name] + sample.engine[name]) / 1e6)],
  ];
  const runs: readonly (readonly [string, readonly number[]])[] = [
    ...memory('rss'),
    ...memory('pss'),
    ['agent CPU, % of a core', [cpu.agent]],
    ['engine CPU, % of a core', [cpu.engine]],
    ['sum CPU, % of a core', [cpu.agent + cpu.engine]],
    ['seconds', [tookMs / 1000]],
  ];
  return new Map(runs.map(([name, values]) => [name, figuresOf(values)]));
}

function cpuOf({ cpuMs, childrenCpuMs }: Usage): number {
  return cpuMs + childrenCpuMs;
}

/** What the engine itself takes for each list, in ms of CPU: resyncing more often costs this much more often. */
async function listCost({ bare, engine }: Arena): Promise<number> {
  const times = 20;
  const before = usageOf(engine.pid());
  for (let time = 0; time < times; time++) await bare.call('GET', '/containers/json?all=true');
  return (usageOf(engine.pid()).cpuMs - before.cpuMs) / times;
}
