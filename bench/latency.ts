import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent, untilRunning } from './agent.ts';
import { containerSpec } from './floor.ts';
import { onePod } from './manifests.ts';
import { type Figures, figuresOf } from './measure.ts';
import { type Arena, clear } from './scenarios.ts';
import { openWitness, type Passed, type Witness } from './witness.ts';

/** An agent that keeps some pods, with a proxy between it and the engine. */
interface Kept {
  readonly arena: Arena;
  readonly source: string;
  readonly proxy: Witness;
  readonly count: number;
}

/** Time for the events of one round to pass before the next: none of them is to help the next along. */
const calmMs = 3000;

/** `count` pods kept by an agent: edits and kills, from the moment they happen to what the agent does about them. */
export async function latencies(arena: Arena, count: number): Promise<ReadonlyMap<string, Figures>> {
  const source = await mkdtemp(join(arena.dir, 'kept-'));
  for (let index = 0; index < count; index++) await put(source, index, 0);
  const proxy = await openWitness(arena.engine.socket, join(arena.dir, 'kept.sock'));
  const agent = startAgent(arena, source, proxy.socket);
  const kept: Kept = { arena, source, proxy, count };
  try {
    await untilRunning(arena, count);
    return new Map([...(await edits(kept)), ...(await kills(kept))]);
  } finally {
    await agent.stop();
    proxy.close();
    await clear(arena);
    await rm(source, { recursive: true });
  }
}

/** Writes a manifest as editors and git do: another file, renamed over it. Returns when that was done. */
async function put(source: string, index: number, edit: number): Promise<number> {
  const path = join(source, `pod-${index}.yaml`);
  await writeFile(`${path}.new`, onePod(`pod-${index}`, edit));
  await rename(`${path}.new`, path);
  return performance.now();
}

const isRead = ({ method }: Passed): boolean => method === 'GET' || method === 'HEAD';

async function edits({ arena, source, proxy, count }: Kept): Promise<ReadonlyMap<string, Figures>> {
  const found = new Map<string, number[]>();
  const note = (name: string, ms: number): void => {
    found.set(name, [...(found.get(name) ?? []), ms]);
    process.stderr.write(`  ${name}: ${ms.toFixed(0)} ms\n`);
  };
  let running = count;
  for (let round = 0; round < 2 * arena.rounds; round++) {
    await sleep(calmMs);
    const isAddition = round % 2 === 1;
    const what = isAddition ? 'addition' : 'change';
    const at = await put(source, isAddition ? running++ : round, round + 1);
    const look = await proxy.first(at, () => true);
    const write = await proxy.first(at, call => !isRead(call));
    note(`${what} to the first call`, look.atMs - at);
    note(`${what} to the first call that writes`, write.atMs - at);
    note('of which the engine lists', listingMs(proxy, at, write.atMs));
    await untilRunning(arena, running);
  }
  return new Map([...found].map(([name, runs]) => [name, figuresOf(runs)]));
}

/** From the first list asked to the last one answered: what no agent that looks first can do without. */
function listingMs(proxy: Witness, from: number, to: number): number {
  const lists = proxy.since(from).filter(({ path, atMs }) => path.includes('/json') && atMs <= to);
  return Math.max(...lists.map(each => each.endMs ?? each.atMs)) - Math.min(...lists.map(each => each.atMs));
}

async function kills(kept: Kept): Promise<ReadonlyMap<string, Figures>> {
  const { arena, proxy } = kept;
  await floorPod(arena);
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < arena.rounds; round++) {
    await sleep(calmMs);
    // One that was not killed before: later exits wait for the back-off.
    const name = `pod-${kept.count - 1 - round}-main`;
    const at = await kill(arena, name);
    const start = await proxy.first(at, ({ method, path }) => method === 'POST' && path.includes('/start'));
    ours.push((await proxy.answered(start)) - at);
    await kill(arena, 'floor-main');
    await arena.bare.call('POST', '/containers/floor-main/wait?condition=exited');
    const before = performance.now();
    await arena.bare.call('POST', '/containers/floor-main/start');
    floor.push(performance.now() - before);
    process.stderr.write(
      `  kill to running: ${ours.at(-1)?.toFixed(0)} ms, bare start ${floor.at(-1)?.toFixed(0)} ms\n`,
    );
  }
  return new Map([
    ['kill to running again', figuresOf(ours)],
    ["engine's start of such a container", figuresOf(floor)],
  ]);
}

/** A pod of nobody's, as ours are made. */
async function floorPod({ bare }: Arena): Promise<void> {
  await bare.call('POST', '/pods/create', {
    name: 'floor',
    exit_policy: 'continue',
    netns: { nsmode: 'bridge' },
    Networks: { floor: {} },
  });
  await bare.call('POST', '/containers/create', containerSpec('floor', 'floor-main'));
  await bare.call('POST', '/containers/floor-main/start');
}

/** Kills a container's process behind the engine's back. Returns when that was done. */
async function kill({ bare }: Arena, name: string): Promise<number> {
  const { State } = (await bare.call('GET', `/containers/${name}/json`)) as {
    readonly State: { readonly Pid: number };
  };
  process.kill(State.Pid, 'SIGKILL');
  return performance.now();
}
