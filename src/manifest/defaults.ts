import type { V1Container, V1PodSpec, V1Volume } from '@kubernetes/client-node';
import type { Kind } from '../model/key.ts';
import type { KindTypes } from './object.ts';

/** Mode of files of ConfigMaps and Secrets. */
const defaultMode = 0o644;
const graceSeconds = 30;

const fillers: { readonly [K in Kind]: (object: KindTypes[K]) => void } = {
  Pod: ({ spec }) => spec && fillPod(spec),
  Deployment: ({ spec }) => {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.strategy = { type: 'RollingUpdate', ...spec.strategy };
    if (spec.template?.spec) fillPod(spec.template.spec);
  },
  ConfigMap: () => {},
  Secret: object => {
    object.type ??= 'Opaque';
  },
  PersistentVolumeClaim: ({ spec }) => {
    if (!spec) return;
    spec.volumeMode ??= 'Filesystem';
    fillQuantities(spec.resources);
  },
};

/**
 * Fills in what the API server would (k8s.io/kubernetes pkg/apis/{core,apps}/v1/defaults.go), for the fields that we
 * honour. Changes the object; its types must hold.
 */
export function fillDefaults<K extends Kind>(kind: K, object: KindTypes[K]): void {
  if (object.metadata) object.metadata.namespace ??= 'default';
  fillers[kind](object);
}

/** The pull policy of an image that names none: `latest`, said or not, is looked for each time. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function fillPod(spec: V1PodSpec): void {
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= graceSeconds;
  for (const volume of spec.volumes ?? []) fillVolume(volume);
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) fillContainer(container, spec);
}

function fillContainer(container: V1Container, spec: V1PodSpec): void {
  if (container.image) container.imagePullPolicy ??= pullPolicyOf(container.image);
  for (const port of container.ports ?? []) {
    port.protocol ??= 'TCP';
    if (spec.hostNetwork) port.hostPort ||= port.containerPort;
  }
  const { resources } = container;
  fillQuantities(resources);
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
}

function fillVolume(volume: V1Volume): void {
  // A volume that names no source is an emptyDir.
  if (Object.keys(volume).every(field => field === 'name')) volume.emptyDir = {};
  if (volume.configMap) volume.configMap.defaultMode ??= defaultMode;
  if (volume.secret) volume.secret.defaultMode ??= defaultMode;
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.emptyDir?.sizeLimit !== undefined) volume.emptyDir.sizeLimit = String(volume.emptyDir.sizeLimit);
}

/** Quantities written as numbers become texts, the API's form. */
function fillQuantities(
  resources: { limits?: Record<string, string>; requests?: Record<string, string> } | undefined,
): void {
  if (resources?.limits) resources.limits = texts(resources.limits);
  if (resources?.requests) resources.requests = texts(resources.requests);
}

function texts(quantities: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, String(quantity)]));
}
