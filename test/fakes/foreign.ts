import type { DesiredPort } from '../../src/model/desired.ts';
import { seal } from '../../src/model/sealed.ts';
import type { FakeHost, HostContainer, HostPod } from './host.ts';

/** A container that somebody else runs. */
export interface Foreign {
  readonly name: string;
  /** Run from a commit of this one, and so with its labels. */
  readonly copyOf?: HostContainer | undefined;
  /** Run in this pod. */
  readonly pod?: HostPod | undefined;
  readonly port?: number;
}

/** Runs a container that is not ours; nothing where its name or port is taken. */
export function addForeign(host: FakeHost, { name, copyOf, pod, port }: Foreign): void {
  const ports: readonly DesiredPort[] =
    port === undefined ? [] : [{ hostIp: undefined, hostPort: port, containerPort: 80, protocol: 'tcp' }];
  try {
    host.claimName(name);
    host.checkPorts(ports);
  } catch {
    return;
  }
  const container: HostContainer = {
    id: host.newId(),
    name,
    pod: pod?.id,
    ours: copyOf?.ours,
    isCopy: copyOf !== undefined,
    ports,
    imageId: 'theirs',
    volumes: [],
    inspected: { env: seal({}), cpuLimitMilli: undefined, memoryLimitBytes: undefined },
    state: 'created',
    exitCode: 0,
    startedAtMs: 0,
    exitedAtMs: 0,
  };
  host.addContainer(container);
  host.startContainer(container);
}
