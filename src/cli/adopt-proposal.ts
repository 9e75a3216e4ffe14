import { documentOf } from '../kube/document.ts';
import { standingOf } from '../kube/hand.ts';
import type { Fields } from '../kube/json.ts';
import { dnsLabel } from '../kube/names.ts';
import { objectsOf } from '../kube/objects.ts';
import { remarks } from '../kube/remarks.ts';
import { type Adoption, adoptionVersion } from '../model/adoption.ts';
import type { DesiredPod } from '../model/desired.ts';
import type { HandMade } from '../model/hand.ts';
import { type Key, keyOf, keyParts } from '../model/key.ts';
import { engineNameOf } from '../model/names.ts';
import type { Candidate } from './adopt-candidate.ts';
import type { Load } from './desire.ts';
import { CommandError } from './error.ts';

/** How one pod would be adopted. */
export interface Proposal extends Candidate {
  readonly objects: readonly Fields[];
  /** What its manifest cannot say. */
  readonly remarks: readonly string[];
  /** What holds of it only until it is made anew. */
  readonly notes: readonly string[];
  readonly adoption: Adoption;
}

export interface ProposalOptions {
  readonly owner: string;
  readonly uid: string;
  /** Without manifests of the user's: what stands is told by what stands. */
  readonly load: Load;
}

/**
 * Writes a pod's manifest, and reads it again: the digests that it comes to are those of what stands.
 *
 * @throws CommandError where the manifest would be refused, or would not have the pod's volumes
 */
export async function proposalOf(candidate: Candidate, { owner, uid, load }: ProposalOptions): Promise<Proposal> {
  const { key, made, ids } = candidate;
  const podName = engineNameOf(key);
  const noted = remarks();
  const standing = standingOf(made, keyParts(key).namespace, noted);
  const objects = objectsOf([standing], noted);
  const { desired, problems } = await load({
    revision: '',
    files: [{ path: '-', directory: '/', text: documentOf([...objects, ...secretsFor(key, made)], []) }],
    contexts: new Map(),
    problems: [],
    identity: '',
    busy: false,
  });
  const pod = desired.pods.get(key);
  if (pod === undefined) {
    const why = problems.find(({ severity }) => severity === 'error')?.message ?? 'no manifest comes to it';
    throw new CommandError(`Cannot adopt "${podName}": its manifest would be refused: ${why}`, {
      hint: `See it with "podstead generate kube --pod ${podName}"`,
    });
  }
  const lost = [...made.volumes.keys()].filter(name => !desired.volumes.has(name));
  if (lost.length > 0) {
    throw new CommandError(
      `Cannot adopt "${podName}": no claim of its namespace can have the name of volume ${lost.join(', ')}, and with another its data would stay behind`,
      { hint: 'Copy the data to a volume with a name of small letters, digits and dashes, and have the pod use that' },
    );
  }
  const names = (standing.pod.inPlace as { readonly order: readonly string[] }).order;
  const adoption = adoptionOf(pod, { owner, uid, made, ids, names });
  return { ...candidate, objects, remarks: noted.all, notes: notesOf(made), adoption };
}

function adoptionOf(
  pod: DesiredPod,
  known: Pick<Adoption, 'owner' | 'uid'> & {
    readonly made: HandMade;
    readonly ids: Candidate['ids'];
    readonly names: readonly string[];
  },
): Adoption {
  const { owner, uid, made, ids, names } = known;
  const digests = new Map([...pod.initContainers, ...pod.containers].map(({ name, digest }) => [name, digest]));
  const containers = made.containers.map(({ id }, i) => {
    const name = names[i] ?? '';
    return [id, { name, digest: digests.get(name) ?? '' }] as const;
  });
  return {
    version: adoptionVersion,
    owner,
    key: pod.key,
    uid,
    podId: ids.pod,
    infraId: ids.infra,
    digest: pod.sandbox.digest,
    containers: Object.fromEntries(containers),
  };
}

/** No digest depends on what is in a Secret: empty ones stand in for those that are kept elsewhere. */
function secretsFor(key: Key, { containers }: HandMade): readonly Fields[] {
  const { namespace } = keyParts(key);
  const names = containers.flatMap(({ secretEnv, secretFiles }) =>
    [...secretEnv, ...secretFiles].map(({ secret }) => secret),
  );
  return [...new Set(names)].map(secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: dnsLabel(secret), namespace },
    stringData: { [secret]: '' },
  }));
}

function notesOf({ containers, hostNetwork }: HandMade): readonly string[] {
  const restarting = containers.filter(({ restart }) => restart !== 'no');
  return [
    ...restarting.map(
      ({ engineName, restart }) =>
        `container ${engineName}: Podman restarts it too (policy ${restart}), without a back-off, until it is made anew`,
    ),
    ...containers
      .filter(({ secretFiles }) => secretFiles.length > 0)
      .map(({ engineName }) => `container ${engineName}: its secret files stay as they are until it is made anew`),
    ...(hostNetwork
      ? []
      : ['it stays on the network that it is on, without the names of other pods, until it is made anew']),
  ];
}

/** Key of an object as it was written. */
export function keyOfObject(object: Fields): Key {
  const { kind, metadata } = object as unknown as {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
  };
  return keyOf(kind, metadata.namespace ?? 'default', metadata.name);
}
