import type { Key } from '../model/key.ts';
import { circlesIn } from '../model/order.ts';

/** A pod that gets a unit. */
export interface Ordered {
  readonly key: Key;
  readonly declaredBy: Key;
  /** Objects that it comes after. */
  readonly after: readonly Key[];
}

/**
 * By pod, the pods that start before it. What of an order leads back to itself is left out: records of different times
 * may tell it so, and systemd would then start neither.
 */
export function unitOrder(pods: readonly Ordered[]): ReadonlyMap<Key, readonly Key[]> {
  const circular = circlesIn(new Map(pods.map(({ declaredBy, after }) => [declaredBy, after] as const)));
  const podsOf = (declaredBy: Key): readonly Key[] =>
    pods.filter(pod => pod.declaredBy === declaredBy).map(({ key }) => key);
  return new Map(
    pods.map(({ key, declaredBy, after }) => {
      const sound = circular.has(declaredBy) ? after.filter(each => !circular.has(each)) : after;
      return [key, sound.flatMap(podsOf).sort()] as const;
    }),
  );
}
