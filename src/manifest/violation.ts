import type { V1Container, V1ObjectMeta, V1PodSpec } from '@kubernetes/client-node';

/** One rule that a pod breaks, in the words of the standard's own admission. */
export interface Violation {
  /** What is forbidden: `host namespaces`. */
  readonly reason: string;
  /** Who does it: `hostNetwork=true`. */
  readonly detail: string;
  /** JSON pointer below the pod's spec of the first that does it; empty for the spec itself. */
  readonly at: string;
}

/** A pod as the checks look at it. */
export interface CheckedPod {
  readonly metadata: V1ObjectMeta | undefined;
  readonly spec: V1PodSpec;
  readonly containers: readonly Placed[];
}

export interface Placed {
  readonly container: V1Container;
  readonly at: string;
}

/** A rule of the standard: what of it a pod breaks. */
export type Check = (pod: CheckedPod) => Violation | undefined;

/** What is added beyond the allowed capabilities. */
export function capabilitiesOf(reason: string, isAllowed: (name: string) => boolean): Check {
  return ({ containers }) => {
    const added = ({ container }: Placed): readonly string[] =>
      (container.securityContext?.capabilities?.add ?? []).filter(name => !isAllowed(name));
    const bad = containers.filter(each => added(each).length > 0);
    const names = [...new Set(bad.flatMap(added))].sort();
    return violation(
      reason,
      bad,
      who => `${who} must not include ${quoted(names)} in securityContext.capabilities.add`,
      {
        field: '/securityContext/capabilities/add',
      },
    );
  };
}

export type Volume = NonNullable<V1PodSpec['volumes']>[number];

/** Volumes that are bad in one way. */
export function volumesOf(
  reason: string,
  isBad: (volume: Volume) => boolean,
  detail: (names: string) => string,
): Check {
  return ({ spec }) => {
    const bad = (spec.volumes ?? []).filter(isBad);
    if (bad.length === 0) return undefined;
    const names = `${plural('volume', bad.length)} ${quoted(bad.map(({ name }) => name))}`;
    return { reason, detail: detail(names), at: `/volumes/${(spec.volumes ?? []).findIndex(isBad)}` };
  };
}

export interface Telling {
  readonly detail: (who: string) => string;
  /** Below the container; the container itself where undefined. */
  readonly field?: string;
}

/** What containers that are bad in one way are told. */
export function told(
  reason: string,
  containers: readonly Placed[],
  isBad: (container: V1Container) => boolean,
  { detail, field }: Telling,
): Violation | undefined {
  const bad = containers.filter(({ container }) => isBad(container));
  return violation(reason, bad, detail, field === undefined ? {} : { field });
}

/** The violation of those that are bad; undefined where none is. */
export function violation(
  reason: string,
  bad: readonly Placed[],
  detail: (who: string) => string,
  { field = '' }: { readonly field?: string } = {},
): Violation | undefined {
  const [first] = bad;
  return first && { reason, detail: detail(who(bad)), at: first.at + field };
}

/** `pod and container "a"`, as many of them as set something. */
export function settersOf(isPod: boolean, bad: readonly Placed[]): string {
  return [...(isPod ? ['pod'] : []), ...(bad.length > 0 ? [who(bad)] : [])].join(' and ');
}

/** Where the first of them sets it. */
export function settersAt(isPod: boolean, bad: readonly Placed[], field: string): string {
  return isPod ? field : (bad[0]?.at ?? '') + (bad.length > 0 ? field : '');
}

function who(containers: readonly Placed[]): string {
  return `${plural('container', containers.length)} ${quoted(containers.map(({ container }) => container.name))}`;
}

/** A word for one or for many. */
export function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}

/** Names as the standard lists them. */
export function quoted(names: readonly string[]): string {
  return names.map(name => JSON.stringify(name)).join(', ');
}
