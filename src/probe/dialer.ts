import type { Handler } from '../model/probe.ts';
import { dialNetwork, type NetworkDial } from './dial.ts';
import type { ProbeResult } from './fold.ts';
import type { Dial, Target } from './ports.ts';

/** How containers and pods are reached; none of it rejects but by an abort. */
export interface Reach {
  /** Runs a command in a container; ended by us when its time is over. */
  exec(containerId: string, command: readonly string[], timeoutMs: number): Promise<ProbeResult>;
  /** The pod's address: this host's own for a pod on its network. Undefined while it is not known. */
  addressOf(target: Target): Promise<PodAddress | undefined>;
  /** Dials from where addresses of pods are the pods'. */
  inside(dial: NetworkDial): Promise<ProbeResult>;
}

export interface PodAddress {
  readonly ip: string;
  /** It is an address of this host, or one that leads nowhere but to the pod. */
  readonly fromHost: boolean;
}

/** The dialer of an agent. */
export function makeDial(reach: Reach): Dial {
  return async (handler, target, timeoutMs) => {
    if (handler.type === 'exec') return reach.exec(target.containerId, handler.command, timeoutMs);
    const { port } = handler;
    if (typeof port !== 'number') return { ok: false, message: `the container has no port named "${port}"` };
    const given = hostOf(handler);
    if (given !== undefined) return dialNetwork({ handler, host: given, port, timeoutMs });
    const address = await reach.addressOf(target);
    if (address === undefined) return { ok: undefined, message: 'the address of the pod is not known' };
    const dial: NetworkDial = { handler, host: address.ip, port, timeoutMs };
    return address.fromHost ? dialNetwork(dial) : reach.inside(dial);
  };
}

function hostOf(handler: Exclude<Handler, { type: 'exec' }>): string | undefined {
  return handler.type === 'grpc' ? undefined : handler.host;
}
