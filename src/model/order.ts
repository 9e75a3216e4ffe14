import { type Key, keyOf } from './key.ts';

/** Annotation of pods: what is to be ready before they start, apart by commas. */
export const afterAnnotation = 'podstead.dev/after';

/** The kinds that it may name. */
export const orderedKinds: readonly string[] = ['Pod', 'Deployment'];

/** `NAME`, `Kind/NAME` or `Kind/NAMESPACE/NAME`, as it is written. */
export interface Reference {
  readonly text: string;
  /** Undefined where only a name is given. */
  readonly kind: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  /** More parts than a key has. */
  readonly isTooLong: boolean;
}

/** What the annotation names, in order. */
export function referencesIn(annotation: string): readonly Reference[] {
  return annotation.split(',').map(item => {
    const text = item.trim();
    const parts = text.split('/');
    const [name = '', middle, first] = parts.toReversed();
    const namespace = first === undefined ? undefined : middle;
    return { text, kind: first ?? middle, namespace, name, isTooLong: parts.length > 3 };
  });
}

/** The keys that a reference may mean, the likelier first: a bare name is a Pod's, or else a Deployment's. */
export function candidatesOf({ kind, namespace, name }: Reference, ownNamespace: string): readonly Key[] {
  const kinds = kind === undefined ? orderedKinds : [kind];
  return kinds.map(each => keyOf(each, namespace ?? ownNamespace, name));
}

/** By key, those that come before it. */
export type Order = ReadonlyMap<Key, readonly Key[]>;

/**
 * What has an order, those that come first first; each stands behind all that it names. Whatever is part of a circle, or
 * comes after one, is left out.
 */
export function inOrder(order: Order): readonly Key[] {
  const waiting = new Map([...order].map(([key, before]) => [key, new Set(before.filter(each => order.has(each)))]));
  const followers = new Map<Key, Key[]>();
  for (const [key, before] of waiting)
    for (const each of before) followers.set(each, [...(followers.get(each) ?? []), key]);
  const sorted = [...waiting].flatMap(([key, before]) => (before.size === 0 ? [key] : []));
  for (const key of sorted) {
    for (const follower of followers.get(key) ?? []) {
      const left = waiting.get(follower);
      left?.delete(key);
      if (left?.size === 0) sorted.push(follower);
    }
  }
  return sorted;
}

/** The circles that keep an order from being one, by each of their members: from it, over what it waits for, to itself. */
export function circlesIn(order: Order): ReadonlyMap<Key, readonly Key[]> {
  const sound = new Set(inOrder(order));
  const rest = [...order.keys()].filter(key => !sound.has(key));
  return new Map(
    rest.flatMap(key => {
      const circle = circleFrom(key, order);
      return circle === undefined ? [] : [[key, circle] as const];
    }),
  );
}

/** The shortest way from a key to itself. */
function circleFrom(start: Key, order: Order): readonly Key[] | undefined {
  const cameFrom = new Map<Key, Key>();
  const queue: Key[] = [start];
  for (const key of queue) {
    for (const next of order.get(key) ?? []) {
      if (next === start) return [...wayTo(key, start, cameFrom), start];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, key);
      queue.push(next);
    }
  }
  return undefined;
}

function wayTo(key: Key, start: Key, cameFrom: ReadonlyMap<Key, Key>): readonly Key[] {
  const way: Key[] = [];
  for (let at: Key | undefined = key; at !== undefined; at = at === start ? undefined : cameFrom.get(at))
    way.unshift(at);
  return way;
}
