import type { StepHost } from '../model/build.ts';
import type { Query } from './query.ts';

/** How the engine counts policies of networks: Buildah's define.NetworkDefault, NetworkDisabled and NetworkEnabled (1.28). */
const networkPolicy = { usual: 0, none: 1, any: 2 } as const;
/** Buildah makes these anew where it is not told: Podman's own command asks for the user's to be the host's. */
const users = { Name: 'user', Host: true, Path: '' };

/**
 * What RUN steps get of the host, as parameters of a build: each as `podman --remote build` of 4.3.1 sends it. Lists go as
 * JSON. Without a word about namespaces the service would give steps the host's own network, which no command does.
 */
export function stepQuery(host: StepHost): Query {
  return {
    ...networkQuery(host.network),
    extrahosts: asJson(host.hosts),
    dnsservers: asJson(host.nameServers),
    dnssearch: asJson(host.searchDomains),
    dnsoptions: asJson(host.resolverOptions),
    memory: host.memoryBytes,
    memswap: host.swapBytes,
    cpuperiod: host.cpuPeriodMicros,
    cpuquota: host.cpuQuotaMicros,
    cpushares: host.cpuShares,
    cpusetcpus: host.cpus,
    cpusetmems: host.memoryNodes,
    shmsize: host.shmBytes,
    ulimits: asJson(host.limits),
    addcaps: asJson(host.addCapabilities),
    dropcaps: asJson(host.dropCapabilities),
  };
}

function networkQuery(mode: string | undefined): Query {
  if (mode === undefined) return { networkmode: networkPolicy.usual, nsoptions: JSON.stringify([users]) };
  const path = ['host', 'none', 'private', 'bridge', 'default'].includes(mode) ? '' : mode;
  const option = { Name: 'network', Host: mode === 'host', Path: path };
  return {
    networkmode: mode === 'none' ? networkPolicy.none : networkPolicy.any,
    nsoptions: JSON.stringify([option, users]),
  };
}

function asJson(list: readonly string[] | undefined): string | undefined {
  return list && JSON.stringify(list);
}
