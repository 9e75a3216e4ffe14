import type { V1Container, V1LifecycleHandler, V1PodSpec, V1Probe } from '@kubernetes/client-node';
import type { Kind } from '../model/key.ts';
import type { KindTypes } from './object.ts';
import { fillVolume, textOfQuantities } from './volume-defaults.ts';

const graceSeconds = 30;
/** A negative grace counts as the shortest, as the kubelet takes it. */
const shortestGrace = 1;

const fillers: { readonly [K in Kind]: (object: KindTypes[K]) => void } = {
  Pod: ({ spec }) => spec && fillPod(spec),
  Deployment: ({ spec }) => {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.strategy = { ...spec.strategy, type: spec.strategy?.type || 'RollingUpdate' };
    if (spec.template?.spec) fillPod(spec.template.spec);
  },
  ConfigMap: () => {},
  Secret: object => {
    object.type ||= 'Opaque';
  },
  PersistentVolumeClaim: ({ spec }) => {
    if (!spec) return;
    spec.volumeMode ??= 'Filesystem';
    textOfQuantities(spec.resources);
  },
};

/**
 * Fills in what the API server would (k8s.io/kubernetes pkg/apis/{core,apps}/v1/defaults.go), for the fields that we
 * honour. To it an empty text is an absent one. Changes the object; its types must hold.
 */
export function fillDefaults<K extends Kind>(kind: K, object: KindTypes[K]): void {
  if (object.metadata) object.metadata.namespace ||= 'default';
  fillers[kind](object);
}

/** The pull policy of an image that names none: `latest`, said or not, is looked for each time. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function fillPod(spec: V1PodSpec): void {
  spec.restartPolicy ||= 'Always';
  spec.terminationGracePeriodSeconds ??= graceSeconds;
  if (spec.terminationGracePeriodSeconds < 0) spec.terminationGracePeriodSeconds = shortestGrace;
  for (const volume of spec.volumes ?? []) fillVolume(volume, pullPolicyOf);
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) fillContainer(container, spec);
}

function fillContainer(container: V1Container, spec: V1PodSpec): void {
  if (container.image) container.imagePullPolicy ||= pullPolicyOf(container.image);
  for (const port of container.ports ?? []) {
    port.protocol ||= 'TCP';
    if (spec.hostNetwork) port.hostPort ||= port.containerPort;
  }
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1';
    if (valueFrom?.resourceFieldRef)
      valueFrom.resourceFieldRef.divisor = String(valueFrom.resourceFieldRef.divisor ?? 0);
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) fillProbe(probe);
  fillHandler(container.lifecycle?.postStart);
  fillHandler(container.lifecycle?.preStop);
  const { resources } = container;
  textOfQuantities(resources);
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
}

function fillProbe(probe: V1Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.grpc) probe.grpc.service ??= '';
  fillHandler(probe);
}

function fillHandler(handler: V1LifecycleHandler | undefined): void {
  if (!handler?.httpGet) return;
  handler.httpGet.path ||= '/';
  handler.httpGet.scheme ||= 'HTTP';
}
