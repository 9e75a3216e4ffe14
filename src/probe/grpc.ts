import { connect, constants } from 'node:http2';
import { isIPv6 } from 'node:net';
import { expiry } from './expiry.ts';
import type { ProbeResult } from './fold.ts';
import { userAgent } from './http.ts';
import { reasonOf } from './tcp.ts';

/** `SERVING` of grpc.health.v1.HealthCheckResponse, whose field 1 is the status (grpc/health/v1/health.proto). */
const serving = 1;
const statusNames = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
/** Status codes of gRPC that say more than their number (grpc, doc/statuscodes.md). */
const grpcNames: Readonly<Record<string, string>> = {
  '5': 'the service is not known there',
  '12': 'no health service is served there',
};

/** Asks the health service in clear text (gRPC over HTTP/2, doc/PROTOCOL-HTTP2.md); SERVING is success. */
export function dialGrpc(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeResult> {
  return new Promise(resolve => {
    const session = connect(`http://${isIPv6(host) ? `[${host}]` : host}:${port}`);
    const end = (result: ProbeResult): void => {
      timer.end();
      session.destroy();
      resolve(result);
    };
    const fail = (message: string): void => end({ ok: false, message });
    const timer = expiry(timeoutMs, () => fail(`no answer within ${timeoutMs / 1000} s`));
    const broken = (error: Error): void => fail(`cannot get an answer: ${reasonOf(error)}`);
    session.unref();
    session.on('error', broken);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
      [constants.HTTP2_HEADER_USER_AGENT]: userAgent,
    });
    const chunks: Buffer[] = [];
    let grpcStatus: string | undefined;
    let httpStatus = 0;
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      if (headers['grpc-status'] !== undefined) grpcStatus = String(headers['grpc-status']);
    };
    stream.on('response', headers => {
      httpStatus = Number(headers[constants.HTTP2_HEADER_STATUS]);
      note(headers);
    });
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => {
      if (chunks.reduce((sum, each) => sum + each.length, 0) < 1024) chunks.push(chunk);
    });
    stream.on('error', broken);
    stream.on('end', () => end(resultOf(httpStatus, grpcStatus, Buffer.concat(chunks))));
    stream.end(requestOf(service));
  });
}

function resultOf(httpStatus: number, grpcStatus: string | undefined, body: Buffer): ProbeResult {
  if (httpStatus !== 200) return { ok: false, message: `HTTP ${httpStatus}` };
  if (grpcStatus !== '0') {
    return { ok: false, message: grpcNames[grpcStatus ?? ''] ?? `gRPC status ${grpcStatus ?? 'missing'}` };
  }
  const status = statusOf(body);
  return { ok: status === serving, message: status === serving ? '' : (statusNames[status] ?? `status ${status}`) };
}

/** One message: a flag of compression, its length, and HealthCheckRequest, whose field 1 is the service's name. */
function requestOf(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** A status of 0 is left out of the message (protobuf, default values). */
function statusOf(body: Buffer): number {
  return body[5] === 0x08 ? (body[6] ?? 0) : 0;
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
