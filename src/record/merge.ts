import type { DesiredPod } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { RecordPatch } from '../model/plan.ts';
import { type ContainerRecord, type PodRecord, recordVersion } from '../model/record.ts';

/** How many entries of history are kept. */
export const historyLimit = 20;

const unused: ContainerRecord = { backoffCount: 0, restarts: 0, secretDigest: undefined, resources: undefined };

/** A record of a pod that nothing was done for yet. */
export function emptyRecord(key: Key, declaredBy: Key, source: string): PodRecord {
  return {
    version: recordVersion,
    key,
    declaredBy,
    uid: undefined,
    revision: '',
    origin: { file: '', line: 1, column: 1 },
    source,
    applied: undefined,
    containers: {},
    failure: undefined,
    history: [],
  };
}

/**
 * The record after a patch. Members that the patch lacks stay; a new uid is another pod, so that its containers count
 * from 0; containers that the applied pod lacks are forgotten; history keeps the latest 20.
 */
export function mergeRecord(before: PodRecord, patch: RecordPatch, source: string): PodRecord {
  const record = waiting(before, patch.waits, source);
  const renewed = patch.uid !== undefined && patch.uid !== record.uid;
  const counted = renewed ? {} : record.containers;
  const { applied } = patch;
  const base = applied === undefined ? counted : appliedContainers(applied, counted);
  return {
    ...record,
    ...(applied && { declaredBy: applied.declaredBy, origin: applied.origin, applied: applied.canonical, source }),
    uid: patch.uid ?? record.uid,
    ...endedOf(patch.ended ?? (renewed ? undefined : record.ended)),
    revision: patch.revision ?? record.revision,
    containers: patchedContainers(base, patch.containers ?? {}),
    history: [...record.history, ...(patch.history ? [patch.history] : [])].slice(-historyLimit),
  };
}

/** Of a pod that was never applied, it is all that tells where it comes from. */
function waiting(record: PodRecord, waits: RecordPatch['waits'], source: string): PodRecord {
  if (waits === undefined) return record;
  const { waitsFor: _, ...rest } = record;
  const { on, declaredBy, origin } = waits;
  const known = record.applied === undefined ? { ...rest, declaredBy, origin, source } : rest;
  return on.length === 0 ? known : { ...known, waitsFor: on };
}

/** Absent where it has not ended, as in the records of older versions. */
function endedOf(ended: PodRecord['ended']): Pick<PodRecord, 'ended'> {
  return { ended };
}

type Containers = PodRecord['containers'];

function appliedContainers(pod: DesiredPod, before: Containers): Containers {
  return Object.fromEntries(
    [...pod.initContainers, ...pod.containers].map(({ name, secretDigest, resources }) => [
      name,
      { ...(own(before, name) ?? unused), secretDigest, resources },
    ]),
  );
}

function patchedContainers(base: Containers, patch: NonNullable<RecordPatch['containers']>): Containers {
  const patched = Object.entries(patch).map(([name, part]) => [name, { ...(own(base, name) ?? unused), ...part }]);
  return { ...base, ...Object.fromEntries(patched) };
}

/** A container may be called `constructor`. */
function own(containers: Containers, name: string): ContainerRecord | undefined {
  return Object.hasOwn(containers, name) ? containers[name] : undefined;
}
