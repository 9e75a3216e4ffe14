import type { Ending } from '../apply/runner.ts';
import type { Clock } from '../clock.ts';
import type { Actual } from '../model/actual.ts';
import type { Desired, DesiredImage, DesiredPod } from '../model/desired.ts';
import type { Failure } from '../model/event.ts';
import { type Digest, type Key, keyParts } from '../model/key.ts';
import type { ChangeOp, Plan } from '../model/plan.ts';
import type { FailureRecord, PodRecord } from '../model/record.ts';
import type { Records } from '../record/records.ts';
import { backoffMs } from './backoff.ts';
import type { Prunable } from './ports.ts';
import { Restless } from './restless.ts';

/** What one pass knew when it started the steps of a key. */
interface Attempt {
  readonly declaredBy: Key;
  readonly wish: Digest;
  /** Images that its steps fetch. */
  readonly images: readonly DesiredImage[];
  readonly before: FailureRecord | undefined;
  /** Its steps remove the record, so success must not write one. */
  readonly forgets: boolean;
  readonly op: ChangeOp | undefined;
}

/** A key that is left alone for a while, as no record holds its failure. */
interface Rest {
  readonly wish: Digest;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly untilMs: number;
}

export interface AttemptPorts {
  readonly records: Records;
  readonly clock: Clock;
  readonly random: () => number;
  readonly fingerprint: (pod: DesiredPod) => Digest;
}

/** What a pass decided upon. */
export interface Decision {
  readonly plan: Plan;
  readonly desired: Desired;
  readonly actual: Actual;
  readonly records: ReadonlyMap<Key, PodRecord>;
}

/** Failures that say nothing about the key: what was planned on has changed, or the engine left in the middle. */
const blameless: readonly string[] = ['GONE', 'ENGINE_UNREACHABLE'];
/** The wish of all keys that are no desired pods: removals, claims, images. */
const unwished: Digest = '';
/**
 * What brings a key to its wish: success ends its failure. Of a restart the next pass will tell, and sweeping up after a
 * try that failed proves nothing, or the next try would follow at once.
 */
const mending: readonly (ChangeOp | undefined)[] = ['create', 'recreate', 'replace', 'update', 'remove'];
const resting = { firstMs: 1000, maxMs: 300_000 };

/**
 * What is under way and what failed.
 *
 * Failures of desired pods go into their records, and the planner backs off from those. Others have no record, or one
 * that nobody asks (removals), or it cannot be written (a full disk): those keys rest, for as long as the program runs,
 * and count as busy meanwhile.
 */
export class Attempts {
  readonly #ports: AttemptPorts;
  readonly #inFlight = new Map<Key, Attempt>();
  readonly #rests = new Map<Key, Rest>();
  readonly #forgiven = new Set<Key>();
  readonly #restless = new Restless();

  constructor(ports: AttemptPorts) {
    this.#ports = ports;
  }

  /** Notes what a plan begins; to be called before it is started. */
  begin({ plan, desired, actual, records }: Decision): void {
    for (const key of new Set(plan.steps.map(step => step.key))) {
      const actions = plan.steps.filter(step => step.key === key).map(step => step.action);
      const pod = desired.pods.get(key);
      this.#inFlight.set(key, {
        declaredBy: pod?.declaredBy ?? actual.pods.get(key)?.declaredBy ?? records.get(key)?.declaredBy ?? key,
        wish: this.#wishOf(pod),
        images: actions.flatMap(action => (action.verb === 'pull' || action.verb === 'build' ? [action.image] : [])),
        before: records.get(key)?.failure,
        forgets: actions.some(action => action.verb === 'removeRecord'),
        op: plan.changes.find(change => change.key === key)?.op,
      });
    }
  }

  /** Keys that rest, to when they may be tried again. A key whose wish has changed rests no longer. */
  resting(desired: Desired): ReadonlyMap<Key, number> {
    const now = this.#ports.clock.now();
    const still = [...this.#rests].filter(
      ([key, { untilMs, wish }]) => isAhead(untilMs, now) && this.#wishOf(desired.pods.get(key)) === wish,
    );
    return new Map(still.map(([key, { untilMs }]) => [key, untilMs]));
  }

  /** Keys under way whose wish is no longer the one they were started for, to why. */
  overtaken(desired: Desired, prune: Prunable): ReadonlyMap<Key, string> {
    const found = new Map<Key, string>();
    for (const [key, attempt] of this.#inFlight) {
      const why = this.#whyOvertaken(key, attempt, desired, prune);
      if (why !== undefined) found.set(key, why);
    }
    return found;
  }

  /** Notes how a key ended. Never rejects. */
  async ended(key: Key, ending: Ending): Promise<void> {
    const attempt = this.#inFlight.get(key);
    this.#inFlight.delete(key);
    if (attempt === undefined || ending.outcome === 'skipped') return;
    if (ending.outcome === 'done') {
      this.#forgiven.delete(key);
      const unrest = this.#restless.note(key, attempt.wish, attempt.op, this.#ports.clock.now());
      if (unrest !== undefined) return this.#fail(key, attempt, unrest);
      this.#rests.delete(key);
      const isMended = attempt.before !== undefined && !attempt.forgets && mending.includes(attempt.op);
      if (isMended) await this.#record(key, attempt.declaredBy, undefined);
      return;
    }
    if (!this.#forgives(key, ending.failure)) await this.#fail(key, attempt, ending.failure);
  }

  /** Clears failures of what turned out to be as desired without our doing. */
  async forgive({ plan, desired, records }: Decision): Promise<void> {
    for (const { op, key } of plan.changes) {
      const pod = desired.pods.get(key);
      if (op !== 'keep' || pod === undefined || records.get(key)?.failure === undefined) continue;
      await this.#record(key, pod.declaredBy, undefined);
    }
  }

  #wishOf(pod: DesiredPod | undefined): Digest {
    return pod === undefined ? unwished : this.#ports.fingerprint(pod);
  }

  #whyOvertaken(key: Key, attempt: Attempt, desired: Desired, prune: Prunable): string | undefined {
    const pod = desired.pods.get(key);
    if (pod !== undefined)
      return this.#wishOf(pod) === attempt.wish ? undefined : `${key} is wanted differently by now`;
    // Held back, unreadable or absent for too short a time: no news.
    const isGone = prune === 'all' || (prune !== 'none' && prune.has(attempt.declaredBy));
    // Where nothing stands yet, leaving off removes nothing: absence need not be certain.
    const isMoot = attempt.op === 'create' && desired.complete && !desired.held.has(attempt.declaredBy);
    if (attempt.wish !== unwished) return isGone || isMoot ? `${key} is not wanted any more` : undefined;
    const isStale = attempt.images.length > 0 && attempt.images.every(image => !isWanted(image, desired));
    return isStale && desired.complete ? 'no pod wants this image any more' : undefined;
  }

  #forgives(key: Key, { code }: Failure): boolean {
    // Once in a row only: an engine that breaks at each try of this key must not be tried without pause.
    const isForgiven = blameless.includes(code) && !this.#forgiven.has(key);
    if (isForgiven) this.#forgiven.add(key);
    else this.#forgiven.delete(key);
    return isForgiven;
  }

  async #fail(key: Key, { wish, before, declaredBy, images, op }: Attempt, { message, hint }: Failure): Promise<void> {
    const now = this.#ports.clock.now();
    const count = before?.fingerprint === wish ? before.count + 1 : 1;
    const failure = { message, hint, count, atMs: now, fingerprint: wish };
    const isPod = keyParts(key).kind === 'Pod';
    // An image has no rest of its own where a pod waits for it: that has failed with it.
    if (!isPod && images.length > 0 && op !== 'check') return;
    const isNoted = isPod && (await this.#record(key, declaredBy, failure));
    if (isNoted && wish !== unwished) return;
    const rested = this.#rests.get(key);
    const times = rested?.wish === wish ? rested.count + 1 : 1;
    const untilMs = now + backoffMs(resting, times, this.#ports.random());
    this.#rests.set(key, { wish, count: times, untilMs });
  }

  /** @returns whether it could be written; the store itself says why not */
  async #record(key: Key, declaredBy: Key, failure: FailureRecord | undefined): Promise<boolean> {
    try {
      await this.#ports.records.fail(key, declaredBy, failure);
      return true;
    } catch {
      return false;
    }
  }
}

/** Further ahead than any rest lasts, the clock was set back meanwhile. */
function isAhead(untilMs: number, now: number): boolean {
  return untilMs > now && untilMs <= now + 2 * resting.maxMs;
}

function isWanted(image: DesiredImage, desired: Desired): boolean {
  const wanted = desired.images.get(image.reference);
  return wanted !== undefined && wanted.build?.digest === image.build?.digest;
}
