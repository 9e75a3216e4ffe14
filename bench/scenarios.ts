import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { PrivatePodman } from '../test/e2e/host.ts';
import { type Bare, bare, containerSpec, createPods } from './floor.ts';
import { longestGap } from './gap.ts';
import { onePod, onePods, threePod } from './manifests.ts';
import { type Contestant, compare, type Figures, timed } from './measure.ts';
import { bareLook, widths } from './report.ts';
import { resident } from './resident.ts';

/** The program as it is shipped. */
export const program: string = resolve(import.meta.dirname, '../dist/podstead.cjs');

/** Where the contestants meet: one engine, one directory, one environment. */
export interface Arena {
  readonly engine: PrivatePodman;
  readonly bare: Bare;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly rounds: number;
}

/** Opens an arena on a private engine. */
export async function openArena(engine: PrivatePodman, rounds: number): Promise<Arena> {
  const dir = await mkdtemp(join(tmpdir(), 'pdb-'));
  const env = {
    ...engine.env,
    CONTAINER_HOST: engine.url,
    STATE_DIRECTORY: join(dir, 'state'),
    RUNTIME_DIRECTORY: join(dir, 'run'),
    NO_COLOR: '1',
  };
  await engine.podman('network', 'create', 'floor');
  return { engine, bare: bare(engine.socket), dir, env, rounds };
}

/** Removes what an arena left outside the engine. */
export async function closeArena(arena: Arena): Promise<void> {
  arena.bare.close();
  await rm(arena.dir, { recursive: true, force: true });
}

const look = resolve(import.meta.dirname, 'look.cjs');

/** Runs the program to its end. */
export const podstead = (arena: Arena, args: readonly string[], allowed?: readonly number[]): Promise<number> =>
  timed('node', [program, ...args], arena.env, allowed);
const podman = (arena: Arena, ...args: string[]): Promise<number> =>
  timed('podman', [...arena.engine.storeArgs, ...args], arena.engine.env);
/** A bare start of Node. */
export const node = (arena: Arena): Contestant => ({
  name: 'node -e 0',
  run: () => timed('node', ['-e', '0'], arena.env),
});

/** Removes every pod, some at once: podman's own `pod rm --all` takes them one by one. */
export async function clear({ bare: engine }: Arena): Promise<void> {
  const pods = (await engine.call('GET', '/pods/json')) as readonly { readonly Id: string }[];
  const ids = pods.map(({ Id }) => Id);
  const worker = async (): Promise<void> => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop())
      await engine.call('DELETE', `/pods/${id}?force=true&timeout=0`);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

/** `count` pods from nothing: bare calls at several widths, podstead apply, podman kube play. */
export async function coldStart(arena: Arena, count: number): Promise<ReadonlyMap<string, Figures>> {
  const file = join(arena.dir, 'pods.yaml');
  await writeFile(file, onePods(count));
  const before = (): Promise<void> => clear(arena);
  const floor = (width: number): Contestant => ({
    name: `engine's calls, ${width} at once`,
    before,
    run: async () => {
      await createPods(arena.bare, count, width, 'floor');
      return undefined;
    },
  });
  const result = await compare(
    [
      node(arena),
      ...widths.map(floor),
      { name: 'podstead apply', before, run: () => podstead(arena, ['apply', file]) },
      { name: 'podman kube play', before, run: () => podman(arena, 'kube', 'play', '-q', file) },
    ],
    arena.rounds,
  );
  await clear(arena);
  return result;
}

/** Nothing changed: what a pass that finds nothing costs, beside the engine's own list and `kube play --replace`. */
export async function noChange(
  arena: Arena,
  count: number,
  opts: { readonly replace: boolean },
): Promise<ReadonlyMap<string, Figures>> {
  const file = join(arena.dir, 'pods.yaml');
  await writeFile(file, onePods(count));
  await podstead(arena, ['apply', file]);
  const list: Contestant = {
    name: "engine's containers/json",
    run: async () => {
      await arena.bare.call('GET', '/containers/json?all=true');
      return undefined;
    },
  };
  const agent = await resident(arena.engine.socket, join(arena.dir, 'state'), [file]);
  const aPass: Contestant = {
    name: 'a pass of the agent',
    run: async () => {
      const steps = await agent.pass();
      if (steps > 0) throw new Error(`Expected nothing to do, found ${steps} steps`);
      return undefined;
    },
  };
  // The first pass reads every file; the agent's later ones are what counts.
  await agent.pass();
  const own = await compare(
    [
      node(arena),
      list,
      aPass,
      { name: bareLook, run: () => timed('node', [look, arena.engine.socket], arena.env) },
      { name: 'podstead apply', run: () => podstead(arena, ['apply', file]) },
      { name: 'podstead plan', run: () => podstead(arena, ['plan', file]) },
    ],
    Math.max(arena.rounds, 9),
  );
  await agent.close();
  await clear(arena);
  if (!opts.replace) return own;
  await podman(arena, 'kube', 'play', '-q', file);
  const replace = await compare(
    [{ name: 'podman kube play --replace', run: () => podman(arena, 'kube', 'play', '-q', '--replace', file) }],
    Math.min(arena.rounds, 3),
  );
  await clear(arena);
  return new Map([...own, ...replace]);
}

/** One container of three changed: how long a client sees it down, beside the engine's own remove, create and start. */
export async function oneContainer(arena: Arena, port: number): Promise<ReadonlyMap<string, Figures>> {
  const file = join(arena.dir, 'three.yaml');
  await writeFile(file, threePod('page-0', port));
  await podstead(arena, ['apply', file]);
  let page = 0;
  const command = ['-c', `mkdir -p /w; echo floor > /w/index.html; exec httpd -f -p 80 -h /w`];
  const replaceBare = async (): Promise<void> => {
    await arena.bare.call('DELETE', '/containers/three-two?force=true&timeout=0');
    const spec = containerSpec('three', 'three-two') as Record<string, unknown>;
    await arena.bare.call('POST', '/containers/create', { ...spec, entrypoint: ['sh'], command });
    await arena.bare.call('POST', '/containers/three-two/start');
  };
  const result = await compare(
    [
      {
        name: "engine's remove, create, start",
        before: async () => {
          await clear(arena);
          await podstead(arena, ['apply', file]);
        },
        run: () => longestGap(port, replaceBare),
      },
      {
        name: 'podstead apply',
        before: async () => {
          await clear(arena);
          await podstead(arena, ['apply', file]);
          page++;
          await writeFile(file, threePod(`page-${page}`, port));
        },
        run: () =>
          longestGap(port, async () => {
            await podstead(arena, ['apply', file]);
          }),
      },
    ],
    arena.rounds,
  );
  await clear(arena);
  return result;
}

/** `plan` of an unchanged directory of `count` manifests, with the engine answering. */
export async function planDirectory(arena: Arena, count: number): Promise<ReadonlyMap<string, Figures>> {
  const dir = await mkdtemp(join(arena.dir, 'many-'));
  for (let index = 0; index < count; index++) await writeFile(join(dir, `pod-${index}.yaml`), onePod(`pod-${index}`));
  await podstead(arena, ['apply', dir]);
  const list: Contestant = {
    name: "engine's containers/json",
    run: async () => {
      await arena.bare.call('GET', '/containers/json?all=true');
      return undefined;
    },
  };
  const run = (): Promise<number> => podstead(arena, ['plan', dir]);
  const result = await compare([node(arena), list, { name: 'podstead plan', run }], Math.max(arena.rounds, 9));
  await clear(arena);
  return result;
}
