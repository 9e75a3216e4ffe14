import type { Handler } from '../model/probe.ts';
import type { ProbeResult } from './fold.ts';
import { dialHttp } from './http.ts';
import { dialTcp } from './tcp.ts';

/** A handler that needs nothing but a network, and where it leads. */
export interface NetworkDial {
  readonly handler: Exclude<Handler, { type: 'exec' }>;
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** Runs a handler from the network namespace of this process. Never rejects. */
export async function dialNetwork(dial: NetworkDial): Promise<ProbeResult> {
  try {
    return await dialBy(dial);
  } catch (error) {
    // What Node refuses to send, such as a header with a line break.
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

async function dialBy({ handler, host, port, timeoutMs }: NetworkDial): Promise<ProbeResult> {
  switch (handler.type) {
    case 'httpGet':
      return dialHttp(handler, host, port, timeoutMs);
    case 'tcpSocket':
      return dialTcp(host, port, timeoutMs);
    case 'grpc': {
      const { dialGrpc } = await import('./grpc.ts');
      return dialGrpc(host, port, handler.service, timeoutMs);
    }
  }
}
