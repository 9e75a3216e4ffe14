import type { V1Container } from '@kubernetes/client-node';
import { digest } from '../manifest/canon.ts';
import type { DesiredContainer, DesiredSecurity, Json, PullPolicy } from '../model/desired.ts';
import { usualMessagePath } from '../model/names.ts';
import { type RuntimeText, secretsIn } from '../model/text.ts';
import { autoUpdateOf } from './auto-update.ts';
import { compact } from './compact.ts';
import type { Speaker } from './downward.ts';
import { type Environment, resolveEnv } from './env.ts';
import { expand } from './expand.ts';
import { contextOf, reportUnreadable } from './image.ts';
import { resolveMounts } from './mount.ts';
import { resolveHooks, resolveProbes } from './probe.ts';
import { resourcesOf } from './resources.ts';
import { isSidecar } from './sandbox.ts';
import { report, type Scope } from './scope.ts';
import { groupsLeftOpen, mergeSecurity } from './security.ts';
import { reportStdin } from './stdin.ts';
import { annotatedSecurity, canonicalTuning, resolveTuning } from './tuning.ts';
import type { ResolvedVolume } from './volume.ts';

/** A container and its canonical form. */
export interface ResolvedContainer {
  readonly container: DesiredContainer;
  readonly canonical: Json;
}

/**
 * Resolves one container of a pod.
 *
 * @param pointer of the container in its object
 * @param init whether it stands among the init containers
 */
export function resolveContainer(
  container: V1Container,
  pod: Speaker,
  volumes: ReadonlyMap<string, ResolvedVolume>,
  pointer: string,
  init: boolean,
  scope: Scope,
): ResolvedContainer {
  const environment = resolveEnv(container, pod, pointer, scope);
  const command = expandAll(container.command, environment, `${pointer}/command`, scope);
  const args = expandAll(container.args, environment, `${pointer}/args`, scope);
  const image = container.image ?? '';
  const context = contextOf(image, scope);
  reportUnreadable(image, context, `${pointer}/image`, scope);
  const mounts = resolveMounts(container, environment, volumes, pointer, scope);
  const annotations = { values: pod.metadata?.annotations ?? {}, place: pod.annotationsAt };
  const annotated = annotatedSecurity(container.name, annotations);
  const security = mergeSecurity(container.securityContext, pod.spec.securityContext, annotated);
  if (groupsLeftOpen(container.securityContext, pod.spec.securityContext)) {
    const message = `Cannot keep the image's groups from container '${container.name}': it has no runAsUser and runAsGroup`;
    const hint = "Set both, or leave out supplementalGroupsPolicy: 'Strict'";
    report(scope, pointer, 'FIELD_UNSUPPORTED', message, { hint });
  }
  const tuning = resolveTuning(container.name, annotations, scope);
  reportStdin(container, pointer, scope);
  const stopSignal = container.lifecycle?.stopSignal || undefined;
  const workingDir = container.workingDir;
  const tty = container.tty ?? false;
  const stdin = container.stdin ?? false;
  const messagePath = messagePathOf(container);
  const sidecar = init && isSidecar(container);
  const canonical = compact({
    image,
    build: context?.digest,
    init: init || undefined,
    restartPolicy: sidecar ? 'Always' : undefined,
    command: command?.shown,
    args: args?.shown,
    workingDir,
    env: environment.canonical,
    mounts: mounts.canonical,
    security: canonicalSecurity(security),
    tuning: canonicalTuning(tuning),
    stopSignal,
    // The usual one is in no digest: containers of a version that had none go on without it.
    messagePath,
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
      ...autoUpdateOf(container, annotations, init, scope),
      command: command?.words,
      args: args?.words,
      workingDir,
      env: environment.env,
      secretDigest: environment.secretDigest,
      mounts: mounts.mounts,
      resources: resourcesOf(container.resources),
      ...restartsFor(container),
      security,
      tuning,
      stopSignal,
      tty,
      stdin,
      ...(sidecar && { sidecar }),
      ...(messagePath !== undefined && { messagePath }),
      probes: resolveProbes(container),
      hooks: resolveHooks(container),
    },
  };
}

function messagePathOf({ terminationMessagePath: path }: V1Container): string | undefined {
  return path === usualMessagePath ? undefined : path || undefined;
}

interface Words {
  readonly words: readonly (string | RuntimeText)[];
  /** As the canonical form has them. */
  readonly shown: readonly string[];
}

/** Argument vectors stand in the process table for all to read, so a Secret's value never goes there. */
function expandAll(
  written: readonly string[] | undefined,
  environment: Environment,
  pointer: string,
  scope: Scope,
): Words | undefined {
  if (written === undefined) return undefined;
  const values = new Map(environment.env.map(({ name, value }) => [name, value]));
  const words = written.map((word, index) => {
    const expanded = expand(word, name => values.get(name));
    if (secretsIn(expanded).length === 0) return expanded as string | RuntimeText;
    const message = "Cannot put a Secret's value into an argument: every user of the host could read it";
    const hint =
      'Let the program read the environment variable itself, or mount the Secret and pass the path of its file';
    report(scope, `${pointer}/${index}`, 'FIELD_UNSUPPORTED', message, { hint });
    return word;
  });
  return { words, shown: words.map((word, index) => (typeof word === 'string' ? word : (written[index] ?? ''))) };
}

/** Only what differs from the defaults, so that a security field honoured later changes no digest of today. */
function canonicalSecurity(security: DesiredSecurity): Json {
  const set = Object.entries(security).filter(
    ([, value]) => value !== false && !(Array.isArray(value) && value.length === 0),
  );
  return compact(Object.fromEntries(set));
}

function restartsFor({ resizePolicy = [] }: V1Container): Pick<DesiredContainer, 'restartsFor'> {
  const wanting = resizePolicy.filter(({ restartPolicy }) => restartPolicy === 'RestartContainer');
  const names = (['cpu', 'memory'] as const).filter(name => wanting.some(each => each.resourceName === name));
  return names.length > 0 ? { restartsFor: names } : {};
}
