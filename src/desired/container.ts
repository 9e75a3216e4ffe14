import type { V1Container, V1PodSpec, V1ResourceRequirements, V1VolumeMount } from '@kubernetes/client-node';
import { digest } from '../manifest/canon.ts';
import { quantityMilli, quantityUnits } from '../manifest/quantity.ts';
import type {
  DesiredContainer,
  DesiredMount,
  DesiredResources,
  DesiredSecurity,
  Json,
  PullPolicy,
} from '../model/desired.ts';
import { isSealed } from '../model/sealed.ts';
import { type Environment, resolveEnv } from './env.ts';
import { expand } from './expand.ts';
import { contextOf } from './image.ts';
import { report, type Scope } from './scope.ts';
import { mergeSecurity } from './security.ts';
import type { ResolvedVolume } from './volume.ts';

/** A container and its canonical form. */
export interface ResolvedContainer {
  readonly container: DesiredContainer;
  readonly canonical: Json;
}

const propagations = { None: 'private', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

/**
 * Resolves one container of a pod.
 *
 * @param pointer of the container in its object
 * @param init whether it stands among the init containers
 */
export function resolveContainer(
  container: V1Container,
  pod: V1PodSpec,
  volumes: ReadonlyMap<string, ResolvedVolume>,
  pointer: string,
  init: boolean,
  scope: Scope,
): ResolvedContainer {
  const environment = resolveEnv(container, pointer, scope);
  const command = expandAll(container.command, environment, `${pointer}/command`, scope);
  const args = expandAll(container.args, environment, `${pointer}/args`, scope);
  const image = container.image ?? '';
  const context = contextOf(image, scope);
  if (context?.unreadable) {
    const message = `Cannot build '${image}': parts of '${context.directory}' cannot be read`;
    report(scope, `${pointer}/image`, 'FILE_UNREADABLE', message, {
      hint: 'Give the user that runs podstead read access',
    });
  }
  const mounts = (container.volumeMounts ?? []).map(mountOf);
  const security = mergeSecurity(container.securityContext, pod.securityContext);
  const workingDir = container.workingDir;
  const tty = container.tty ?? false;
  const stdin = container.stdin ?? false;
  const canonical = compact({
    image,
    build: context?.digest,
    init: init || undefined,
    command,
    args,
    workingDir,
    env: environment.canonical,
    mounts: Object.fromEntries(mounts.map(mount => [mount.path, canonicalMount(mount, volumes)])),
    security: canonicalSecurity(security),
    tty: tty || undefined,
    stdin: stdin || undefined,
  });
  return {
    canonical,
    container: {
      name: container.name,
      engineName: '',
      digest: digest(canonical),
      image,
      pullPolicy: (container.imagePullPolicy ?? 'IfNotPresent') as PullPolicy,
      command,
      args,
      workingDir,
      env: environment.env,
      secretDigest: environment.secretDigest,
      mounts,
      resources: resourcesOf(container.resources),
      security,
      tty,
      stdin,
    },
  };
}

/** Argument vectors stand in the process table for all to read, so a Secret's value never goes there. */
function expandAll(
  words: readonly string[] | undefined,
  environment: Environment,
  pointer: string,
  scope: Scope,
): readonly string[] | undefined {
  if (words === undefined) return undefined;
  const values = new Map(environment.env.map(({ name, value }) => [name, value]));
  return words.map((word, index) => {
    const expanded = expand(word, name => values.get(name));
    if (!isSealed(expanded)) return expanded;
    report(
      scope,
      `${pointer}/${index}`,
      'FIELD_UNSUPPORTED',
      `Cannot put a Secret's value into an argument: every user of the host could read it`,
      {
        hint: 'Let the program read the environment variable, or mount the Secret as a volume',
      },
    );
    return word;
  });
}

function mountOf(mount: V1VolumeMount): DesiredMount {
  const propagation = mount.mountPropagation as keyof typeof propagations | undefined;
  return {
    volume: mount.name,
    path: mount.mountPath,
    readOnly: mount.readOnly ?? false,
    subPath: mount.subPath || undefined,
    propagation: propagation && propagations[propagation],
  };
}

function canonicalMount(mount: DesiredMount, volumes: ReadonlyMap<string, ResolvedVolume>): Json {
  const { volume, readOnly, subPath, propagation } = mount;
  const source = volumes.get(volume)?.canonical ?? null;
  return compact({ volume, source, readOnly: readOnly || undefined, subPath, propagation });
}

/** Only what differs from the defaults, so that a security field honoured later changes no digest of today. */
function canonicalSecurity(security: DesiredSecurity): Json {
  const set = Object.entries(security).filter(
    ([, value]) => value !== false && !(Array.isArray(value) && value.length === 0),
  );
  return compact(Object.fromEntries(set));
}

function resourcesOf(resources: V1ResourceRequirements | undefined): DesiredResources {
  const { limits = {}, requests = {} } = resources ?? {};
  return {
    cpuLimitMilli: limits.cpu === undefined ? undefined : quantityMilli(limits.cpu),
    cpuRequestMilli: requests.cpu === undefined ? undefined : quantityMilli(requests.cpu),
    memoryLimitBytes: limits.memory === undefined ? undefined : quantityUnits(limits.memory),
    memoryRequestBytes: requests.memory === undefined ? undefined : quantityUnits(requests.memory),
  };
}

/** Drops undefined members and empty objects, so that a field left out and a field at nothing are one thing. */
export function compact(object: Readonly<Record<string, Json | undefined>>): Json {
  const kept = Object.entries(object).filter(
    (entry): entry is [string, Json] => entry[1] !== undefined && !isEmptyObject(entry[1]),
  );
  return Object.fromEntries(kept);
}

function isEmptyObject(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
