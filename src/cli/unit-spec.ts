import type { ActualContainer, ActualPod } from '../model/actual.ts';
import { appliedInits, appliedRole } from '../model/applied.ts';
import type { DesiredPod, Json, RestartPolicy } from '../model/desired.ts';
import type { Digest, Key } from '../model/key.ts';
import type { PodRecord } from '../model/record.ts';
import { isObject, member } from '../plan/json.ts';
import { messageFile } from '../podman/end-message.ts';
import type { PodUnitEngine, PodUnitSpec } from '../unit/pod.ts';

/** What all boot units of a host have in common. */
export interface UnitHost {
  readonly owner: string;
  readonly user: boolean;
  readonly podman: PodUnitEngine;
  /** Where ConfigMaps, Secrets and messages of containers stand as files. */
  readonly stateDir: string;
  /** Where the engine keeps images and containers. */
  readonly graphRoot: string;
  readonly digest: (value: unknown) => Digest;
}

/** The boot unit of a pod as it is declared, after other pods; `actual` tells what has finished. */
export function declaredUnit(
  pod: DesiredPod,
  actual: ActualPod | undefined,
  host: UnitHost,
  after: readonly Key[] = [],
): PodUnitSpec {
  const hostPaths = pod.volumes.flatMap(volume => (volume.type === 'hostPath' ? [volume.path] : []));
  return complete(host, after, {
    key: pod.key,
    engineName: pod.engineName,
    initContainers: pod.initContainers.map(container => container.engineName),
    ...sidecarsOf(pod.initContainers.filter(({ sidecar }) => sidecar)),
    containers: pod.containers.map(({ name, engineName }) => ({
      engineName,
      start: actual?.record?.ended === undefined && startsAtBoot(pod.restartPolicy, actual?.containers.get(name)),
    })),
    gracePeriodSeconds: pod.gracePeriodSeconds,
    publishes: pod.sandbox.ports.length > 0,
    mounts: hostPaths,
    ...messagesOf([...pod.initContainers, ...pod.containers], actual, host),
  });
}

/** The boot unit of a pod as it stands, from what was last applied; undefined where that is not known. */
export function standingUnit(
  pod: ActualPod,
  record: PodRecord | undefined,
  host: UnitHost,
  after: readonly Key[] = [],
): PodUnitSpec | undefined {
  const applied = record?.applied;
  if (applied === undefined) return undefined;
  const all = [...pod.containers.values()];
  const policy = member(applied.inPlace, 'restartPolicy');
  const grace = member(applied.inPlace, 'terminationGracePeriodSeconds');
  const inits = appliedInits(applied).flatMap(name => pod.containers.get(name) ?? []);
  return complete(host, after, {
    key: pod.key,
    engineName: pod.engineName,
    initContainers: inits.map(container => container.engineName),
    ...sidecarsOf(inits.filter(({ name }) => appliedRole(applied, name) === 'sidecar')),
    containers: all
      .filter(({ name }) => appliedRole(applied, name) === 'main')
      .map(container => ({
        engineName: container.engineName,
        start: record?.ended === undefined && startsAtBoot(policy, container),
      })),
    gracePeriodSeconds: typeof grace === 'number' ? grace : 30,
    publishes: pod.ports.length > 0,
    mounts: hostPathsOf(applied.containers),
    ...messagesOf([...inits, ...all.filter(({ name }) => appliedRole(applied, name) === 'main')], pod, host),
  });
}

/** What a pod was applied with last; Kubernetes' default where that is not known. */
export function standingPolicy(record: PodRecord | undefined): RestartPolicy {
  const policy = record?.applied && member(record.applied.inPlace, 'restartPolicy');
  return policy === 'OnFailure' || policy === 'Never' ? policy : 'Always';
}

/** Left out where there is none: the digests of units without any stay as they were. */
function sidecarsOf(sidecars: readonly { readonly engineName: string }[]): Pick<PodUnitSpec, 'sidecars'> {
  return sidecars.length === 0 ? {} : { sidecars: sidecars.map(({ engineName }) => engineName) };
}

/** A pod that is still to be made has no files yet. */
function messagesOf(
  containers: readonly { readonly name: string }[],
  pod: ActualPod | undefined,
  host: UnitHost,
): Pick<PodUnitSpec, 'messages'> {
  return pod === undefined ? {} : { messages: containers.map(({ name }) => messageFile(host, pod.uid, name)).sort() };
}

type Own = Omit<PodUnitSpec, 'owner' | 'user' | 'podman' | 'digest' | 'after'>;

function complete(
  { owner, user, podman, stateDir, graphRoot, digest }: UnitHost,
  after: readonly Key[],
  own: Own,
): PodUnitSpec {
  // Every container has a file of ours: what it leaves as its end's message.
  const spec = { ...own, mounts: [...own.mounts, stateDir, graphRoot], owner, user, podman, after };
  return { ...spec, digest: digest(spec) };
}

/**
 * `Never` is not run twice. `OnFailure` is run again unless it has succeeded: one that ran when the power went off is
 * shown as never started.
 */
function startsAtBoot(policy: Json | undefined, container: ActualContainer | undefined): boolean {
  if (policy === 'Never') return false;
  return policy !== 'OnFailure' || container?.state !== 'exited' || container.exitCode !== 0;
}

function hostPathsOf(containers: Readonly<Record<string, Json>>): readonly string[] {
  return Object.values(containers).flatMap(container => {
    const mounts = member(container, 'mounts');
    const all = isObject(mounts) ? Object.values(mounts) : [];
    return all.flatMap(mount => {
      const path = member(member(member(mount, 'source'), 'hostPath'), 'path');
      return typeof path === 'string' ? [path] : [];
    });
  });
}
