import type { Event, Failure, Notice } from '../model/event.ts';
import type { Key } from '../model/key.ts';
import type { Change } from '../model/plan.ts';
import { imageKey } from '../plan/prepare.ts';
import { unreadiness } from '../plan/readiness.ts';
import { type DriveOptions, drive } from './drive.ts';
import { loopDefaults } from './loop.ts';
import type { Outcome } from './pass.ts';
import { withoutRepeated } from './pins.ts';
import type { Ports } from './ports.ts';

/** What `apply`, `down` and a single pass of the agent may set beside {@link DriveOptions}. */
export interface SettleOptions extends Partial<DriveOptions> {
  readonly signal: AbortSignal;
  /** Give up waiting after so long, in milliseconds. */
  readonly timeoutMs: number;
  /** False ends it as soon as the steps of the first pass have ended. */
  readonly wait?: boolean;
  /**
   * The agent's part, done once: what failed before rests until its time has come, a source that cannot be read leaves
   * what runs kept running, and nobody waits for probes where nothing was done. Default false.
   */
  readonly asAgent?: boolean;
}

/** What became of it. */
export interface Settled {
  /** What was done, in order. */
  readonly changes: readonly Change[];
  /** Keys whose last try failed. */
  readonly failures: readonly { readonly key: Key; readonly failure: Failure }[];
  /** What is so at the end, and what was true of a pull only: a later pass has none. */
  readonly notices: readonly Notice[];
  /** Steps or waits were left when time was up. */
  readonly timedOut: boolean;
  /** Of the last pass; undefined where there was none. */
  readonly outcome: Outcome | undefined;
}

/** What is due within so long, in milliseconds, is waited for; a restart that backs off longer is not. */
const soonMs = 5000;
/** Looks so often while something is under way that no event announces. */
const resyncMs = 2000;
/** Failing passes in a row that are borne once one has worked. */
const patience = 3;

/**
 * Passes until nothing is left to do, nothing is under way and nothing is due soon, or until time is up. What failed
 * before is tried at once in the first pass: a person asked.
 *
 * @throws SourceError EngineError when the very first pass fails, or several in a row later
 */
export async function settle(ports: Ports, opts: SettleOptions): Promise<Settled> {
  const { clock } = ports;
  const { timeoutMs, wait = true, asAgent = false } = opts;
  const over = new AbortController();
  const leave = new AbortController();
  const stop = (): void => leave.abort();
  opts.signal.addEventListener('abort', stop);
  if (opts.signal.aborted) stop();
  const timer = clock.sleep(timeoutMs, over.signal).then(() => {
    stop();
    return !over.signal.aborted;
  });

  const tally = newTally();
  const emit = (event: Event): void => {
    ports.emit(event);
    tally.note(event);
  };
  let outcome: Outcome | undefined;
  const isDone = (latest: Outcome, isBusy: boolean): boolean => {
    outcome = latest;
    if (!isSettled(latest, isBusy, clock.now())) return false;
    const isWaited = ports.probes !== undefined && !(asAgent && tally.result().changes.length === 0);
    return !isWaited || notReady(latest).length === 0;
  };
  const isFatal = (failures: number): boolean => outcome === undefined || failures > patience;
  try {
    await drive(
      { ...ports, emit },
      { ...loopDefaults, prune: 'none', resyncMs, ...opts, signal: leave.signal },
      { watchSource: asAgent, retryFirst: !asAgent, once: !wait, isDone, isFatal },
    );
  } finally {
    opts.signal.removeEventListener('abort', stop);
    over.abort();
    await timer;
  }
  const { pulls, ...result } = tally.result();
  const standing = outcome?.notices ?? [];
  const told = new Set(standing.map(({ message }) => message));
  const all = [...standing, ...pulls.filter(({ message }) => !told.has(message))];
  const codes = new Map(result.failures.map(({ key, failure }) => [key, failure.code]));
  const notices = withoutRepeated(all, reference => codes.get(imageKey(reference)));
  return { ...result, notices, timedOut: await timer, outcome };
}

function isSettled({ plan, resting, pruneAtMs }: Outcome, isBusy: boolean, now: number): boolean {
  if (isBusy || plan.steps.length > 0 || pruneAtMs !== undefined) return false;
  return !plan.changes.some(
    ({ op, key, untilMs }) => op === 'wait' && (untilMs ?? resting.get(key) ?? now) <= now + soonMs,
  );
}

/** Pods that run as they should but are not ready, to why. What is held back is not waited for. */
export function notReady({ plan, desired, actual }: Outcome): readonly { readonly key: Key; readonly why: string }[] {
  const held = new Set(plan.changes.flatMap(({ op, key }) => (op === 'hold' ? [key] : [])));
  return [...desired.pods.values()].flatMap(pod => {
    const why = held.has(pod.key) ? undefined : unreadiness(pod, actual.pods.get(pod.key));
    return why === undefined ? [] : [{ key: pod.key, why }];
  });
}

interface Tally {
  note(event: Event): void;
  result(): Pick<Settled, 'changes' | 'failures'> & { readonly pulls: readonly Notice[] };
}

function newTally(): Tally {
  const changes: Change[] = [];
  const failures = new Map<Key, Failure>();
  const planned = new Set<Change>();
  const pulls = new Map<string, Notice>();
  return {
    note(event) {
      if (event.type === 'planned') {
        for (const change of event.plan.changes) planned.add(change);
        for (const notice of event.notices) if (notice.code === 'IMAGE_UNPINNED') pulls.set(notice.message, notice);
      }
      if (event.type !== 'settled') return;
      const { key, change, failure, skipped } = event;
      failures.delete(key);
      if (failure !== undefined) failures.set(key, failure);
      else if (skipped === undefined && planned.has(change)) changes.push(change);
    },
    result: () => ({
      changes,
      failures: [...failures].map(([key, failure]) => ({ key, failure })),
      pulls: [...pulls.values()],
    }),
  };
}
