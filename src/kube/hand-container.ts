import type { DesiredResources, Json } from '../model/desired.ts';
import type { HandContainer } from '../model/hand.ts';
import { type Fields, given, some } from './json.ts';
import { dnsLabel } from './names.ts';
import { bytesText, cpuText } from './quantity.ts';

/** The canonical form of a container that was made by hand, but for what is mounted in it. */
export function handCanonical(
  container: HandContainer,
  namespace: string,
  mounts: Fields,
  say: (what: string) => void,
): Json {
  const { isInit, command, args, workingDir, stopSignal, tty, stdin, image } = container;
  if (!/[a-z]/.test(image) || /^[0-9a-f]{64}$/.test(image))
    say(`a name of its image: it has none, and "${image}" is its id`);
  return given({
    image,
    init: isInit ? true : undefined,
    command: command && [...command],
    args: args && [...args],
    workingDir,
    env: some(envOf(container, namespace)),
    mounts: some(mounts),
    security: some(securityOf(container, say)),
    tuning: some(tuningOf(container)),
    stopSignal,
    tty: tty ? true : undefined,
    stdin: stdin ? true : undefined,
    // As the engine has it.
    stdinOnce: stdin && !tty ? true : undefined,
  });
}

function envOf({ env, secretEnv }: HandContainer, namespace: string): Fields {
  const references = secretEnv.map(
    ({ name, secret }) => [name, { secret: `Secret/${namespace}/${dnsLabel(secret)}[${secret}]` }] as const,
  );
  return Object.fromEntries([...env, ...references]);
}

function securityOf(container: HandContainer, say: (what: string) => void): Fields {
  const { user, groups, privileged, readOnly, noNewPrivileges, addCapabilities, dropCapabilities } = container;
  if (privileged && noNewPrivileges) say('that it gains no privileges, as it is privileged');
  return given({
    user,
    groups: some([...groups]),
    privileged: privileged ? true : undefined,
    readOnlyRootFilesystem: readOnly ? true : undefined,
    noNewPrivileges: noNewPrivileges && !privileged ? true : undefined,
    addCapabilities: some([...addCapabilities]),
    dropCapabilities: some([...dropCapabilities]),
    seccompProfile: container.seccomp,
    appArmorProfile: container.appArmor,
    selinuxOptions: some([...container.selinux]),
  });
}

function tuningOf({ pidsLimit, cpus, memoryNodes, init, ulimits }: HandContainer): Fields {
  const limits = ulimits.map(limit => {
    const [name = '', value = ''] = limit.split('=');
    return [name, value.includes(':') ? value : `${value}:${value}`] as const;
  });
  return given({
    pidsLimit,
    cpus,
    memoryNodes,
    init: init ? true : undefined,
    ulimits: some(Object.fromEntries(limits)),
  });
}

/** Limits and requests as a manifest has them. */
export function handResources(resources: DesiredResources, say: (what: string) => void): Fields {
  const { cpuLimitMilli, memoryLimitBytes, memoryRequestBytes } = resources;
  const tooMuch = (cpuLimitMilli ?? Number.POSITIVE_INFINITY) < (resources.cpuRequestMilli ?? 0);
  if (tooMuch) say('its share of the CPU, which is more than its limit');
  const list = (cpu: number | undefined, memory: number | undefined): Fields | undefined =>
    some(
      given({
        cpu: cpu === undefined ? undefined : cpuText(cpu),
        memory: memory === undefined ? undefined : bytesText(memory),
      }),
    );
  return given({
    limits: list(cpuLimitMilli, memoryLimitBytes),
    requests: list(tooMuch ? undefined : resources.cpuRequestMilli, memoryRequestBytes),
  });
}

/**
 * Podman's health check as a probe: of readiness where its failure is only told, of liveness where it ends the
 * container.
 */
export function handProbes({ health, isInit }: HandContainer, say: (what: string) => void): Fields {
  if (health === undefined) return {};
  if (isInit) {
    say('the health check of an init container');
    return {};
  }
  const { command, acts, intervalSeconds, timeoutSeconds, startSeconds, retries } = health;
  const probe = {
    handler: { type: 'exec', command: [...command] },
    initialDelaySeconds: startSeconds,
    periodSeconds: Math.max(intervalSeconds, 1),
    timeoutSeconds: Math.max(timeoutSeconds, 1),
    successThreshold: 1,
    failureThreshold: Math.max(retries, 1),
  };
  return acts ? { liveness: probe } : { readiness: probe };
}
