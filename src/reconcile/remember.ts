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
  const forgotten = [...pods.values()].filter(pod => pod.record === undefined && desired.pods.has(pod.key));
  const wanted = forgotten.flatMap(pod => [...pod.containers.values()].map(container => ({ pod, container })));

  for (let from = 0; from < wanted.length; from += width) {
    const inspected = wanted.slice(from, from + width).map(async ({ pod, container }) => ({
      key: pod.key,
      container: { ...container, inspected: await engine.inspect(container.id, opts) },
    }));
    for (const { key, container } of await Promise.all(inspected)) replaceContainer(pods, key, container);
  }
  return { ...observed, pods };
}

function withRecord(pod: ActualPod, record: PodRecord | undefined): ActualPod {
  return { ...pod, record: record?.uid === pod.uid ? record : undefined };
}

function replaceContainer(pods: Map<Key, ActualPod>, key: Key, container: ActualContainer): void {
  const pod = pods.get(key);
  if (pod === undefined) return;
  pods.set(key, { ...pod, containers: new Map([...pod.containers, [container.name, container]]) });
}
