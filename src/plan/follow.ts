import type { Actual, ActualContainer, ActualPod } from '../model/actual.ts';
import type { Desired, DesiredContainer, DesiredPod } from '../model/desired.ts';
import type { FieldChange } from '../model/plan.ts';
import type { ContainerRecord, PodRecord } from '../model/record.ts';
import { notYetReady } from './readiness.ts';
import { isFinished, type Wait } from './run.ts';

/** A container that is made anew from another image, though it is wanted as it was. */
export interface Follow {
  /** Made from what the engine has: nothing is pulled for it. */
  readonly container: DesiredContainer;
  readonly why: string;
  readonly field: FieldChange;
}

/** What becomes of those containers of a pod that follow their images. */
export interface Follows {
  /** By name. */
  readonly replaced: ReadonlyMap<string, Follow>;
  /** Written before anything is touched. */
  readonly notes: Readonly<Record<string, Partial<ContainerRecord>>>;
  readonly waits: readonly Wait[];
}

const nothing: Follows = { replaced: new Map(), notes: {}, waits: [] };

/** One container whose name stands for another image than it runs from. */
interface Moved {
  readonly container: DesiredContainer;
  readonly live: ActualContainer;
  readonly record: ContainerRecord | undefined;
  /** Id of the image that the name has now. */
  readonly to: string;
}

/**
 * Which containers of a pod are made anew as the name of their image got another one, be it by a pull or by hand; and
 * which go back to the image before, as they could not be started from the newer one. What has ended stays so.
 *
 * @param known undefined where the record was lost: then the image behind the name counts as seen, and nothing is
 * restarted for it
 */
export function followsOf(
  pod: DesiredPod,
  live: ActualPod,
  known: PodRecord | undefined,
  desired: Desired,
  actual: Actual,
): Follows {
  const back = goingBack(pod, live, known, actual);
  if (back.replaced.size > 0) return back;
  const moved = movedOf(pod, live, known, actual);
  if (moved.length === 0) return nothing;
  const noted = (note: (each: Moved) => Partial<ContainerRecord>): Follows['notes'] =>
    Object.fromEntries(moved.map(each => [each.container.name, note(each)]));
  if (known === undefined) return { ...nothing, notes: noted(({ to }) => ({ refused: to })) };
  const turn = othersTurn(pod, live, desired, actual);
  if (turn !== undefined) {
    const waits = moved.map(({ container: { name } }) => ({ why: `container '${name}' follows its image ${turn}` }));
    return { ...nothing, waits: waits.map(wait => ({ ...wait, untilMs: undefined })) };
  }
  return {
    replaced: new Map(moved.map(each => [each.container.name, followOf(pod, each)])),
    notes: noted(({ live, record, to }) => ({ followed: { from: lastGood(live, record), to } })),
    waits: [],
  };
}

function movedOf(pod: DesiredPod, live: ActualPod, known: PodRecord | undefined, actual: Actual): readonly Moved[] {
  return followersOf(pod, live).flatMap(container => {
    const found = live.containers.get(container.name);
    const to = actual.images.get(container.image)?.id;
    const record = recordOf(known, container.name);
    const isNew = to !== undefined && found !== undefined && found.imageId !== to && record?.refused !== to;
    return isNew ? [{ container, live: found, record, to }] : [];
  });
}

/** Containers that never ran from the image which they were moved to, after a failure: they get the one before. */
function goingBack(pod: DesiredPod, live: ActualPod, known: PodRecord | undefined, actual: Actual): Follows {
  if (known?.failure === undefined) return nothing;
  const back = followersOf(pod, live).flatMap((container): [Follow, Follows['notes']][] => {
    const { name } = container;
    const found = live.containers.get(name);
    const { from, to } = recordOf(known, name)?.followed ?? {};
    if (found?.state !== 'created' || from === undefined || to === undefined) return [];
    if (found.imageId !== to || from === to || !actual.images.has(from)) return [];
    const why = `cannot be started from its newer image ${short(to)}: it goes back to ${short(from)}`;
    const made: DesiredContainer = { ...container, image: from, pullPolicy: 'Never' };
    return [[{ container: made, why, field: fieldOf(pod, container, from, to) }, { [name]: { refused: to } }]];
  });
  return {
    replaced: new Map(back.map(([follow]) => [follow.container.name, follow])),
    notes: Object.assign({}, ...back.map(([, notes]) => notes)),
    waits: [],
  };
}

/** Those that follow their images, while the pod has not ended. */
function followersOf(pod: DesiredPod, live: ActualPod): readonly DesiredContainer[] {
  const sidecars = pod.initContainers.filter(({ sidecar }) => sidecar);
  const followers = [...sidecars, ...pod.containers].filter(({ autoUpdate }) => autoUpdate !== undefined);
  if (followers.length === 0) return [];
  const hasEnded = ({ name }: DesiredContainer): boolean => {
    const found = live.containers.get(name);
    return found !== undefined && isFinished(pod, found);
  };
  return pod.containers.every(hasEnded) ? [] : followers.filter(container => !hasEnded(container));
}

/**
 * Pods of one Deployment follow one after the other, so that the others serve meanwhile. One that is not ready has
 * nothing to lose.
 *
 * @returns when its turn is; undefined where that is now
 */
function othersTurn(pod: DesiredPod, live: ActualPod, desired: Desired, actual: Actual): string | undefined {
  if (pod.declaredBy === pod.key || !serves(pod, live)) return undefined;
  const siblings = [...desired.pods.values()].filter(
    each => each.declaredBy === pod.declaredBy && each.key !== pod.key,
  );
  const late = siblings.filter(sibling => !serves(sibling, actual.pods.get(sibling.key)));
  const before = siblings.filter(sibling => {
    const found = actual.pods.get(sibling.key);
    return found !== undefined && sibling.key < pod.key && movedOf(sibling, found, found.record, actual).length > 0;
  });
  const keys = [...late, ...before].map(({ key }) => key).toSorted();
  return keys[0] === undefined ? undefined : `once '${keys[0]}' is ready with it`;
}

function serves(pod: DesiredPod, live: ActualPod | undefined): boolean {
  const runs = pod.containers.every(({ name }) => live?.containers.get(name)?.state === 'running');
  return runs && notYetReady(pod, live) === undefined;
}

function followOf(pod: DesiredPod, { container, live, to }: Moved): Follow {
  const why = `follows '${container.image}', which is another image by now: ${short(to)}`;
  return { container, why, field: fieldOf(pod, container, to, live.imageId) };
}

function fieldOf(pod: DesiredPod, { name }: DesiredContainer, desired: string, live: string): FieldChange {
  const location = pod.locate(`/containers/${name}/image`);
  return { path: `containers.${name}.image`, applied: undefined, desired: short(desired), live: short(live), location };
}

/** The image that it last was started from, as far as is known. */
function lastGood(live: ActualContainer, record: ContainerRecord | undefined): string {
  const before = record?.followed;
  return live.state === 'created' && before?.to === live.imageId ? before.from : live.imageId;
}

/** A container may be called `constructor`. */
function recordOf(known: PodRecord | undefined, name: string): ContainerRecord | undefined {
  return known !== undefined && Object.hasOwn(known.containers, name) ? known.containers[name] : undefined;
}

/** As `podman images` shows ids. */
function short(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
