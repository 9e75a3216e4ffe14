import { fingerprint } from '../../src/desired/pod.ts';
import { resolve } from '../../src/desired/resolve.ts';
import type { EngineAction } from '../../src/engine/engine.ts';
import { load } from '../../src/manifest/load.ts';
import type { ActualPod } from '../../src/model/actual.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { BuildContext, Snapshot } from '../../src/model/source.ts';
import { makePlan } from '../../src/plan/plan.ts';
import type { Hooks, Probes } from '../../src/probe/ports.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import { emptyTree, filesOf, type Tree } from '../arbitraries/edits.ts';
import { directory } from '../arbitraries/layout.ts';
import { images } from '../arbitraries/manifests.ts';
import type { FakeEngineOptions, Fault } from '../fakes/engine.ts';
import { type TestHost, testHost } from './host.ts';

/** Registries are asked that often, in ms. */
const checkEveryMs = 3_600_000;

/** What goes wrong with a world, call by call, and how slow it is, while it is not fair. */
export interface Weather {
  /** By effect, in order; none beyond the end. */
  readonly faults: readonly (Fault | undefined)[];
  readonly lookFaults: readonly (Fault | undefined)[];
  readonly recordFaults: readonly ('error' | 'lost' | undefined)[];
  /** Used up one after the other, over and over. In milliseconds. */
  readonly latenciesMs: readonly number[];
  /** How often each event is delivered. */
  readonly copies: readonly number[];
  readonly delaysMs: readonly number[];
}

/** Nothing goes wrong and nothing takes time. */
export const calmWeather: Weather = {
  faults: [],
  lookFaults: [],
  recordFaults: [],
  latenciesMs: [0],
  copies: [1],
  delaysMs: [0],
};

/** A pretended host on which the real loader, resolver and planner work. */
export interface World {
  readonly host: TestHost;
  /** What the source says now. */
  readonly tree: () => Tree;
  /** Sets what the source says, and hints at it. */
  readonly show: (tree: Tree) => void;
  readonly desired: () => Desired;
  /** While it is fair, nothing goes wrong and nothing takes time. */
  readonly setFair: (isFair: boolean) => void;
  /** Told of every effect before it begins, and of every event of the engine when it happens, but for an operator's. */
  readonly watchers: Watcher[];
  /** Does something to the engine as an operator does. */
  readonly byHand: (does: () => void) => void;
}

export interface Watcher {
  readonly effect?: (action: EngineAction) => void;
  /** `pod web create`, `container web-main died`, `volume data remove`. */
  readonly event?: (type: string, name: string, what: string) => void;
}

export function newWorld(weather: Weather = calmWeather, more: Partial<FakeEngineOptions> = {}): World {
  let isFair = false;
  let isByHand = false;
  let tree = emptyTree;
  let revision = 0;
  let uids = 0;
  const watchers: Watcher[] = [];
  const faults = weather.faults.values();
  const lookFaults = weather.lookFaults.values();
  const recordFaults = weather.recordFaults.values();
  const never = new AbortController().signal;
  const host: TestHost = testHost([], {
    timeoutMs: 60_000,
    fault: action => {
      for (const { effect } of watchers) effect?.(action);
      return isFair ? undefined : faults.next().value;
    },
    lookFault: () => (isFair ? undefined : lookFaults.next().value),
    latency: () => slow(),
    lookLatency: () => slow(),
    events: hint => {
      const [type = '', name = '', what = ''] = hint.split(' ');
      if (!isByHand) for (const { event } of watchers) event?.(type, name, what);
      const copies = isFair ? 1 : next(weather.copies);
      return Array.from({ length: copies }, () => ({ hint, delayMs: isFair ? 0 : next(weather.delaysMs) }));
    },
    ...more,
  });
  const turns = new Map<readonly number[], number>();
  const next = (values: readonly number[]): number => {
    const turn = turns.get(values) ?? 0;
    turns.set(values, turn + 1);
    return values[turn % Math.max(values.length, 1)] ?? 0;
  };
  const slow = async (): Promise<void> => {
    const ms = isFair ? 0 : next(weather.latenciesMs);
    if (ms > 0) await host.clock.sleep(ms, never);
  };
  host.records.trouble = () => (isFair ? undefined : recordFaults.next().value);
  // So that it can jump back by years.
  host.clock.jump(1_800_000_000_000);
  for (const image of images) host.engine.host.registry.add(image);
  host.engine.host.ending.set('sha256:ends:1', 0);
  const world: World = {
    host,
    watchers,
    tree: () => tree,
    show: shown => {
      tree = shown;
      revision += 1;
      host.source.change(snapshotOf(shown, `r${revision}`));
    },
    desired: () => loaded(host.source.snapshot).desired,
    byHand: does => {
      isByHand = true;
      does();
      isByHand = false;
    },
    setFair: fair => {
      isFair = fair;
    },
  };
  const plan: Ports['plan'] = (desired, actual, opts) =>
    makePlan(desired, actual, { ...opts, fingerprint, keepStanding: true, keepsLimits: true, checkEveryMs });
  const uid = (): string => {
    uids += 1;
    return `uid${uids}`;
  };
  const all = { load: loaded, plan, uid, fingerprint, probes, hooks };
  Object.assign(host, { ports: { ...host.ports, ...all } });
  return world;
}

/** Every probe succeeds as soon as its container runs. */
const probes: Probes = {
  join: actual => ({ ...actual, pods: new Map([...actual.pods].map(([key, pod]) => [key, withHealth(pod)] as const)) }),
  follow: () => undefined,
  wakes: async function* ({ signal }) {
    await new Promise<void>(resolve => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  },
};

function withHealth(pod: ActualPod): ActualPod {
  const health = { started: true, ready: true, message: '', failed: undefined };
  const containers = [...pod.containers].map(
    ([name, each]) => [name, each.state === 'running' ? { ...each, health } : each] as const,
  );
  return { ...pod, containers: new Map(containers) };
}

const hooks: Hooks = { run: async () => undefined };

/** A tree as the source gives it. */
export function snapshotOf(tree: Tree, revision = 'r1'): Partial<Snapshot> {
  const context: BuildContext = {
    directory: `${directory}/app`,
    file: 'Containerfile',
    digest: `context${tree.wish.context}`,
  };
  return { revision, files: filesOf(tree), contexts: new Map([[context.directory, context]]) };
}

interface Loaded {
  readonly desired: Desired;
  readonly problems: readonly Problem[];
}

const known = new WeakMap<Snapshot, Loaded>();

/** What the command line's load does; remembered by snapshot, as a story looks at each many times. */
export function loaded(snapshot: Snapshot): Loaded {
  const found = known.get(snapshot);
  if (found !== undefined) return found;
  const { objects, problems } = load(snapshot.files, { strict: false });
  const earlier = [...snapshot.problems, ...problems];
  const resolved = resolve(objects, snapshot, earlier, { owner: 'podstead' });
  const result = { desired: resolved.desired, problems: [...earlier, ...resolved.problems] };
  known.set(snapshot, result);
  return result;
}
