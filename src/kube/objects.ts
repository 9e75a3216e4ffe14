import type { CanonicalPod, Json } from '../model/desired.ts';
import { type Key, keyParts } from '../model/key.ts';
import { claimsOf } from './claims.ts';
import { configMapsOf } from './config-maps.ts';
import { type Fields, fields, member } from './json.ts';
import { manifestOf } from './manifest.ts';
import type { Remarks } from './remarks.ts';
import { secretsOf } from './secrets.ts';

/** A pod that stands on this host. */
export interface Standing {
  readonly key: Key;
  /** The Pod itself, or its Deployment. */
  readonly declaredBy: Key;
  readonly pod: CanonicalPod;
  /** When it was applied last, in ms since the epoch: of two templates of a Deployment the later one is meant. */
  readonly appliedAtMs: number;
  /** What stands in the files of its ConfigMaps, by `VOLUME/PATH`; those that cannot be read are absent. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * The objects that declare these pods: their ConfigMaps and PersistentVolumeClaims, then Pods and Deployments, sorted.
 * Secrets are taken down as missing, and never written.
 */
export function objectsOf(standing: readonly Standing[], remarks: Remarks): readonly Fields[] {
  const sorted = standing.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const declaring = [...new Set(sorted.map(({ declaredBy }) => declaredBy))].sort();
  const pods = declaring.map(key => templateOf(key, sorted, remarks));
  for (const { declaredBy, pod } of pods) reportBuilds(declaredBy, pod, remarks);
  const workloads = pods.map(({ declaredBy, pod, replicas }) =>
    manifestOf({ key: declaredBy, replicas }, pod, remarks),
  );
  for (const secret of new Set(pods.flatMap(({ declaredBy, pod }) => secretsOf(keyParts(declaredBy).namespace, pod)))) {
    remarks.add(secret, 'is needed, and Secrets are never written out; keep it beside this file');
  }
  return [...configMapsOf(pods, remarks), ...claimsOf(pods, remarks), ...workloads];
}

/** What all pods of an object are made from. */
export interface Template extends Standing {
  readonly replicas: number;
}

/** The latest of what an object's pods were made from. */
function templateOf(key: Key, standing: readonly Standing[], remarks: Remarks): Template {
  const pods = standing.filter(({ declaredBy }) => declaredBy === key);
  const latest = pods.toSorted((a, b) => b.appliedAtMs - a.appliedAtMs)[0] as Standing;
  const same = pods.filter(({ pod }) => isSame(pod, latest.pod));
  if (same.length < pods.length) {
    remarks.add(
      key,
      `${pods.length - same.length} of its ${pods.length} pods are of another template; the one applied last is written`,
    );
  }
  const files = new Map(same.flatMap(pod => [...pod.files]));
  return { ...latest, files, replicas: same.length };
}

/** Records come out of one writer, so that equal ones are equal texts. */
function isSame(one: CanonicalPod, other: CanonicalPod): boolean {
  return JSON.stringify([one.sandbox, one.containers]) === JSON.stringify([other.sandbox, other.containers]);
}

function reportBuilds(key: Key, { containers }: CanonicalPod, remarks: Remarks): void {
  const images = Object.values(containers).flatMap(container => {
    const mounted = Object.values(fields(member(container, 'mounts'))).map(mount =>
      member(member(mount, 'source'), 'image'),
    );
    return [
      ...built(member(container, 'image'), container),
      ...mounted.flatMap(image => built(member(image, 'reference'), image)),
    ];
  });
  for (const image of images) {
    const name = image.split('/').at(-1)?.split(/[:@]/)[0] ?? '';
    remarks.add(key, `image ${image} was built here; keep its directory "${name}" beside this file, or it is pulled`);
  }
}

function built(image: Json | undefined, from: Json | undefined): readonly string[] {
  return typeof image === 'string' && member(from, 'build') !== undefined ? [image] : [];
}
