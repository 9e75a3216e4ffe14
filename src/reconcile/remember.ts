import type { Engine, Signalled } from '../engine/engine.ts';
import type { Actual, ActualContainer, ActualPod } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { PodRecord } from '../model/record.ts';

/** How many inspect calls run at once. */
const width = 4;

/**
 * Joins what the engine shows with what we remember. Where the record of a wanted pod is lost or speaks of an earlier
 * pod, inspect answers instead; with records in place this makes no call at all.
 *
 * @throws EngineError
 */
export async function remember(
  observed: Actual,
  desired: Desired,
  records: ReadonlyMap<Key, PodRecord>,
  engine: Engine,
  opts: Signalled,
): Promise<Actual> {
  const pods = new Map<Key, ActualPod>();
  for (const [key, pod] of observed.pods) pods.set(key, withRecord(pod, records.get(key)));
  const wanted: { readonly into: Map<string, ActualContainer>; readonly container: ActualContainer }[] = [];
  for (const [key, pod] of pods) {
    if (pod.record !== undefined || !desired.pods.has(key)) continue;
    const into = new Map(pod.containers);
    pods.set(key, { ...pod, containers: into });
    for (const container of into.values()) wanted.push({ into, container });
  }

  for (let from = 0; from < wanted.length; from += width) {
    const inspected = wanted.slice(from, from + width).map(async ({ into, container }) => {
      into.set(container.name, { ...container, inspected: await engine.inspect(container.id, opts) });
    });
    await Promise.all(inspected);
  }
  return { ...observed, pods };
}

function withRecord(pod: ActualPod, record: PodRecord | undefined): ActualPod {
  return { ...pod, record: record?.uid === pod.uid ? record : undefined };
}
