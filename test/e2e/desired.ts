import type { EngineAction } from '../../src/engine/engine.ts';
import type { DesiredContainer, DesiredPod, DesiredPodVolume, DesiredSandbox } from '../../src/model/desired.ts';
import { type Key, keyOf, keyParts } from '../../src/model/key.ts';
import { engineNameOf, networkName } from '../../src/model/names.ts';
import { desiredContainer, desiredPod } from '../fakes/desired.ts';

/** A container that idles until SIGTERM, with what a test changes of it. */
export function container(pod: string, name: string, more: Partial<DesiredContainer> = {}): DesiredContainer {
  const own = { name, digest: `digest-of-${name}`, image: 'localhost/bb:1' };
  return desiredContainer(`${pod}-${name}`, { ...own, ...more });
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
  const base = desiredPod(name);
  return {
    ...base,
    key,
    declaredBy: more.declaredBy ?? key,
    engineName,
    sandbox: {
      ...base.sandbox,
      digest: `sandbox-of-${name}`,
      network: networkName(keyParts(key).namespace, 'test'),
      dns: { policy: more.sandbox?.hostNetwork ? 'host' : 'cluster', servers: [], searches: [], options: [] },
      ...more.sandbox,
    },
    containers: more.containers ?? [container(engineName, 'main')],
    volumes: more.volumes ?? [],
    gracePeriodSeconds: more.gracePeriodSeconds ?? 2,
    canonical: { sandbox: null, containers: {}, inPlace: null },
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
