import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent, untilRunning } from './agent.ts';
import { onePod } from './manifests.ts';
import { usageOf } from './proc.ts';
import { type Arena, clear } from './scenarios.ts';

/** The agent and the engine at one moment of a soak. */
export interface Sample {
  readonly atSeconds: number;
  readonly agentRssMb: number;
  readonly agentPssMb: number;
  readonly engineRssMb: number;
  /** CPU time so far, in ms. */
  readonly agentCpuMs: number;
  readonly engineCpuMs: number;
}

/** A soak from its first calm moment to its last. */
export interface Soak {
  readonly pods: number;
  readonly seconds: number;
  /** How often each thing was done to the pods. */
  readonly done: Readonly<Record<string, number>>;
  readonly samples: readonly Sample[];
  /** Growth of the agent's memory over the later three quarters, by least squares: MB an hour. */
  readonly growthMbPerHour: number;
  readonly highestRssMb: number;
}

interface Field {
  readonly arena: Arena;
  readonly source: string;
  /** Pods that the source declares, to their latest edit. */
  readonly declared: Map<string, number>;
  /** Names given so far: one that is removed does not come again. */
  names: number;
  edits: number;
}

const sampleMs = 5000;
/** Between two doings at most, in ms; at random, so that some fall together. */
const longestPauseMs = 3000;

/** `count` pods kept by an agent while manifests are edited and containers killed at random for `seconds`. */
export async function soak(arena: Arena, count: number, seconds: number): Promise<Soak> {
  const source = await mkdtemp(join(arena.dir, 'soak-'));
  const field: Field = { arena, source, declared: new Map(), names: 0, edits: 0 };
  while (field.declared.size < count) await add(field);
  const agent = startAgent(arena, source, arena.engine.socket);
  try {
    await untilRunning(arena, count);
    const done: Record<string, number> = {};
    const samples: Sample[] = [];
    const start = performance.now();
    const end = start + seconds * 1000;
    const watching = (async () => {
      for (; performance.now() < end; await sleep(sampleMs)) samples.push(sampleOf(arena, agent.pid, start));
    })();
    while (performance.now() < end) {
      const name = await disturb(field, count);
      done[name] = (done[name] ?? 0) + 1;
      await sleep(Math.random() * longestPauseMs);
    }
    await watching;
    // What was killed often waits for its back-off, at most five minutes: all of it comes back.
    await untilRunning(arena, field.declared.size);
    return { pods: count, seconds, done, samples, ...trendOf(samples) };
  } finally {
    await agent.stop();
    await clear(arena);
    await rm(source, { recursive: true });
  }
}

function sampleOf({ engine }: Arena, pid: number, start: number): Sample {
  const [own, other] = [usageOf(pid), usageOf(engine.pid())];
  return {
    atSeconds: (performance.now() - start) / 1000,
    agentRssMb: own.rss / 1e6,
    agentPssMb: own.pss / 1e6,
    engineRssMb: other.rss / 1e6,
    agentCpuMs: own.cpuMs,
    engineCpuMs: other.cpuMs,
  };
}

/** Does one thing to the source or to the engine, and says what. */
async function disturb(field: Field, count: number): Promise<string> {
  const size = field.declared.size;
  const dice = Math.random();
  if (dice < 0.1 && size > count - 5) return remove(field);
  if (dice < 0.2 && size < count + 5) return add(field);
  if (dice < 0.6) return edit(field);
  if (dice < 0.65) return touch(field);
  return dice < 0.85 ? kill(field) : removeContainer(field);
}

async function add(field: Field): Promise<string> {
  const name = `pod-${field.names++}`;
  await put(field, name, 0);
  field.declared.set(name, 0);
  return 'manifest added';
}

async function remove(field: Field): Promise<string> {
  const name = anyOf(field);
  field.declared.delete(name);
  await rm(join(field.source, `${name}.yaml`));
  return 'manifest removed';
}

async function edit(field: Field): Promise<string> {
  const name = anyOf(field);
  await put(field, name, ++field.edits);
  field.declared.set(name, field.edits);
  return 'container changed';
}

/** Written again as it is: nothing is to happen. */
async function touch(field: Field): Promise<string> {
  const name = anyOf(field);
  await put(field, name, field.declared.get(name) ?? 0);
  return 'manifest rewritten';
}

async function kill(field: Field): Promise<string> {
  await onContainer(field, 'POST', 'kill?signal=KILL');
  return 'container killed';
}

async function removeContainer(field: Field): Promise<string> {
  await onContainer(field, 'DELETE', '?force=true&timeout=0');
  return 'container removed';
}

/** It may be under way already: then the engine refuses, and that is a doing too. */
async function onContainer(field: Field, method: string, what: string): Promise<void> {
  const path = `/containers/${anyOf(field)}-main${what.startsWith('?') ? '' : '/'}${what}`;
  await field.arena.bare.call(method, path).catch(() => undefined);
}

async function put({ source }: Field, name: string, edits: number): Promise<void> {
  const path = join(source, `${name}.yaml`);
  await writeFile(`${path}.new`, onePod(name, edits));
  await rename(`${path}.new`, path);
}

function anyOf({ declared }: Field): string {
  return [...declared.keys()][Math.floor(Math.random() * declared.size)] ?? '';
}

function trendOf(samples: readonly Sample[]): Pick<Soak, 'growthMbPerHour' | 'highestRssMb'> {
  const later = samples.slice(Math.floor(samples.length / 4));
  const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [x, y] = [mean(later.map(each => each.atSeconds)), mean(later.map(each => each.agentRssMb))];
  const over = later.reduce((sum, each) => sum + (each.atSeconds - x) * (each.agentRssMb - y), 0);
  const under = later.reduce((sum, each) => sum + (each.atSeconds - x) ** 2, 0);
  return {
    growthMbPerHour: (3600 * over) / under,
    highestRssMb: Math.max(...samples.map(each => each.agentRssMb)),
  };
}
