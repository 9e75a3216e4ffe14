import type { KubeObject } from '../manifest/object.ts';
import { nearest } from '../manifest/suggest.ts';
import type { DesiredPod } from '../model/desired.ts';
import { type Key, keyOf, keyParts } from '../model/key.ts';
import { afterAnnotation, candidatesOf, circlesIn, orderedKinds, referencesIn } from '../model/order.ts';
import type { Problem } from '../model/problem.ts';
import { escapePointer } from './locate.ts';
import { report, type Scope, type Surroundings } from './scope.ts';

/** What pods may name in an order, for those that do. */
export function neighbours(objects: readonly KubeObject[]): Pick<Surroundings, 'declared' | 'meant'> {
  const keys = new Set<string>(objects.map(({ key }) => key));
  const ordered = objects.filter(({ kind }) => orderedKinds.includes(kind));
  const meant = (key: Key): Key | undefined => {
    const { kind, namespace, name } = keyParts(key);
    const ofKind = ordered.filter(each => each.kind === kind);
    const elsewhere = ofKind.find(each => each.name === name);
    const names = ofKind.filter(each => each.namespace === namespace).map(each => each.name);
    const near = nearest(name, names);
    return elsewhere?.key ?? (near === undefined ? undefined : keyOf(kind, namespace, near));
  };
  return {
    declared: { get: key => keys.has(key) || undefined },
    meant: { get: key => meant(key as Key) },
  };
}

/**
 * The objects whose pods are to be ready before a pod starts, sorted, each once. What the source does not have is
 * reported, and not waited for: as with systemd's After=, an order alone is no need.
 */
export function resolveAfter(annotation: string | undefined, annotationsAt: string, scope: Scope): readonly Key[] {
  if (annotation === undefined) return [];
  const found = referencesIn(annotation).flatMap(reference => {
    const candidates = candidatesOf(reference, scope.object.namespace);
    const key = candidates.find(each => scope.declared.get(each));
    if (key === undefined) reportUnknown(reference.text, candidates, annotationsAt, scope);
    return key ?? [];
  });
  return [...new Set(found)].sort();
}

function reportUnknown(text: string, candidates: readonly Key[], at: string, scope: Scope): void {
  const meant = candidates.map(key => scope.meant.get(key)).find(key => key !== undefined);
  const message = `Check annotation "${afterAnnotation}": the source has no Pod or Deployment '${text}', so that nothing waits for it`;
  const hint = meant === undefined ? 'Declare it, or remove the name' : `Did you mean "${shortest(meant, scope)}"?`;
  report(scope, `${at}/${escapePointer(afterAnnotation)}`, 'REFERENCE_UNSUPPORTED', message, {
    severity: 'warning',
    hint,
  });
}

/** As short as it may be written there; with its kind, where the name alone could be another's. */
function shortest(key: Key, { object, declared }: Scope): string {
  const { kind, namespace, name } = keyParts(key);
  if (namespace !== object.namespace) return key;
  return kind === 'Pod' || !declared.get(keyOf('Pod', namespace, name)) ? name : `${kind}/${name}`;
}

/** Pods that wait for each other would never start: all of a circle are refused. */
export function findCircles(pods: readonly DesiredPod[]): Problem[] {
  const first = new Map<Key, DesiredPod>();
  for (const pod of pods) if (pod.after !== undefined && !first.has(pod.declaredBy)) first.set(pod.declaredBy, pod);
  if (first.size === 0) return [];
  const circles = circlesIn(new Map([...first].map(([key, { after = [] }]) => [key, after] as const)));
  return [...circles].flatMap(([key, circle]) => {
    const pod = first.get(key);
    if (pod === undefined) return [];
    return {
      code: 'ORDER_CYCLE',
      severity: 'error',
      message: `Cannot use annotation "${afterAnnotation}": its order leads back to itself: ${circle.map(each => `'${each}'`).join(' after ')}`,
      hint: 'Take one of these names out of its annotation',
      ...pod.locate('/inPlace/after'),
      key,
    };
  });
}
