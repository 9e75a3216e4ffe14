import { connect } from 'node:net';
import { expiry } from './expiry.ts';
import type { ProbeResult } from './fold.ts';

/** Succeeds when a connection is taken; nothing is sent. */
export function dialTcp(host: string, port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise(resolve => {
    const socket = connect({ host, port });
    const end = (result: ProbeResult): void => {
      timer.end();
      socket.destroy();
      resolve(result);
    };
    const timer = expiry(timeoutMs, () => end({ ok: false, message: `no connection within ${timeoutMs / 1000} s` }));
    socket.unref();
    socket.on('connect', () => end({ ok: true, message: '' }));
    socket.on('error', error => end({ ok: false, message: `cannot connect: ${reasonOf(error)}` }));
  });
}

/** The system's own short word for a failure: `connection refused`. */
export function reasonOf(error: Error & { readonly code?: string }): string {
  return words[error.code ?? ''] ?? error.message;
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to the pod',
  ENETUNREACH: 'no route to the pod',
  ENOTFOUND: 'no such host',
  EPIPE: 'connection closed',
};
