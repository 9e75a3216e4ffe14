import type { V1PodSpec } from '@kubernetes/client-node';
import type { PodPlace } from './locate.ts';
import { report, type Scope } from './scope.ts';

/** Domain of a cluster that was not given another (kubeadm, networking.dnsDomain). */
const clusterDomain = 'cluster.local';
/** Of a host name in the kernel. */
const longestHostName = 64;

/** The pod's full name in DNS, as the kubelet makes it of a subdomain; undefined without one and on the host's network. */
export function fullName(spec: V1PodSpec, podName: string, namespace: string): string | undefined {
  if (!spec.subdomain || spec.hostnameOverride || spec.hostNetwork) return undefined;
  return `${spec.hostname || hostNameOf(podName)}.${spec.subdomain}.${namespace}.svc.${clusterDomain}`;
}

/** Every form of a full name that a cluster's search domains complete, the shortest first. */
export function dnsNames(fqdn: string): readonly string[] {
  const labels = fqdn.split('.');
  return [4, 3, 2, 0].map(left => labels.slice(0, labels.length - left).join('.'));
}

/** What the kernel of the pod has as its host name. */
export function hostNameFor(spec: V1PodSpec, podName: string, namespace: string): string {
  if (spec.hostnameOverride) return spec.hostnameOverride;
  const full = spec.setHostnameAsFQDN ? fullName(spec, podName, namespace) : undefined;
  return full ?? (spec.hostname || hostNameOf(podName));
}

/** Reports a full name that the kernel does not take: the kubelet lets such a pod wait for ever. */
export function reportHostName(spec: V1PodSpec, place: PodPlace, scope: Scope): void {
  const { kind, name, namespace } = scope.object;
  // A Deployment's pods have names as long as this one.
  const hostName = hostNameFor(spec, kind === 'Deployment' ? `${name}-12345678-0` : name, namespace);
  if (!spec.setHostnameAsFQDN || hostName.length <= longestHostName) return;
  const message = `Cannot set the host name '${hostName}': it has ${hostName.length} characters, at most ${longestHostName} are possible`;
  const hint = 'Shorten hostname or subdomain, or remove setHostnameAsFQDN';
  report(scope, `${place.spec}/setHostnameAsFQDN`, 'FIELD_VALUE', message, { hint });
}

/** A pod's name as its host name: 63 characters, as the kubelet cuts it (pkg/kubelet/kubelet_pods.go); Linux takes no more than 64. */
function hostNameOf(podName: string): string {
  return podName.slice(0, 63).replace(/[-.]+$/, '');
}
