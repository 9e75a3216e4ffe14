import type { Clock } from '../clock.ts';
import type { ContainerHealth, DesiredProbes, ProbeKind } from '../model/probe.ts';
import { type Entry, type Health, healthIn, judge, newEntry, note, type Watched } from './entry.ts';
import { carryOver, isActive } from './fold.ts';
import { type Lane, Lanes } from './lanes.ts';
import type { Dial } from './ports.ts';
import { Schedule } from './schedule.ts';

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
  readonly #lanes = new Lanes<Turn>(turn => (this.#isCurrent(turn.entry) ? this.#perform(turn) : undefined));
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
    return entry?.watched.startedAtMs === startedAtMs ? healthIn(entry) : undefined;
  }

  /** Everything known, by container. */
  all(): ReadonlyMap<string, Health & { readonly startedAtMs: number }> {
    const entries = [...this.#entries];
    return new Map(entries.map(([id, entry]) => [id, { ...healthIn(entry), startedAtMs: entry.watched.startedAtMs }]));
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
    await this.#lanes.commandsEnded();
  }

  #watch(watched: Watched): void {
    const { containerId } = watched.target;
    const known = this.#entries.get(containerId);
    if (known?.watched.startedAtMs === watched.startedAtMs) {
      const same = sameProbes(known.watched.probes, watched.probes);
      if (same && known.watched.isPaused === watched.isPaused) return;
      const states = same ? known.states : carryOver(known.watched.probes, known.states, watched.probes);
      this.#enter({ ...known, watched, states, pending: new Set() });
      return;
    }
    const remembered = this.#ports.remembered(containerId, watched.startedAtMs);
    this.#enter(newEntry(watched, this.#ports.clock.now(), remembered));
  }

  #enter(entry: Entry): void {
    this.#entries.set(entry.watched.target.containerId, entry);
    judge(entry);
    this.#plan(entry);
  }

  /** Schedules what is to be run of a container and is not yet. */
  #plan(entry: Entry): void {
    if (entry.watched.isPaused === true) return;
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
      if (lane !== undefined && this.#isCurrent(item.entry)) this.#lanes.add(lane, { ...item, dueMs });
    }
    this.#lanes.drain('network');
    this.#lanes.drain('exec');
  }

  async #perform({ entry, kind, dueMs }: Turn): Promise<void> {
    const probe = entry.watched.probes[kind];
    if (probe === undefined) return;
    const startMs = this.#ports.clock.now();
    const result = await this.#ports.dial(probe.handler, entry.watched.target, probe.timeoutSeconds * 1000);
    if (!this.#isCurrent(entry)) return;
    const periodMs = probe.periodSeconds * 1000;
    const behindMs = startMs - dueMs;
    const { isNew, matters } = note(entry, kind, result, behindMs >= lateFrom * periodMs ? behindMs : 0);
    if (isNew) this.#ports.onChange(matters);
    entry.pending.delete(kind);
    if (isActive(kind, entry.watched.probes, entry.states)) {
      // One that was late takes its turns from then on: so they spread, and none makes up for lost runs in a burst.
      this.#add({ entry, kind, dueMs: (behindMs < 2 * quantumMs ? dueMs : startMs) + periodMs });
    }
    this.#plan(entry);
  }

  #isCurrent(entry: Entry): boolean {
    return this.#entries.get(entry.watched.target.containerId) === entry;
  }
}

function laneOf({ entry, kind }: Omit<Turn, 'dueMs'>): Lane | undefined {
  const probe = entry.watched.probes[kind];
  return probe && (probe.handler.type === 'exec' ? 'exec' : 'network');
}

function sameProbes(one: DesiredProbes, other: DesiredProbes): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
