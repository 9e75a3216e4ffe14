import { setMaxListeners } from 'node:events';
import { probeAgent } from '../probe/agent.ts';
import { makeDial, type PodAddress, type Reach } from '../probe/dialer.ts';
import type { ProbeResult } from '../probe/fold.ts';
import { openHelper } from '../probe/helper.ts';
import { runHook } from '../probe/hook.ts';
import type { Hooks, Probes, Target } from '../probe/ports.ts';
import { healthWriter, readHealth } from '../record/health.ts';
import type { Context } from './context.ts';
import { healthPath } from './health-path.ts';
import { helperWord } from './helper-word.ts';
import type { World } from './world.ts';

/** What runs probes and hooks, for one command. */
export interface Probing {
  readonly probes: Probes;
  readonly hooks: Hooks;
  end(): void;
}

/** Starts nothing: a helper is started by the first probe that needs it. */
export function makeProbing(context: Context, world: World): Probing {
  const { clock } = context;
  const path = healthPath(context, world);
  // One listener on the command's signal, however many probes run.
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  context.signal.addEventListener('abort', () => over.abort(context.signal.reason), { once: true });
  const { reach, end } = reachOf({ ...context, signal: over.signal }, world);
  const dial = makeDial(reach);
  const probes = probeAgent({
    clock,
    dial,
    random: Math.random,
    remembered: readHealth(path).containers,
    save: healthWriter(path),
  });
  const target = (container: string): Target => {
    // A hook runs once a start: nothing is kept of its address.
    return { containerId: container, infraId: container, infraStartedAtMs: clock.now() };
  };
  // Hooks are part of steps, which may go on for a while when the command is told to end.
  const hooked = reachOf({ ...context, signal: new AbortController().signal }, world);
  const hooks: Hooks = {
    run: (handler, { container }, opts) => {
      const { signal } = opts;
      const exec: Reach['exec'] = (id, command, timeoutMs) => execResult(world, { id, command, timeoutMs, signal });
      return runHook(handler, { dial: makeDial({ ...hooked.reach, exec }), clock, target: target(container) }, opts);
    },
  };
  const endBoth = (): void => {
    end();
    hooked.end();
  };
  return { probes, hooks, end: endBoth };
}

function reachOf(context: Context, world: World): { readonly reach: Reach; readonly end: () => void } {
  const { engine, opened } = world;
  const { signal, clock, env } = context;
  const isRootless = rootlessOf(engine, signal);
  const known = new Map<string, Promise<PodAddress | undefined>>();
  const ask = async (id: string): Promise<PodAddress | undefined> => {
    const address = await engine.addressOf(id, { signal }).catch(() => undefined);
    if (address?.network === 'host') return { ip: '127.0.0.1', fromHost: true };
    const rootless = address && (await isRootless().catch(() => undefined));
    return rootless === undefined ? undefined : address && { ip: address.ip, fromHost: !rootless };
  };
  const helper = openHelper(
    {
      argv: ['podman', 'unshare', '--rootless-netns', process.execPath, process.argv[1] ?? '', helperWord],
      env: { ...env, ...opened.env, CONTAINER_HOST: undefined },
    },
    () => clock.now(),
  );
  const reach: Reach = {
    exec: (id, command, timeoutMs) => execResult(world, { id, command, timeoutMs, signal }),
    inside: dial => helper.dial(dial),
    addressOf: async ({ infraId, infraStartedAtMs }) => {
      const key = `${infraId} ${infraStartedAtMs}`;
      // Pods come and go; asking once more after so many does no harm.
      if (known.size > 10_000) known.clear();
      const found = known.get(key) ?? ask(infraId);
      known.set(key, found);
      const address = await found;
      if (address === undefined) known.delete(key);
      return address;
    },
  };
  return { reach, end: () => helper.end() };
}

/** Asks the engine once, when it first matters: the socket may be anybody's, by its owner or through a proxy. */
function rootlessOf(engine: World['engine'], signal: AbortSignal): () => Promise<boolean> {
  let asked: Promise<boolean> | undefined;
  return () => {
    asked ??= engine.info({ signal }).then(({ rootless }) => rootless);
    asked.catch(() => {
      asked = undefined;
    });
    return asked;
  };
}

interface Exec {
  readonly id: string;
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function execResult({ engine }: World, { id, command, timeoutMs, signal }: Exec): Promise<ProbeResult> {
  try {
    const { exitCode, output } = await engine.execOnce(id, { command, timeoutMs, signal });
    if (exitCode === 0) return { ok: true, message: '' };
    const said = firstLine(output);
    const ended = exitCode === undefined ? `did not end within ${timeoutMs / 1000} s` : `exit code ${exitCode}`;
    return { ok: false, message: said === '' ? ended : `${ended}: ${said}` };
  } catch (error) {
    return { ok: undefined, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Longest line of a command's output in a message, in characters. */
const saidLength = 120;

function firstLine(output: string): string {
  const line =
    output
      .trim()
      .split('\n')[0]
      ?.replace(/\p{Control}/gu, ' ') ?? '';
  return line.length > saidLength ? `${line.slice(0, saidLength)}…` : line;
}
