import type { V1Container, V1ObjectMeta, V1PodSpec } from '@kubernetes/client-node';
import { digest } from '../manifest/canon.ts';
import type { CanonicalPod, DesiredImage, DesiredPod, Json, RestartPolicy } from '../model/desired.ts';
import { type Key, keyOf } from '../model/key.ts';
import { engineNameOf, networkName } from '../model/names.ts';
import { afterAnnotation } from '../model/order.ts';
import { compact } from './compact.ts';
import { type ResolvedContainer, resolveContainer } from './container.ts';
import type { Speaker } from './downward.ts';
import { reportHostName } from './host-name.ts';
import { imagesOf } from './image.ts';
import { locator, type PodPlace } from './locate.ts';
import { resolveAfter } from './order.ts';
import { canonicalHandlers } from './probe.ts';
import { canonicalResources } from './resources.ts';
import { canonicalSandbox, isSidecar, resolveSandbox } from './sandbox.ts';
import type { Scope } from './scope.ts';
import { infraNameOf, reportAnnotations } from './tuning.ts';
import { hasOwnUsers, reportOwnUsers } from './users.ts';
import { type ResolvedVolume, resolveVolume } from './volume.ts';
import { withVolumesFrom } from './volumes-from.ts';
import { canonicalWritten } from './written.ts';

/** A pod's declaration: in a Pod itself or in a Deployment's template. */
export interface PodDeclaration {
  readonly metadata: V1ObjectMeta | undefined;
  readonly spec: V1PodSpec;
  readonly place: PodPlace;
}

/** All of a pod but its name. */
export interface ResolvedPod {
  /** Over sandbox and containers: what names a Deployment's pods. */
  hash(): string;
  readonly images: readonly DesiredImage[];
  /** The pod under a name of its own. */
  named(name: string, aliases: readonly string[]): DesiredPod;
}

/** The kubelet's default (Kubernetes API, PodSpec). */
const defaultGraceSeconds = 30;

/** Resolves a declaration against the source; faults are reported to the scope. */
export function resolvePod(declaration: PodDeclaration, scope: Scope): ResolvedPod {
  const { spec, metadata, place } = declaration;
  const annotationsAt = `${place.metadata}/annotations`;
  const speaker = { namespace: scope.object.namespace, metadata, spec, annotationsAt };
  const volumes = resolveVolumes(speaker, place, scope);
  const list = (name: 'containers' | 'initContainers'): readonly ResolvedContainer[] =>
    (spec[name] ?? []).map((container, index) =>
      resolveContainer(
        withVolumesFrom(container, speaker, scope),
        speaker,
        volumes,
        `${place.spec}/${name}/${index}`,
        name === 'initContainers',
        scope,
      ),
    );
  const initContainers = list('initContainers');
  const containers = list('containers');
  const all = [...initContainers, ...containers];
  const names = all.map(each => each.container.name);
  const annotations = { values: metadata?.annotations ?? {}, place: annotationsAt };
  reportAnnotations(annotations, names, scope);
  const own = { ownUsers: hasOwnUsers(speaker), infraName: infraNameOf(annotations, scope) };
  reportHostName(spec, place, scope);
  const mounted = [...volumes].map(([name, { volume }]) => [name, volume] as const);
  reportOwnUsers(speaker, new Map(mounted), place, scope);
  const after = resolveAfter(metadata?.annotations?.[afterAnnotation], annotationsAt, scope);
  const canonical: CanonicalPod = {
    sandbox: canonicalSandbox(
      spec,
      all.map(each => each.container),
      own,
    ),
    containers: Object.fromEntries(all.map(each => [each.container.name, each.canonical])),
    inPlace: canonicalInPlace(declaration, all, [...volumes.values()], after, scope),
  };
  return {
    hash: () => digest([canonical.sandbox, canonical.containers]).slice(0, 8),
    images: imagesOf(spec, place.spec, scope),
    named: (name, aliases) => {
      const key = keyOf('Pod', scope.object.namespace, name);
      return {
        key,
        declaredBy: scope.object.key,
        origin: scope.object.origin,
        engineName: engineNameOf(key),
        sandbox: resolveSandbox(spec, canonical.sandbox, {
          podName: name,
          namespace: scope.object.namespace,
          ...own,
          network: networkName(scope.object.namespace, scope.owner),
          aliases,
          labels: metadata?.labels ?? {},
          annotations: metadata?.annotations ?? {},
        }),
        initContainers: initContainers.map(each => withEngineName(each, key)),
        containers: containers.map(each => withEngineName(each, key)),
        volumes: [...volumes.values()].map(each => each.volume),
        ...fsGroupOf(spec),
        ...(after.length > 0 && { after }),
        restartPolicy: (spec.restartPolicy ?? 'Always') as RestartPolicy,
        activeDeadlineSeconds: spec.activeDeadlineSeconds,
        gracePeriodSeconds: spec.terminationGracePeriodSeconds ?? defaultGraceSeconds,
        canonical,
        locate: locator(scope.object, spec, place),
      };
    },
  };
}

/** A digest of everything that is wanted of a pod, values from Secrets included: another wish has another one. */
export function fingerprint(pod: DesiredPod): string {
  const containers = [...pod.initContainers, ...pod.containers];
  const files = pod.volumes.map(volume => (volume.type === 'files' ? volume.digest : volume.name));
  return digest([pod.canonical as unknown as Json, containers.map(each => each.secretDigest ?? ''), files]);
}

function resolveVolumes(pod: Speaker, place: PodPlace, scope: Scope): ReadonlyMap<string, ResolvedVolume> {
  const resolved = new Map<string, ResolvedVolume>();
  for (const [index, volume] of (pod.spec.volumes ?? []).entries()) {
    const found = resolveVolume(volume, `${place.spec}/volumes/${index}`, pod, scope);
    if (found !== undefined) resolved.set(volume.name, found);
  }
  return resolved;
}

function fsGroupOf({ securityContext }: V1PodSpec): Pick<DesiredPod, 'fsGroup'> {
  const { fsGroup: gid, fsGroupChangePolicy } = securityContext ?? {};
  return gid === undefined ? {} : { fsGroup: { gid, onRootMismatch: fsGroupChangePolicy === 'OnRootMismatch' } };
}

function canonicalInPlace(
  declaration: PodDeclaration,
  all: readonly ResolvedContainer[],
  volumes: readonly ResolvedVolume[],
  after: readonly Key[],
  scope: Scope,
): Json {
  const { metadata, spec } = declaration;
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const resources = containers.map(each => [each.name, canonicalResources(each.resources)] as const);
  return compact({
    labels: metadata?.labels,
    annotations: metadata?.annotations,
    after: after.length === 0 ? undefined : after,
    restartPolicy: spec.restartPolicy ?? 'Always',
    activeDeadlineSeconds: spec.activeDeadlineSeconds,
    initOrder: initOrderOf(spec),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? defaultGraceSeconds,
    resources: compact(Object.fromEntries(resources)),
    emptyDirs: canonicalEmptyDirs(volumes),
    probes: handlersOf(all, 'probes'),
    hooks: handlersOf(all, 'hooks'),
    messages: messagesOf([...(spec.initContainers ?? []), ...spec.containers]),
    ...canonicalWritten(declaration, all, volumes, scope),
  });
}

/** Maps have no order, and sidecars end in one. Of pods without any it was never noted. */
function initOrderOf({ initContainers = [] }: V1PodSpec): Json | undefined {
  if (!initContainers.some(isSidecar)) return undefined;
  return initContainers.map(({ name }) => name);
}

/** Of those that are in memory or limited; no digest has the limits, as the first version did not know them. */
function canonicalEmptyDirs(volumes: readonly ResolvedVolume[]): Json {
  const each = volumes.flatMap(({ volume }) => {
    if (volume.type !== 'emptyDir' || (!volume.memory && volume.sizeLimitBytes === undefined)) return [];
    return [[volume.name, { memory: volume.memory, sizeLimitBytes: volume.sizeLimitBytes ?? null }] as const];
  });
  return Object.fromEntries(each);
}

function handlersOf(all: readonly ResolvedContainer[], member: 'probes' | 'hooks'): Json {
  const each = all.map(({ container }) => [container.name, canonicalHandlers(container[member] ?? {})] as const);
  return compact(Object.fromEntries(each));
}

/** Containers whose log stands in for a message that a failing run did not leave. */
function messagesOf(containers: readonly V1Container[]): Json {
  const policy = 'FallbackToLogsOnError';
  const found = containers.filter(({ terminationMessagePolicy }) => terminationMessagePolicy === policy);
  return Object.fromEntries(found.map(({ name }) => [name, policy]));
}

/** YAML gives `cpu: 1` as a number and `cpu: "1"` as text; they are the same. */
function withEngineName({ container }: ResolvedContainer, pod: Key): ResolvedContainer['container'] {
  return { ...container, engineName: `${engineNameOf(pod)}-${container.name}` };
}
