import type { Actual } from '../model/actual.ts';
import type { Desired, DesiredPod } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { Change, RecordPatch } from '../model/plan.ts';
import { isPast } from './backoff.ts';
import type { StepBuilder } from './builder.ts';
import { imageKey, type Prepared } from './prepare.ts';
import { isFinished } from './run.ts';
import type { Work } from './work.ts';

/** How often a registry is asked unless told otherwise, in ms: as often as Podman's own timer does. */
export const usualCheckMs = 86_400_000;

/** What says which registries are to be asked, and when. */
export interface CheckInput {
  readonly desired: Desired;
  readonly actual: Actual;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** So often at most, in milliseconds; 0 means never. */
  readonly everyMs: number;
  readonly busy: ReadonlySet<Key>;
  /** Pulls and builds of this plan. */
  readonly images: Prepared['images'];
}

/** Registries that are asked by this plan, and when the next are due. */
export interface Checks {
  readonly changes: readonly Change[];
  readonly dueMs: readonly number[];
}

/** A container that follows a registry. */
interface Follower {
  readonly pod: DesiredPod;
  readonly name: string;
  readonly image: string;
  readonly askedAtMs: number | undefined;
}

/**
 * Asks registries whether they have newer images of the names that containers follow: one pull a name, which fetches
 * nothing where nothing is new, and touches no container. The next pass sees what it brought. Noted once it succeeded;
 * one that fails rests, and fails nobody's pod.
 */
export function addChecks(builder: StepBuilder, input: CheckInput): Checks {
  const { now, everyMs, busy } = input;
  if (everyMs === 0) return { changes: [], dueMs: [] };
  const changes: Change[] = [];
  const dueMs: number[] = [];
  for (const [reference, followers] of byImage(input)) {
    // What was noted before a clock was set back lies ahead, and is not believed.
    const asked = followers.flatMap(({ askedAtMs }) =>
      askedAtMs !== undefined && isPast(askedAtMs, now) ? askedAtMs : [],
    );
    const lastMs = asked.length === 0 ? undefined : Math.max(...asked);
    const nextMs = lastMs === undefined ? now : lastMs + everyMs;
    if (nextMs > now) dueMs.push(nextMs);
    else if (!busy.has(imageKey(reference))) changes.push(addCheck(builder, { reference, followers, lastMs }, input));
  }
  return { changes, dueMs };
}

/** What a pull of this plan tells of a new container whose image it fetches: its registry was asked. */
export function askedFor({ create }: Work, images: Prepared['images'], now: number): RecordPatch['containers'] {
  const asked = create.filter(({ autoUpdate, image }) => autoUpdate === 'registry' && images.has(image));
  return asked.length === 0 ? undefined : Object.fromEntries(asked.map(({ name }) => [name, { askedAtMs: now }]));
}

interface Due {
  readonly reference: string;
  readonly followers: readonly Follower[];
  readonly lastMs: number | undefined;
}

function addCheck(
  builder: StepBuilder,
  { reference, followers, lastMs }: Due,
  { desired, now, images }: CheckInput,
): Change {
  const key = imageKey(reference);
  const image = desired.images.get(reference) ?? { reference, build: undefined, credentials: undefined };
  const pull = images.get(reference) ?? builder.add(key, { verb: 'pull', image, always: true }, []);
  for (const { pod, name } of followers) {
    const patch = { containers: { [name]: { askedAtMs: now } } };
    builder.add(key, { verb: 'writeRecord', pod: pod.key, patch }, [pull]);
  }
  const last = lastMs === undefined ? 'yet' : `since ${new Date(lastMs).toISOString().slice(0, 19)}Z`;
  const why = `its registry was not asked for a newer image ${last}`;
  const location = followers[0]?.pod.origin;
  return { op: 'check', key, why, cost: 'in place', fields: [], location, untilMs: undefined };
}

/** Containers that stand and were noted, by the image that they follow; both sorted. */
function byImage({ desired, actual }: CheckInput): readonly (readonly [string, readonly Follower[]])[] {
  const found = [...desired.pods.values()].flatMap(pod => followers(pod, actual));
  // Few follow any, and every pass asks.
  if (found.length === 0) return [];
  found.sort((a, b) => (a.pod.key < b.pod.key ? -1 : a.pod.key > b.pod.key ? 1 : 0));
  const images = [...new Set(found.map(({ image }) => image))].toSorted();
  return images.map(image => [image, found.filter(each => each.image === image)]);
}

function followers(pod: DesiredPod, { pods }: Actual): readonly Follower[] {
  const live = pods.get(pod.key);
  const record = live?.record;
  if (live === undefined || record?.applied === undefined) return [];
  return [...pod.initContainers, ...pod.containers].flatMap(({ name, image, autoUpdate }) => {
    const container = live.containers.get(name);
    if (autoUpdate !== 'registry' || container === undefined || isFinished(pod, container)) return [];
    const askedAtMs = Object.hasOwn(record.containers, name) ? record.containers[name]?.askedAtMs : undefined;
    return [{ pod, name, image, askedAtMs: typeof askedAtMs === 'number' ? askedAtMs : undefined }];
  });
}
