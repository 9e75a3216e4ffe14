import type { Clock } from '../clock.ts';
import type { ContainerHealth, DesiredProbes, ProbeKind } from '../model/probe.ts';
import { carryOver, fold, healthOf, isActive, newState, type ProbeResult, type ProbeStates } from './fold.ts';
import type { Dial, Target } from './ports.ts';
import { Schedule } from './schedule.ts';

/** A running container whose probes are to be run. */
export interface Watched {
  readonly target: Target;
  /** Of the container; another start begins anew. To the second. */
  readonly startedAtMs: number;
  readonly probes: DesiredProbes;
}

export interface ProberPorts {
  readonly clock: Clock;
  readonly dial: Dial;
  /** In [0, 1); spreads probes over their period. */
  readonly random: () => number;
  /** A container's health is otherwise than it was. `matters` is false where only the words are. */
  readonly onChange: (matters: boolean) => void;
  /** What an earlier agent knew of a container since that start. */
  readonly remembered: (
    containerId: string,
    startedAtMs: number,
  ) => Pick<ContainerHealth, 'started' | 'ready'> | undefined;
}

/** How many handlers may run at once. Each exec costs the engine two processes; a dial costs next to nothing. */
const width = { exec: 4, network: 256 };
/** Due times are rounded up to this, so that one wake of the process serves many probes; periods are whole seconds. */
const quantumMs = 100;
/** A container that started within this time was started just now: its probes begin without delay. */
const freshMs = 3_000;
/** How long it sleeps with nothing to do: a hint ends that. */
const idleMs = 60_000;
/** Clocks are corrected by less. */
const correctionMs = 500;
/** A probe that runs this part of its period behind is late. */
const lateFrom = 0.5;

interface Entry {
  readonly watched: Watched;
  /** When we first saw it running; the engine tells starts to the second. */
  readonly seenMs: number;
  states: ProbeStates;
  health: ContainerHealth;
  /** Kinds that are scheduled, queued or running. */
  readonly pending: Set<ProbeKind>;
  /** How far probes run behind, in milliseconds; none for those in time. */
  readonly lateMs: Map<ProbeKind, number>;
}

/** What is known of a container's probes. */
export type Health = ContainerHealth & {
  /** How far behind its probes run for want of turns, in milliseconds; 0 for in time. */
  readonly lateMs: number;
};

interface Turn {
  readonly entry: Entry;
  readonly kind: ProbeKind;
  readonly dueMs: number;
}

/** Runs probes on one timer. It decides nothing: what it finds are values for the plan. */
export class Prober {
  readonly #ports: ProberPorts;
  readonly #entries = new Map<string, Entry>();
  readonly #schedule = new Schedule<Omit<Turn, 'dueMs'>>();
  readonly #queues = { exec: [] as Turn[], network: [] as Turn[] };
  readonly #running = { exec: 0, network: 0 };
  /** Commands under way: they are ended before we are. */
  readonly #commands = new Set<Promise<void>>();
  #pause = new AbortController();
  #sleepsUntilMs = 0;

  constructor(ports: ProberPorts) {
    this.#ports = ports;
  }

  /** Probes these containers from now on, and no others. */
  follow(all: readonly Watched[]): void {
    const kept = new Set(all.map(({ target }) => target.containerId));
    for (const id of this.#entries.keys()) if (!kept.has(id)) this.#entries.delete(id);
    for (const watched of all) this.#watch(watched);
  }

  /** How many containers it probes. */
  get size(): number {
    return this.#entries.size;
  }

  /** Undefined where the container is not probed, or has been started anew since. */
  health(containerId: string, startedAtMs: number): Health | undefined {
    const entry = this.#entries.get(containerId);
    if (entry === undefined || entry.watched.startedAtMs !== startedAtMs) return undefined;
    return { ...entry.health, lateMs: Math.max(0, ...entry.lateMs.values()) };
  }

  /** Everything known, by container. */
  all(): ReadonlyMap<string, Health & { readonly startedAtMs: number }> {
    const found = [...this.#entries.values()].map(entry => {
      const lateMs = Math.max(0, ...entry.lateMs.values());
      const { startedAtMs, target } = entry.watched;
      return [target.containerId, { ...entry.health, lateMs, startedAtMs }] as const;
    });
    return new Map(found);
  }

  /** Runs what is due until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const stop = (): void => this.#pause.abort();
    signal.addEventListener('abort', stop, { once: true });
    while (!signal.aborted) {
      const before = clock.now();
      this.#pause = new AbortController();
      this.#sleepsUntilMs = this.#schedule.nextMs ?? before + idleMs;
      await clock.sleep(Math.max(this.#sleepsUntilMs - before, 0), this.#pause.signal);
      const now = clock.now();
      // Set back, it would hold up every probe by as much.
      if (now < before - correctionMs) this.#schedule.shift(now - before);
      if (!signal.aborted) this.#wake(now);
    }
    signal.removeEventListener('abort', stop);
    this.#entries.clear();
    await Promise.all(this.#commands);
  }

  #watch(watched: Watched): void {
    const { containerId } = watched.target;
    const known = this.#entries.get(containerId);
    if (known?.watched.startedAtMs === watched.startedAtMs) {
      if (sameProbes(known.watched.probes, watched.probes)) return;
      const states = carryOver(known.watched.probes, known.states, watched.probes);
      this.#enter({ ...known, watched, states, pending: new Set() });
      return;
    }
    const states = initialStates(watched.probes, this.#ports.remembered(containerId, watched.startedAtMs));
    const seenMs = this.#ports.clock.now();
    this.#enter({
      watched,
      seenMs,
      states,
      health: healthOf(watched.probes, states),
      pending: new Set(),
      lateMs: new Map(),
    });
  }

  #enter(entry: Entry): void {
    this.#entries.set(entry.watched.target.containerId, entry);
    this.#judge(entry);
    this.#plan(entry);
  }

  /** Schedules what is to be run of a container and is not yet. */
  #plan(entry: Entry): void {
    for (const kind of Object.keys(entry.watched.probes) as ProbeKind[]) {
      if (entry.pending.has(kind) || !isActive(kind, entry.watched.probes, entry.states)) continue;
      this.#add({ entry, kind, dueMs: this.#firstMs(entry, kind) });
    }
  }

  #add({ entry, kind, dueMs }: Turn): void {
    entry.pending.add(kind);
    const atMs = Math.ceil(dueMs / quantumMs) * quantumMs;
    this.#schedule.add({ entry, kind }, atMs);
    if (atMs < this.#sleepsUntilMs) this.#pause.abort();
  }

  /** At once for what started just now, after its delay; else anywhere in its period, so that not all run at one moment. */
  #firstMs({ watched, seenMs }: Entry, kind: ProbeKind): number {
    const probe = watched.probes[kind];
    const now = this.#ports.clock.now();
    if (probe === undefined) return now;
    const beganMs = Math.min(watched.startedAtMs + 1000, seenMs);
    const dueMs = beganMs + probe.initialDelaySeconds * 1000;
    const isFresh = seenMs <= watched.startedAtMs + freshMs;
    if (isFresh || dueMs > now) return Math.max(dueMs, now);
    return now + this.#ports.random() * probe.periodSeconds * 1000;
  }

  #wake(now: number): void {
    for (const { item, dueMs } of this.#schedule.take(now)) {
      const lane = laneOf(item);
      if (lane !== undefined && this.#isCurrent(item.entry)) this.#queues[lane].push({ ...item, dueMs });
    }
    this.#drain('network');
    this.#drain('exec');
  }

  #drain(lane: keyof typeof width): void {
    const queue = this.#queues[lane];
    while (this.#running[lane] < width[lane]) {
      const turn = queue.shift();
      if (turn === undefined) return;
      if (!this.#isCurrent(turn.entry)) continue;
      this.#running[lane] += 1;
      const performing = this.#perform(turn).then(() => {
        this.#running[lane] -= 1;
        this.#commands.delete(performing);
        this.#drain(lane);
      });
      if (lane === 'exec') this.#commands.add(performing);
    }
  }

  async #perform({ entry, kind, dueMs }: Turn): Promise<void> {
    const probe = entry.watched.probes[kind];
    if (probe === undefined) return;
    const startMs = this.#ports.clock.now();
    const result = await this.#ports.dial(probe.handler, entry.watched.target, probe.timeoutSeconds * 1000);
    if (!this.#isCurrent(entry)) return;
    const periodMs = probe.periodSeconds * 1000;
    const behindMs = startMs - dueMs;
    this.#note(entry, kind, result, behindMs >= lateFrom * periodMs ? behindMs : 0);
    entry.pending.delete(kind);
    if (isActive(kind, entry.watched.probes, entry.states)) {
      // One that was late takes its turns from then on: so they spread, and none makes up for lost runs in a burst.
      this.#add({ entry, kind, dueMs: (behindMs < 2 * quantumMs ? dueMs : startMs) + periodMs });
    }
    this.#plan(entry);
  }

  #note(entry: Entry, kind: ProbeKind, result: ProbeResult, lateMs: number): void {
    const probe = entry.watched.probes[kind];
    if (probe === undefined) return;
    const wasLate = entry.lateMs.has(kind);
    if (lateMs > 0) entry.lateMs.set(kind, lateMs);
    else entry.lateMs.delete(kind);
    entry.states = { ...entry.states, [kind]: fold(probe, entry.states[kind] ?? newState(kind), result) };
    const { message } = entry.health;
    const matters = this.#judge(entry);
    const isSaid = message !== entry.health.message || wasLate !== lateMs > 0;
    if (matters || isSaid) this.#ports.onChange(matters);
  }

  /** @returns whether anything that matters to others is otherwise now */
  #judge(entry: Entry): boolean {
    const before = entry.health;
    const { watched, states } = entry;
    entry.health = healthOf(watched.probes, states);
    const { started, ready, failed } = entry.health;
    return (
      started !== before.started || ready !== before.ready || (failed === undefined) !== (before.failed === undefined)
    );
  }

  #isCurrent(entry: Entry): boolean {
    return this.#entries.get(entry.watched.target.containerId) === entry;
  }
}

function laneOf({ entry, kind }: Omit<Turn, 'dueMs'>): keyof typeof width | undefined {
  const probe = entry.watched.probes[kind];
  return probe && (probe.handler.type === 'exec' ? 'exec' : 'network');
}

function initialStates(
  probes: DesiredProbes,
  remembered: Pick<ContainerHealth, 'started' | 'ready'> | undefined,
): ProbeStates {
  const kinds = Object.keys(probes) as ProbeKind[];
  const verdicts = { startup: remembered?.started || undefined, liveness: true, readiness: remembered?.ready ?? false };
  return Object.fromEntries(kinds.map(kind => [kind, { ...newState(kind), verdict: verdicts[kind] }]));
}

function sameProbes(one: DesiredProbes, other: DesiredProbes): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
