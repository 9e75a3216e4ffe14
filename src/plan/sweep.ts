import type { Actual } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import { type Key, keyOf } from '../model/key.ts';
import type { PodRecord } from '../model/record.ts';
import type { StepBuilder } from './builder.ts';
import { type Leftover, mayPrune, type Prune } from './removal.ts';

/** What the sweep looks at. */
export interface SweepInput {
  readonly desired: Desired;
  readonly actual: Actual;
  readonly leftovers: readonly Leftover[];
  readonly owner: string;
  readonly busy: ReadonlySet<Key>;
  readonly records: ReadonlyMap<Key, PodRecord>;
  readonly prune: Prune;
  readonly removeVolumes?: ReadonlySet<string>;
}

/**
 * Takes away what belongs to no pod any more: emptyDir volumes, files, records and empty pods that a crash or somebody's
 * `podman rm` left behind, volumes that the user named, and networks that nothing of ours uses.
 */
export function addSweep(builder: StepBuilder, input: SweepInput): void {
  const { actual, owner, busy } = input;
  const uids = new Set([...actual.pods.values()].map(pod => pod.uid));
  // A pod under way has its volumes before it has itself.
  const idle = busy.size === 0;
  for (const volume of [...actual.volumes.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (volume.owner !== owner || volume.uid === undefined || volume.key === undefined) continue;
    if (uids.has(volume.uid) || busy.has(volume.key)) continue;
    builder.add(volume.key, { verb: 'removeVolume', name: volume.name, owner }, []);
  }
  for (const uid of actual.fileUids.filter(each => idle && !uids.has(each)).toSorted()) {
    builder.add(keyOf('Files', '-', uid), { verb: 'removeFiles', uid }, []);
  }
  for (const { key, uid } of staleRecords(input)) {
    const left = uid === undefined ? [] : [builder.add(key, { verb: 'removeEmptyPod', pod: key, uid }, [])];
    builder.add(key, { verb: 'removeRecord', pod: key }, left);
  }
  const removals = builder.steps().filter(step => step.action.verb === 'removePod');
  for (const name of [...(input.removeVolumes ?? [])].toSorted()) {
    const volume = actual.volumes.get(name);
    if (volume === undefined || volume.owner !== owner) continue;
    const key = volume.key ?? keyOf('Volume', '-', name);
    const after = removals.map(step => step.id);
    if (!busy.has(key)) builder.add(key, { verb: 'removeVolume', name, owner }, after);
  }
  for (const name of emptiedNetworks(input)) {
    builder.add(
      keyOf('Network', '-', name),
      { verb: 'removeNetwork', name },
      removals.map(step => step.id),
    );
  }
}

/** Records of pods that neither exist nor are wanted, where absence is certain enough to prune on. */
function staleRecords({ desired, actual, records, prune, busy }: SweepInput): readonly PodRecord[] {
  return [...records.values()]
    .filter(({ key }) => !desired.pods.has(key) && !actual.pods.has(key) && !busy.has(key))
    .filter(({ declaredBy }) =>
      desired.declared.has(declaredBy) ? !desired.held.has(declaredBy) : mayPrune(prune, declaredBy),
    )
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function emptiedNetworks({ desired, actual, leftovers, busy }: SweepInput): readonly string[] {
  if (busy.size > 0) return [];
  const leaving = new Set(
    leftovers.filter(leftover => leftover.removal !== 'never').map(leftover => leftover.actual.key),
  );
  const staying = [...actual.pods.values()].filter(pod => !leaving.has(pod.key));
  if (leaving.size === 0) return [];
  const wanted = new Set([...desired.pods.values()].map(pod => pod.sandbox.network));
  const namespaces = new Set(staying.map(pod => pod.key.split('/')[1]));
  return actual.networks.filter(name => !wanted.has(name) && !namespaces.has(namespaceOf(name))).toSorted();
}

/** The namespace that a network's name was made from. */
function namespaceOf(network: string): string {
  return network.includes('_') ? (network.split('_')[0] ?? '') : 'default';
}
