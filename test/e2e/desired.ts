import type { EngineAction } from '../../src/engine/engine.ts';
import type { DesiredContainer, DesiredPod, DesiredPodVolume, DesiredSandbox } from '../../src/model/desired.ts';
import { type Key, keyOf, keyParts } from '../../src/model/key.ts';
import { engineNameOf, networkName } from '../../src/model/names.ts';

const nowhere = { file: 'test.yaml', line: 1, column: 1 };

/** A container that idles until SIGTERM, with what a test changes of it. */
export function container(pod: string, name: string, more: Partial<DesiredContainer> = {}): DesiredContainer {
  return {
    name,
    engineName: `${pod}-${name}`,
    digest: `digest-of-${name}`,
    image: 'localhost/bb:1',
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

/** What a test says of a pod. */
export interface PodOptions {
  readonly containers?: readonly DesiredContainer[];
  readonly volumes?: readonly DesiredPodVolume[];
  readonly sandbox?: Partial<DesiredSandbox>;
  readonly declaredBy?: Key;
  readonly gracePeriodSeconds?: number;
}

/** A pod of one idle container `main`, with what a test changes of it. */
export function pod(name: string, more: PodOptions = {}, namespace = 'default'): DesiredPod {
  const key = keyOf('Pod', namespace, name);
  const engineName = engineNameOf(key);
  return {
    key,
    declaredBy: more.declaredBy ?? key,
    origin: nowhere,
    engineName,
    sandbox: {
      digest: `sandbox-of-${name}`,
      hostname: undefined,
      hostNetwork: false,
      hostPid: false,
      hostIpc: false,
      shareProcessNamespace: false,
      network: networkName(keyParts(key).namespace, 'test'),
      aliases: [name],
      ports: [],
      hostAliases: [],
      dns: { policy: more.sandbox?.hostNetwork ? 'host' : 'cluster', servers: [], searches: [], options: [] },
      sysctls: [],
      labels: {},
      annotations: {},
      ...more.sandbox,
    },
    initContainers: [],
    containers: more.containers ?? [container(engineName, 'main')],
    volumes: more.volumes ?? [],
    restartPolicy: 'Always',
    gracePeriodSeconds: more.gracePeriodSeconds ?? 2,
    canonical: { sandbox: null, containers: {}, inPlace: null },
    locate: () => nowhere,
  };
}

/** The actions that bring a pod from nothing to running, in order. */
export function creation(pod: DesiredPod, uid: string): readonly EngineAction[] {
  const empty = pod.volumes.filter(volume => volume.type === 'emptyDir');
  const files = pod.volumes.filter(volume => volume.type === 'files');
  return [
    ...empty.map(({ name }): EngineAction => ({ verb: 'createEmptyDir', pod, uid, volume: name })),
    ...files.map((volume): EngineAction => ({ verb: 'writeFiles', pod, uid, files: volume })),
    { verb: 'createPod', pod, uid },
    ...pod.containers.map((container): EngineAction => ({ verb: 'createContainer', pod, uid, container })),
    ...pod.containers.map((container): EngineAction => ({ verb: 'startContainer', pod, uid, container })),
  ];
}
