import type { CanonicalPod, Json } from '../model/desired.ts';
import { type Key, keyOf, keyParts } from '../model/key.ts';
import { type Fields, fields, given, member, text } from './json.ts';
import { nameOf } from './metadata.ts';
import type { Remarks } from './remarks.ts';

/** A cluster wants a size; one host does not look at it. */
const anySize = '1Gi';

/** The PersistentVolumeClaims of these pods, sorted. */
export function claimsOf(
  pods: readonly { readonly declaredBy: Key; readonly pod: CanonicalPod }[],
  remarks: Remarks,
): readonly Fields[] {
  const found = new Map<Key, Json | undefined>();
  for (const { declaredBy, pod } of pods) {
    for (const [name, claim] of claimsIn(pod)) {
      const key = keyOf('PersistentVolumeClaim', keyParts(declaredBy).namespace, name);
      found.set(key, found.get(key) ?? claim);
    }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, claim]) => objectOf(key, claim, remarks));
}

function claimsIn({ containers, inPlace }: CanonicalPod): readonly (readonly [string, Json | undefined])[] {
  const known = fields(member(inPlace, 'claims'));
  const mounts = Object.values(containers).flatMap(container => Object.values(fields(member(container, 'mounts'))));
  const mounted = mounts.flatMap(mount => text(member(member(mount, 'source'), 'claim')) ?? []);
  return [...new Set([...Object.keys(known), ...mounted])].map(name => [name, member(known, name)]);
}

function objectOf(key: Key, claim: Json | undefined, remarks: Remarks): Fields {
  const { labels, annotations, accessModes, storage = anySize } = fields(claim);
  if (claim === undefined) {
    remarks.add(key, 'how it was declared is not known: it is written as one that any pod of one node may write to');
  }
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: given({ ...nameOf(key), labels, annotations }),
    spec: { accessModes: accessModes ?? ['ReadWriteOnce'], resources: { requests: { storage } } },
  };
}
