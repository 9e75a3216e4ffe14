import type { DesiredPod } from '../../src/model/desired.ts';
import type { Key } from '../../src/model/key.ts';
import type { RecordPatch } from '../../src/model/plan.ts';
import type { ContainerRecord, FailureRecord, PodRecord } from '../../src/model/record.ts';
import type { Records } from '../../src/record/records.ts';

/** Records in memory, with what the real store does to them. */
export class FakeRecords implements Records {
  readonly all: Map<Key, PodRecord> = new Map();
  /** Calls that changed something, for tests that nothing was written. */
  readonly writes: string[] = [];
  /** Set to have every write rejected. */
  fault: Error | undefined;

  load(): Promise<ReadonlyMap<Key, PodRecord>> {
    return Promise.resolve(new Map(this.all));
  }

  async write(pod: Key, patch: RecordPatch): Promise<void> {
    this.#begin(`write ${pod}`);
    this.all.set(pod, merge(this.all.get(pod) ?? blankRecord(pod, pod), patch));
  }

  async fail(pod: Key, declaredBy: Key, failure: FailureRecord | undefined): Promise<void> {
    this.#begin(`fail ${pod}`);
    this.all.set(pod, { ...(this.all.get(pod) ?? blankRecord(pod, declaredBy)), failure });
  }

  async remove(pod: Key): Promise<void> {
    this.#begin(`remove ${pod}`);
    this.all.delete(pod);
  }

  #begin(call: string): void {
    if (this.fault !== undefined) throw this.fault;
    this.writes.push(call);
  }
}

/** A record of which nothing is known yet. */
export function blankRecord(key: Key, declaredBy: Key): PodRecord {
  return {
    version: 1,
    key,
    declaredBy,
    uid: undefined,
    revision: '',
    origin: { file: '', line: 1, column: 1 },
    source: '',
    applied: undefined,
    containers: {},
    failure: undefined,
    history: [],
  };
}

const blankContainer: ContainerRecord = {
  backoffCount: 0,
  restarts: 0,
  secretDigest: undefined,
  resources: undefined,
};

function merge(record: PodRecord, patch: RecordPatch): PodRecord {
  const { applied, uid = record.uid, revision = record.revision, history } = patch;
  const origin = applied && { applied: applied.canonical, origin: applied.origin, declaredBy: applied.declaredBy };
  const containers = mergeContainers(mergeContainers(record.containers, fromApplied(applied)), patch.containers ?? {});
  const entries = history === undefined ? record.history : [...record.history, history].slice(-20);
  return { ...record, ...origin, uid, revision, containers, history: entries };
}

type Containers = { readonly [name: string]: Partial<ContainerRecord> };

function mergeContainers(old: PodRecord['containers'], more: Containers): PodRecord['containers'] {
  const merged = Object.entries(more).map(([name, patch]) => [name, { ...blankContainer, ...old[name], ...patch }]);
  return { ...old, ...Object.fromEntries(merged) };
}

function fromApplied(applied: DesiredPod | undefined): Containers {
  const all = applied === undefined ? [] : [...applied.initContainers, ...applied.containers];
  return Object.fromEntries(all.map(({ name, secretDigest, resources }) => [name, { secretDigest, resources }]));
}
