import type { Desired, DesiredContainer, DesiredPod } from '../../src/model/desired.ts';
import { type Key, keyOf } from '../../src/model/key.ts';
import { engineNameOf } from '../../src/model/names.ts';

const origin = { file: 'web.yaml', line: 1, column: 1 };

/** A pod of one container, `main`, with image `web`; members are replaced as given. */
export function desiredPod(name: string, more: Partial<DesiredPod> = {}): DesiredPod {
  const key = keyOf('Pod', 'default', name);
  return {
    key,
    declaredBy: key,
    origin,
    engineName: engineNameOf(key),
    sandbox: {
      digest: 'sandbox',
      hostname: undefined,
      hostNetwork: false,
      hostPid: false,
      hostIpc: false,
      shareProcessNamespace: false,
      network: 'podstead',
      aliases: [name],
      ports: [],
      hostAliases: [],
      dns: { policy: 'cluster', servers: [], searches: [], options: [] },
      sysctls: [],
      labels: {},
      annotations: {},
    },
    initContainers: [],
    containers: [desiredContainer(`${name}-main`)],
    volumes: [],
    restartPolicy: 'Always',
    gracePeriodSeconds: 30,
    canonical: { sandbox: {}, containers: {}, inPlace: {} },
    locate: () => origin,
    ...more,
  };
}

/** A container `main` of image `web`. */
export function desiredContainer(engineName: string, more: Partial<DesiredContainer> = {}): DesiredContainer {
  return {
    name: 'main',
    engineName,
    digest: 'container',
    image: 'web',
    pullPolicy: 'IfNotPresent',
    command: undefined,
    args: undefined,
    workingDir: undefined,
    env: [],
    secretDigest: undefined,
    mounts: [],
    resources: {
      cpuLimitMilli: undefined,
      cpuRequestMilli: undefined,
      memoryLimitBytes: undefined,
      memoryRequestBytes: undefined,
    },
    security: {
      user: undefined,
      groups: [],
      runAsNonRoot: false,
      privileged: false,
      readOnlyRootFilesystem: false,
      noNewPrivileges: false,
      addCapabilities: [],
      dropCapabilities: [],
      seccompProfile: undefined,
      appArmorProfile: undefined,
      selinuxOptions: [],
    },
    tty: false,
    tuning: undefined,
    stopSignal: undefined,
    stdin: false,
    ...more,
  };
}

/** What a source of these pods asks for. */
export function desiredOf(pods: readonly DesiredPod[], more: Partial<Desired> = {}): Desired {
  const images = pods.flatMap(pod => pod.containers.map(({ image }) => image));
  return {
    revision: 'r1',
    pods: new Map(pods.map(pod => [pod.key, pod])),
    volumes: new Map(),
    images: new Map(images.map(reference => [reference, { reference, build: undefined, credentials: undefined }])),
    declared: new Map<Key, typeof origin>(pods.map(pod => [pod.declaredBy, pod.origin])),
    held: new Map(),
    complete: true,
    ...more,
  };
}
