import type { V1PodSpec, V1ResourceRequirements } from '@kubernetes/client-node';
import { quantityMilli, quantityUnits } from '../manifest/quantity.ts';
import type { DesiredResources, Json } from '../model/desired.ts';
import { compact } from './compact.ts';

/** Limits and requests of a container, or of a whole pod. */
export function resourcesOf(resources: V1ResourceRequirements | undefined): DesiredResources {
  const { limits = {}, requests = {} } = resources ?? {};
  return {
    cpuLimitMilli: limits.cpu === undefined ? undefined : quantityMilli(limits.cpu),
    cpuRequestMilli: requests.cpu === undefined ? undefined : quantityMilli(requests.cpu),
    memoryLimitBytes: limits.memory === undefined ? undefined : quantityUnits(limits.memory),
    memoryRequestBytes: requests.memory === undefined ? undefined : quantityUnits(requests.memory),
  };
}

/** Limits and requests as they are written, by what they are of. */
export function canonicalResources({ limits, requests }: V1ResourceRequirements = {}): Json {
  const of = (list: Readonly<Record<string, string>> | undefined): Json =>
    compact({ cpu: asText(list?.cpu), memory: asText(list?.memory) });
  return compact({ limits: of(limits), requests: of(requests) });
}

/** What a pod says of all its containers together; nothing where it is silent about what is set here. */
export function podResources({ resources }: V1PodSpec): { readonly resources?: DesiredResources } {
  const found = resourcesOf(resources);
  return Object.values(found).every(each => each === undefined) ? {} : { resources: found };
}

/** An amount may stand as a number, too. */
function asText(amount: string | number | undefined): string | undefined {
  return amount === undefined ? undefined : String(amount);
}
