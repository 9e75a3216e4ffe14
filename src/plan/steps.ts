import type { Actual } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import { emptyDirName } from '../model/names.ts';
import type { HistoryEntry } from '../model/record.ts';
import type { StepBuilder } from './builder.ts';
import { askedFor } from './checks.ts';
import { graceOf, handOver, removeLeftovers } from './handover.ts';
import { historyOf } from './history.ts';
import { imagesFor } from './images.ts';
import type { Prepared } from './prepare.ts';
import type { Leftover } from './removal.ts';
import { type Stopping, stopHooked, stopInOrder, stopOf } from './stopping.ts';
import { type Decision, endsPod, type Work } from './work.ts';

/** What the steps are made from. */
export interface StepInput {
  readonly decisions: readonly Decision[];
  readonly leftovers: readonly Leftover[];
  readonly prepared: Prepared;
  readonly actual: Actual;
  readonly desired: Desired;
  readonly now: number;
}

/**
 * Cuts the work into steps, in five rounds over all pods, so that each step waits on earlier ones only: get ready; make
 * room; make pods and containers; start them; remove what they stand in for.
 */
export function addSteps(builder: StepBuilder, input: StepInput): void {
  const works = input.decisions.flatMap(({ change, work }) => (work === undefined ? [] : [{ change, work }]));
  const ready = new Map(works.map(({ work }) => [work.pod.key, getReady(builder, work, input)]));
  const room = new Map(works.map(({ work }) => [work.pod.key, makeRoom(builder, work, ready.get(work.pod.key) ?? [])]));
  const made = new Map(
    works.map(({ work }) => {
      const before = [...(ready.get(work.pod.key) ?? []), room.get(work.pod.key)];
      return [work.pod.key, makeContainers(builder, work, before, input.actual)];
    }),
  );
  const handedOver = handOver(
    builder,
    works.map(({ work }) => work),
    made,
    room,
    input,
  );
  const started = new Map<Key, readonly number[]>();
  for (const { change, work } of works) {
    const { key } = work.pod;
    const before = [...(made.get(key)?.all ?? []), ...(handedOver.releases.get(key) ?? [])];
    const history = historyOf(change, input.desired.revision, input.now);
    const ids = startContainers(builder, work, { made: made.get(key), before, history, actual: input.actual });
    started.set(key, ids);
    if (work.record || work.files.length > 0) {
      const containers = askedFor(work, input.prepared.images, input.now);
      const patch = { applied: work.pod, uid: work.uid, revision: input.desired.revision, containers, history };
      // Not after the starts: what stands is applied, whether or not it starts.
      const after = [...(ready.get(key) ?? []), ...(made.get(key)?.all ?? [])];
      builder.add(
        key,
        {
          verb: 'writeRecord',
          pod: key,
          patch: isToldBefore(work) ? { ...patch, history: undefined } : patch,
        },
        after,
      );
    }
  }
  removeLeftovers(builder, started, handedOver, input);
}

/** Whether its history is written before its starts and stops. */
function isToldBefore(work: Work): boolean {
  return endsPod(work) || (work.counts !== undefined && work.start.length > 0);
}

/** Everything that can be done while the old still runs. */
function getReady(builder: StepBuilder, work: Work, { prepared, actual }: StepInput): readonly number[] {
  const { pod, uid } = work;
  const uses = work.create.flatMap(container => imagesFor(pod, container));
  const images = [...new Set(uses.flatMap(use => prepared.images.get(use.image) ?? []))];
  const claims = pod.volumes.flatMap(volume =>
    volume.type === 'claim' ? (prepared.volumes.get(volume.engineName) ?? []) : [],
  );
  const emptyDirs = work.emptyDirs
    .filter(volume => !actual.volumes.has(emptyDirName(uid, volume)))
    .map(volume => builder.add(pod.key, { verb: 'createEmptyDir', pod, uid, volume }, []));
  const files = work.files.map(each => builder.add(pod.key, { verb: 'writeFiles', pod, uid, files: each }, []));
  const notes = work.notes && { verb: 'writeRecord' as const, pod: pod.key, patch: { uid, containers: work.notes } };
  const noted = notes === undefined ? [] : [builder.add(pod.key, notes, [])];
  const before = [...images, ...claims, ...emptyDirs, ...files, ...noted];
  if (work.removePod === undefined || pod.sandbox.ports.length === 0) return before;
  const held = [...actual.pods.values()].flatMap(each => each.ports.map(port => `${port.hostPort}/${port.protocol}`));
  const ports = pod.sandbox.ports.filter(port => !held.includes(`${port.hostPort}/${port.protocol}`));
  if (ports.length === 0) return before;
  return [...before, builder.add(pod.key, { verb: 'checkPorts', pod: pod.key, ports }, before)];
}

/** Takes away a pod that is to be made anew under its own name. */
function makeRoom(builder: StepBuilder, work: Work, before: readonly number[]): number | undefined {
  const old = work.removePod;
  if (old === undefined) return undefined;
  const graceSeconds = graceOf(old);
  const hooked = stopHooked(builder, { pod: old.key, actual: old, desired: work.pod, graceSeconds }, before);
  return builder.add(work.pod.key, { verb: 'removePod', pod: old.key, id: old.id, uid: old.uid, graceSeconds }, [
    ...before,
    ...hooked,
  ]);
}

/** Ids of the steps that make a pod and its containers, or name them right. */
export interface Made {
  /** By container name. */
  readonly containers: ReadonlyMap<string, number>;
  readonly all: readonly number[];
}

function makeContainers(
  builder: StepBuilder,
  work: Work,
  before: readonly (number | undefined)[],
  actual: Actual,
): Made {
  const { pod, uid } = work;
  const sandbox = work.createPod ? builder.add(pod.key, { verb: 'createPod', pod, uid }, before) : undefined;
  const removed = new Map(
    work.remove.map(container => {
      const { name, id, state, keepsVolumes } = container;
      const keeps = keepsVolumes === undefined ? {} : { keepsVolumes };
      const graceSeconds = pod.gracePeriodSeconds;
      // With no grace, the removal itself stops it. One that has begun is carried on.
      const idle = state === 'exited' || state === 'created' || state === 'removing' || graceSeconds === 0;
      const stopped = idle ? before : [builder.add(pod.key, stopOf(container, stoppingOf(work, actual)), before)];
      return [
        name,
        builder.add(pod.key, { verb: 'removeContainer', pod: pod.key, name, id, ...keeps }, stopped),
      ] as const;
    }),
  );
  const created = new Map(
    work.create.map(container => {
      const after = [...(sandbox === undefined ? before : [sandbox]), removed.get(container.name)];
      return [container.name, builder.add(pod.key, { verb: 'createContainer', pod, uid, container }, after)] as const;
    }),
  );
  // Waits on nothing: a start that is due goes by the name.
  const renamed = work.rename.map(({ live: { name, id }, engineName }) => {
    return [name, builder.add(pod.key, { verb: 'renameContainer', pod: pod.key, name, id, engineName }, [])] as const;
  });
  const updated = work.update.map(({ live: { name, id }, container: { resources } }) =>
    builder.add(pod.key, { verb: 'updateContainer', pod: pod.key, name, id, resources }, []),
  );
  const rest = [...removed].filter(([name]) => !created.has(name)).map(([, id]) => id);
  const containers = new Map([...renamed, ...created]);
  return {
    containers,
    all: [...(sandbox === undefined ? [] : [sandbox]), ...containers.values(), ...updated, ...rest],
  };
}

function stoppingOf({ pod }: Work, actual: Actual): Stopping {
  return { pod: pod.key, actual: actual.pods.get(pod.key), desired: pod, graceSeconds: pod.gracePeriodSeconds };
}

interface StartInput {
  readonly made: Made | undefined;
  readonly before: readonly number[];
  readonly history: HistoryEntry;
  readonly actual: Actual;
}

function startContainers(
  builder: StepBuilder,
  work: Work,
  { made, before, history, actual }: StartInput,
): readonly number[] {
  const { pod, uid } = work;
  // Counted before it happens: a crash in between must not let a crash loop start over. A stop is told with its start.
  const isEnd = endsPod(work);
  const isTold = work.start.length > 0 || isEnd;
  // Of the pod that it names, so that the note outlives a record that was lost.
  const end = work.ended === undefined ? {} : { uid, ended: work.ended };
  const patch = { containers: work.counts, history: isTold ? history : undefined, ...end };
  const isNoted = work.counts !== undefined || isEnd;
  const counted = isNoted ? builder.add(pod.key, { verb: 'writeRecord', pod: pod.key, patch }, []) : undefined;
  if (isEnd) {
    if (work.stop.length > 0) builder.add(pod.key, stopInOrder(work.stop, stoppingOf(work, actual)), [counted]);
    return [];
  }
  const stopped = new Map(
    work.stop.map(container => [
      container.name,
      builder.add(pod.key, stopOf(container, stoppingOf(work, actual)), [counted]),
    ]),
  );
  return work.start.map(container => {
    // In a running pod each container waits on its own making alone; a new pod starts when all of it stands.
    const own = work.startsSandbox ? before : [made?.containers.get(container.name)];
    const after = [...own, counted, ...stopped.values()];
    const isPaused = actual.pods.get(pod.key)?.containers.get(container.name)?.state === 'paused';
    const resumes = isPaused && !work.create.includes(container) ? ({ resumes: true } as const) : {};
    return builder.add(pod.key, { verb: 'startContainer', pod, uid, container, ...resumes }, after);
  });
}
