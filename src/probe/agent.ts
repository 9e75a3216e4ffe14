import type { Clock } from '../clock.ts';
import type { Actual, ActualPod } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { ContainerHealth } from '../model/probe.ts';
import type { Health, Watched } from './entry.ts';
import type { Dial, Probes } from './ports.ts';
import { Prober } from './prober.ts';
import { watchedOf } from './watched.ts';

/** The health of every probed container, by its id. */
export type HealthTable = ReadonlyMap<string, Health & { readonly startedAtMs: number }>;

export interface ProbeAgentPorts {
  readonly clock: Clock;
  readonly dial: Dial;
  /** In [0, 1). */
  readonly random: () => number;
  /** What an earlier agent saved. */
  readonly remembered: ReadonlyMap<
    string,
    Pick<ContainerHealth, 'started' | 'ready'> & { readonly startedAtMs: number }
  >;
  /** Called with the whole table soon after it changed. */
  readonly save: (table: HealthTable) => void;
}

/** Changes that come this close together are saved once, in milliseconds. */
const saveMs = 100;

/** Runs the probes of one agent, or of one command while it waits. */
export function probeAgent(ports: ProbeAgentPorts): Probes {
  const hints = newHints();
  let followed: ReadonlyMap<Key, readonly Watched[]> = new Map();
  let saving: NodeJS.Timeout | undefined;
  let isOver = false;
  /** The last word: what comes after it is the clearing up. */
  const close = (): void => {
    if (saving !== undefined) ports.save(prober.all());
    clearTimeout(saving);
    saving = undefined;
    isOver = true;
  };
  const save = (): void => {
    if (isOver) return;
    saving ??= setTimeout(() => {
      saving = undefined;
      ports.save(prober.all());
    }, saveMs).unref();
  };
  const prober = new Prober({
    ...ports,
    remembered: (id, startedAtMs) => {
      const known = ports.remembered.get(id);
      return known?.startedAtMs === startedAtMs ? known : undefined;
    },
    onChange: matters => {
      save();
      if (matters) hints.give();
    },
  });
  return {
    join: actual => joined(actual, prober),
    follow: (desired, actual, busy) => {
      const next = new Map([...actual.pods.values()].map(pod => [pod.key, watchedNow(pod, desired, followed, busy)]));
      followed = next;
      const all = [...next.values()].flat();
      prober.follow(all);
      save();
    },
    wakes: async function* ({ signal }) {
      const leave = new AbortController();
      const stop = (): void => {
        close();
        leave.abort();
        hints.give();
      };
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      const running = prober.run(leave.signal);
      while (!signal.aborted) {
        await hints.given();
        if (!signal.aborted) yield 'a probe tells otherwise';
      }
      await running;
    },
  };
}

/** Of a pod with unfinished steps, what was followed before and still runs: a hook after the start may be under way. */
function watchedNow(
  pod: ActualPod,
  desired: Desired,
  followed: ReadonlyMap<Key, readonly Watched[]>,
  busy: ReadonlySet<Key>,
): readonly Watched[] {
  const watched = watchedOf(pod, desired);
  if (!busy.has(pod.key)) return watched;
  const before = followed.get(pod.key) ?? [];
  const isKnown = ({ target, startedAtMs }: Watched): boolean =>
    before.some(each => each.target.containerId === target.containerId && each.startedAtMs === startedAtMs);
  return watched.filter(isKnown);
}

function joined(actual: Actual, prober: Prober): Actual {
  if (prober.size === 0) return actual;
  const pods = [...actual.pods].map(([key, pod]) => [key, withHealth(pod, prober)] as const);
  return { ...actual, pods: new Map(pods) };
}

function withHealth(pod: ActualPod, prober: Prober): ActualPod {
  const containers = [...pod.containers].map(([name, container]) => {
    const { id, startedAtMs, state } = container;
    const health = state === 'running' ? prober.health(id, startedAtMs) : undefined;
    return [name, health === undefined ? container : { ...container, health }] as const;
  });
  return { ...pod, containers: new Map(containers) };
}

/** Hints collapse: one that nobody waits for is kept. */
function newHints(): { give(): void; given(): Promise<void> } {
  let isGiven = false;
  let tell = (): void => undefined;
  return {
    give: () => {
      isGiven = true;
      tell();
    },
    given: async () => {
      if (!isGiven) {
        await new Promise<void>(resolve => {
          tell = resolve;
        });
      }
      isGiven = false;
    },
  };
}
