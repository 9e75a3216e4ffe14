import type { V1PersistentVolumeClaim, V1Volume } from '@kubernetes/client-node';
import { canonical } from '../manifest/canon.ts';
import { pullPolicyOf } from '../manifest/defaults.ts';
import type { KubeObject } from '../manifest/object.ts';
import type { DesiredContainer, DesiredPodVolume, Json } from '../model/desired.ts';
import { keyOf } from '../model/key.ts';
import { isRuntimeText } from '../model/text.ts';
import { compact } from './compact.ts';
import type { ResolvedContainer } from './container.ts';
import type { PodDeclaration } from './pod.ts';
import type { Scope } from './scope.ts';
import type { ResolvedVolume } from './volume.ts';

type Members = Readonly<Record<string, Json | undefined>>;

/**
 * What a manifest says and no digest holds, as nothing that runs depends on it: with it, `generate kube` can write a
 * manifest again that comes to the same pod.
 */
export function canonicalWritten(
  { spec }: PodDeclaration,
  all: readonly ResolvedContainer[],
  volumes: readonly ResolvedVolume[],
  scope: Scope,
): Members {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const names = containers.map(({ name }) => name);
  const each = (of: (index: number) => Json | undefined): Json => byName(names.map((name, i) => [name, of(i)]));
  const { fsGroup, fsGroupChangePolicy, supplementalGroupsPolicy } = spec.securityContext ?? {};
  return {
    deployment: deploymentOf(scope.object),
    ports: each(i => some(containers[i]?.ports?.map(json))),
    pullPolicies: each(i => all[i] && policyOf(all[i].container)),
    imagePullSecrets: some((spec.imagePullSecrets ?? []).flatMap(({ name }) => name ?? [])),
    fsGroupChangePolicy: fsGroup === undefined ? undefined : fsGroupChangePolicy,
    resizePolicies: each(i => some(containers[i]?.resizePolicy?.map(json))),
    supplementalGroupsPolicy: supplementalGroupsPolicy === 'Strict' ? 'Strict' : undefined,
    order: inOrder(names) ? undefined : names,
    asWritten: each(i => all[i] && asWritten(all[i])),
    volumes: volumesOf(
      spec.volumes ?? [],
      new Set(containers.flatMap(({ volumeMounts }) => volumeMounts ?? []).map(({ name }) => name)),
    ),
    files: byName(volumes.map(({ volume }) => [volume.name, originsOf(volume)])),
    claims: byName(claimsOf(spec.volumes ?? [], scope)),
  };
}

function deploymentOf(object: KubeObject): Json | undefined {
  if (object.kind !== 'Deployment') return undefined;
  const { metadata, spec } = object.object;
  const type = spec?.strategy?.type;
  return compact({
    labels: metadata?.labels && json(metadata.labels),
    annotations: metadata?.annotations && json(metadata.annotations),
    selector: spec && json(spec.selector),
    strategy: type === 'Recreate' ? type : undefined,
  });
}

/** Where it is not the one that the image's name leads to. */
function policyOf({ image, pullPolicy }: DesiredContainer): Json | undefined {
  return pullPolicy === pullPolicyOf(image) ? undefined : pullPolicy;
}

/** Whether an object with these members, put in one after the other, gives them back so: those like `1` come first. */
function inOrder(names: readonly string[]): boolean {
  return Object.keys(Object.fromEntries(names.map(name => [name, true]))).every((name, i) => name === names[i]);
}

/**
 * What stands in the canonical form as it is written, since only the host or a Secret can fill it in: `env/NAME`,
 * `command/INDEX`, `args/INDEX` and `mounts/PATH`. Undefined where no text looks as if anything were filled in.
 */
function asWritten({ container, canonical: form }: ResolvedContainer): readonly string[] | undefined {
  const { env, command = [], args = [], mounts } = container;
  const shown = (form as { readonly env?: Readonly<Record<string, Json>> }).env ?? {};
  if (!JSON.stringify(form).includes('$(')) return undefined;
  const blank = (name: string, words: typeof args): readonly string[] =>
    words.flatMap((word, i) => (isRuntimeText(word) ? `${name}/${i}` : []));
  return [
    ...env.flatMap(({ name, value }) =>
      typeof value !== 'string' && typeof shown[name] === 'string' ? `env/${name}` : [],
    ),
    ...blank('command', command),
    ...blank('args', args),
    ...mounts.flatMap(({ path, subPath }) => (subPath !== undefined && isRuntimeText(subPath) ? `mounts/${path}` : [])),
  ];
}

/** The sources of those that the containers' mounts do not tell whole. */
function volumesOf(volumes: readonly V1Volume[], mounted: ReadonlySet<string>): Json {
  const told = ({ name, hostPath, emptyDir, persistentVolumeClaim }: V1Volume): boolean =>
    mounted.has(name) && (hostPath ?? emptyDir ?? persistentVolumeClaim) !== undefined;
  return byName(volumes.map(volume => [volume.name, told(volume) ? undefined : sourceOf(volume)]));
}

function sourceOf({ name: _, ...source }: V1Volume): Json {
  return json(source);
}

/** Which key of which ConfigMap each file comes from. */
function originsOf(volume: DesiredPodVolume): Json | undefined {
  if (volume.type !== 'files') return undefined;
  return byName(volume.entries.map(({ path, configMap }) => [path, configMap && { ...configMap }]));
}

function claimsOf(volumes: readonly V1Volume[], scope: Scope): readonly (readonly [string, Json | undefined])[] {
  return volumes.flatMap(({ persistentVolumeClaim }) => {
    const { claimName } = persistentVolumeClaim ?? {};
    const claim = claimName && scope.claims.get(keyOf('PersistentVolumeClaim', scope.object.namespace, claimName));
    return claimName && claim ? [[claimName, claimOf(claim.object as V1PersistentVolumeClaim)] as const] : [];
  });
}

function claimOf({ metadata, spec }: V1PersistentVolumeClaim): Json {
  return json({
    labels: metadata?.labels,
    annotations: metadata?.annotations,
    accessModes: spec?.accessModes,
    storage: spec?.resources?.requests?.storage,
  });
}

function byName(members: readonly (readonly [string, Json | undefined])[]): Json {
  return compact(Object.fromEntries(members));
}

function some<T extends Json>(items: readonly T[] | undefined): readonly T[] | undefined {
  return items === undefined || items.length === 0 ? undefined : items;
}

/** A part of a manifest in one order of its fields, whatever the order in which they are written. */
function json(part: object): Json {
  return JSON.parse(canonical(part)) as Json;
}
