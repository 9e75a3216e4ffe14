import type { Key } from '../../src/model/key.ts';
import type { RecordPatch } from '../../src/model/plan.ts';
import type { FailureRecord, PodRecord } from '../../src/model/record.ts';
import { emptyRecord, mergeRecord } from '../../src/record/merge.ts';
import type { Records } from '../../src/record/records.ts';

/** Records in memory, with what the real store does to them. */
export class FakeRecords implements Records {
  readonly all: Map<Key, PodRecord> = new Map();
  /** Calls that changed something, for tests that nothing was written. */
  readonly writes: string[] = [];
  /** Set to have every write rejected. */
  fault: Error | undefined;
  /** What goes wrong with one write: nothing is done, or it is done and said to have failed. */
  trouble: (call: string) => 'error' | 'lost' | undefined = () => undefined;

  load(): Promise<ReadonlyMap<Key, PodRecord>> {
    return Promise.resolve(new Map(this.all));
  }

  async write(pod: Key, patch: RecordPatch): Promise<void> {
    const end = this.#begin(`write ${pod}`);
    this.all.set(pod, mergeRecord(this.all.get(pod) ?? blankRecord(pod, pod), patch, ''));
    end();
  }

  async fail(pod: Key, declaredBy: Key, failure: FailureRecord | undefined): Promise<void> {
    const end = this.#begin(`fail ${pod}`);
    this.all.set(pod, { ...(this.all.get(pod) ?? blankRecord(pod, declaredBy)), failure });
    end();
  }

  async remove(pod: Key): Promise<void> {
    const end = this.#begin(`remove ${pod}`);
    this.all.delete(pod);
    end();
  }

  /** @returns what to call when it is done */
  #begin(call: string): () => void {
    const trouble = this.trouble(call);
    if (this.fault !== undefined) throw this.fault;
    if (trouble === 'error') throw diskFull();
    this.writes.push(call);
    return () => {
      if (trouble === 'lost') throw diskFull();
    };
  }
}

function diskFull(): Error {
  return Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}

/** A record of which nothing is known yet. */
export function blankRecord(key: Key, declaredBy: Key): PodRecord {
  return emptyRecord(key, declaredBy, '');
}
