import { EngineError } from '../../src/engine/engine.ts';
import type { ActualImage, ActualVolume, ContainerState, InspectedContainer } from '../../src/model/actual.ts';
import type { DesiredPort, DesiredResources } from '../../src/model/desired.ts';
import type { Digest, Key } from '../../src/model/key.ts';

/** A pod of the pretended host; `ours` is what its labels say, undefined for a hand-made one. */
export interface HostPod {
  readonly id: string;
  readonly name: string;
  readonly ours:
    | {
        readonly owner: string;
        readonly key: Key;
        readonly uid: string;
        readonly declaredBy: Key;
        readonly digest: Digest;
      }
    | undefined;
  readonly network: string | undefined;
  readonly ports: readonly DesiredPort[];
  /** Its emptyDir volumes in memory, by their names in the pod. */
  readonly memory?: readonly string[];
  state: ContainerState;
  createdAtMs?: number;
  startedAtMs: number;
  /** Of its sandbox; absent while that never ended. */
  exitedAtMs?: number;
  /** It has not even a sandbox, so that no list of containers shows it. */
  readonly isEmpty?: boolean;
  /** How often its sandbox was started. */
  starts?: number;
}

export interface HostContainer {
  readonly id: string;
  /** `podman rename` changes it. */
  name: string;
  /** Of the pod it is in. */
  readonly pod: string | undefined;
  /** What its labels say: ours, or come with an image that was made of one of ours. */
  readonly ours:
    | { readonly owner: string; readonly uid: string; readonly name: string; readonly digest: Digest }
    | undefined;
  /** Run from a commit of one of ours: the labels are its image's. */
  readonly isCopy?: boolean;
  /** Published by itself, outside every pod. */
  readonly ports: readonly DesiredPort[];
  readonly imageId: string;
  readonly volumes: readonly string[];
  inspected: InspectedContainer;
  state: ContainerState;
  exitCode: number;
  startedAtMs: number;
  exitedAtMs: number;
  /** The kernel ended its latest run for want of memory. */
  oomKilled?: boolean;
  /** What that run left for people. */
  message?: string;
  /** Which start of its pod's sandbox it stands in. */
  inStart?: number | undefined;
}

/** What a container engine holds, in memory, with the refusals of a real one. */
export class FakeHost {
  readonly pods: Map<string, HostPod> = new Map();
  readonly containers: Map<string, HostContainer> = new Map();
  readonly volumes: Map<string, ActualVolume> = new Map();
  readonly images: Map<string, ActualImage> = new Map();
  /** By name, with the owner that its label tells. */
  readonly networks: Map<string, string | undefined> = new Map();
  /** Files of pods, by uid and then by volume. */
  readonly files: Map<string, ReadonlyMap<string, Digest>> = new Map();
  /** What can be pulled. */
  readonly registry: Set<string> = new Set();
  /** Ids of the images that registries have by now for names that stood for others at first. */
  readonly released: Map<string, string> = new Map();
  /** Ports that a process which is no container listens on. */
  readonly listening: Set<number> = new Set();
  /** Engine names of containers that use up their grace period when stopped. */
  readonly stubborn: Set<string> = new Set();
  /** Exit codes of containers that end as soon as they have started, by engine name or by their image's id. */
  readonly ending: Map<string, number> = new Map();
  /** Engine names of containers that the runtime cannot start. */
  readonly unstartable: Set<string> = new Set();
  /** Directories of contexts whose build fails. */
  readonly brokenContexts: Set<string> = new Set();
  /** What stands on the host itself, by absolute path. */
  readonly paths: Map<string, 'directory' | 'file'> = new Map();
  /** Links inside volumes, as `VOLUME/PATH`. */
  readonly links: Set<string> = new Set();
  /** Hears of each change that has an event. */
  tell: (hint: string) => void = () => undefined;
  readonly #now: () => number;
  #ids = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds are all that engines keep of a moment. */
  nowMs(): number {
    return Math.floor(this.#now() / 1000) * 1000;
  }

  newId(): string {
    this.#ids += 1;
    return this.#ids.toString(16).padStart(12, '0');
  }

  members(pod: HostPod): readonly HostContainer[] {
    return [...this.containers.values()].filter(container => container.pod === pod.id);
  }

  podByName(name: string): HostPod | undefined {
    return [...this.pods.values()].find(pod => pod.name === name);
  }

  containerByName(name: string): HostContainer | undefined {
    return [...this.containers.values()].find(container => container.name === name);
  }

  /** Pods and containers share one name space. @throws EngineError NAME_TAKEN */
  claimName(name: string, transient = false): void {
    const by = this.podByName(name) ?? this.containerByName(name);
    if (by === undefined) return;
    throw new EngineError('NAME_TAKEN', `Cannot take name "${name}": "${by.id}" has it`, { transient });
  }

  addPod(pod: HostPod): void {
    this.pods.set(pod.id, pod);
    this.tell(`pod ${pod.name} create`);
  }

  addContainer(container: HostContainer): void {
    this.containers.set(container.id, container);
    this.tell(`container ${container.name} create`);
  }

  /** @throws EngineError PORT_TAKEN */
  startSandbox(pod: HostPod): void {
    if (pod.state === 'running') return;
    this.checkPorts(pod.ports, pod);
    pod.state = 'running';
    pod.startedAtMs = this.nowMs();
    pod.starts = (pod.starts ?? 0) + 1;
    this.tell(`container ${pod.id}-infra start`);
  }

  /** Ends what holds the pod together; what never ran stays as it is. */
  endSandbox(pod: HostPod): void {
    if (pod.state !== 'running') return;
    pod.state = 'exited';
    pod.exitedAtMs = this.nowMs();
    this.tell(`container ${pod.id}-infra died`);
  }

  /** @throws EngineError PORT_TAKEN while anything but `self` has one of the ports */
  checkPorts(ports: readonly DesiredPort[], self?: HostPod): void {
    const holders = [...this.pods.values(), ...this.containers.values()];
    const running = holders.filter(holder => holder !== self && holder.state === 'running');
    for (const port of ports) {
      const by = running.find(({ ports }) => ports.some(other => clashes(port, other)))?.name;
      const taken = by ?? (this.listening.has(port.hostPort) ? 'another process' : undefined);
      if (taken !== undefined)
        throw new EngineError('PORT_TAKEN', `Cannot bind port ${port.hostPort}: ${taken} has it`);
    }
  }

  startContainer(container: HostContainer): void {
    if (container.state === 'running') return;
    if (container.state === 'paused') {
      container.state = 'running';
      this.tell(`container ${container.name} unpause`);
      return;
    }
    if (this.unstartable.has(container.name))
      throw new EngineError('START_FAILED', `Cannot start "${container.name}": no such file or directory`);
    container.state = 'running';
    container.startedAtMs = this.nowMs();
    container.inStart = this.pods.get(container.pod ?? '')?.starts;
    this.tell(`container ${container.name} start`);
    const exitCode = this.ending.get(container.name) ?? this.ending.get(container.imageId);
    if (exitCode !== undefined) this.endContainer(container, exitCode);
  }

  /** @throws EngineError NAME_TAKEN */
  renameContainer(container: HostContainer, name: string): void {
    if (container.name === name) return;
    this.claimName(name);
    container.name = name;
    this.tell(`container ${name} rename`);
  }

  limitContainer(container: HostContainer, { cpuLimitMilli, memoryLimitBytes }: DesiredResources): void {
    container.inspected = { ...container.inspected, cpuLimitMilli, memoryLimitBytes };
    this.tell(`container ${container.name} update`);
  }

  /** Ends a container as its own exit or a kill does. */
  endContainer(container: HostContainer, exitCode: number): void {
    if (container.state !== 'running' && container.state !== 'paused') return;
    container.state = 'exited';
    container.exitCode = exitCode;
    container.exitedAtMs = this.nowMs();
    this.tell(`container ${container.name} died`);
  }

  removeContainer(container: HostContainer): void {
    this.endContainer(container, 137);
    this.containers.delete(container.id);
    this.tell(`container ${container.name} remove`);
  }

  removeVolume(name: string): void {
    for (const link of this.links) if (link.startsWith(`${name}/`)) this.links.delete(link);
    if (this.volumes.delete(name)) this.tell(`volume ${name} remove`);
  }

  removePod(pod: HostPod): void {
    for (const container of this.members(pod)) this.removeContainer(container);
    this.pods.delete(pod.id);
    this.tell(`pod ${pod.name} remove`);
  }
}

function clashes(a: DesiredPort, b: DesiredPort): boolean {
  const isSameIp = a.hostIp === undefined || b.hostIp === undefined || a.hostIp === b.hostIp;
  return a.hostPort === b.hostPort && a.protocol === b.protocol && isSameIp;
}
