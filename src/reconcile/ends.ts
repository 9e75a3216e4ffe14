import type { Engine, RunEnd, Signalled } from '../engine/engine.ts';
import type { Actual, ActualContainer, ActualPod } from '../model/actual.ts';
import { appliedFallback } from '../model/applied.ts';
import type { Key } from '../model/key.ts';
import type { ContainerRecord, EndOfRun } from '../model/record.ts';
import type { Records } from '../record/records.ts';

interface EndPorts {
  readonly engine: Engine;
  readonly records: Records;
}

/**
 * Notes how runs of containers ended, each once: the engine forgets it at the next start. Where nothing has ended since
 * the last look this makes no call. What cannot be noted now is tried again at the next look, if it still stands.
 *
 * @param busy keys with unfinished steps: what ends there is mostly our own doing, and told by the steps
 */
export async function noteEnds(
  { engine, records }: EndPorts,
  { pods }: Actual,
  busy: ReadonlySet<Key>,
  opts: Signalled,
): Promise<void> {
  for (const pod of [...pods.values()].filter(({ key }) => !busy.has(key))) {
    const found: [string, Partial<ContainerRecord>][] = [];
    for (const container of unnoted(pod)) {
      const { id: containerId, name, startedAtMs, exitCode } = container;
      const fallsBackToLog = exitCode !== 0 && appliedFallback(pod.record?.applied, name);
      const run = { containerId, uid: pod.uid, name, startedAtMs, fallsBackToLog };
      const end = await engine.endOf(run, opts).catch(() => undefined);
      if (end !== undefined) found.push([name, { last: endOfRun(container, end) }]);
    }
    if (found.length === 0) continue;
    // Engine and store say what is wrong to those who need them; repairs must not wait for a note.
    await records.write(pod.key, { containers: Object.fromEntries(found) }).catch(() => undefined);
  }
}

/** Of a pod that we remember: containers whose latest end is not in the record. */
function unnoted({ containers, record }: ActualPod): readonly ActualContainer[] {
  if (record?.applied === undefined) return [];
  return [...containers.values()].filter(({ name, state, startedAtMs }) => {
    const known = Object.hasOwn(record.containers, name) ? record.containers[name]?.last : undefined;
    return state === 'exited' && startedAtMs > 0 && known?.startedAtMs !== startedAtMs;
  });
}

function endOfRun({ exitCode, startedAtMs, exitedAtMs }: ActualContainer, { oomKilled, message }: RunEnd): EndOfRun {
  const reason = oomKilled ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error';
  // The list tells seconds, and the end by a clock that is some milliseconds behind: a short run may end before it began.
  const endedAtMs = Math.max(exitedAtMs, startedAtMs);
  return { exitCode, reason, startedAtMs, exitedAtMs: endedAtMs, ...(message !== undefined && { message }) };
}
