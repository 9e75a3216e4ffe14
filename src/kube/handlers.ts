import type { Json } from '../model/desired.ts';
import { type Fields, fields, given, items, member, some } from './json.ts';

/** What the API server fills in, and so need not be said (pkg/apis/core/v1/defaults.go). */
const defaults: Readonly<Record<string, Json>> = {
  initialDelaySeconds: 0,
  periodSeconds: 10,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
};

/** The probes of a container as its fields. */
export function probesOf(probes: Json | undefined): Fields {
  return Object.fromEntries(Object.entries(fields(probes)).map(([kind, probe]) => [`${kind}Probe`, probeOf(probe)]));
}

/** The hooks of a container as `lifecycle` has them. */
export function hooksOf(hooks: Json | undefined): Fields {
  return Object.fromEntries(Object.entries(fields(hooks)).map(([name, hook]) => [name, handlerOf(hook)]));
}

function probeOf(probe: Json): Json {
  const { handler, ...numbers } = fields(probe);
  const said = Object.entries(numbers).filter(([name, value]) => defaults[name] !== value);
  return { ...handlerOf(handler), ...Object.fromEntries(said) };
}

function handlerOf(handler: Json | undefined): Fields {
  const { type, command, seconds, host, port, service } = fields(handler);
  switch (type) {
    case 'exec':
      return { exec: { command: command ?? [] } };
    case 'sleep':
      return { sleep: { seconds: seconds ?? 0 } };
    case 'grpc':
      return { grpc: given({ port, service: service === '' ? undefined : service }) };
    case 'tcpSocket':
      return { tcpSocket: given({ host, port }) };
    default:
      return { httpGet: httpOf(fields(handler)) };
  }
}

function httpOf({ scheme, host, port, path, headers }: Fields): Fields {
  return given({
    host,
    port,
    path,
    scheme: scheme === 'HTTP' ? undefined : scheme,
    httpHeaders: some(
      items(headers).map(header => given({ name: member(header, 'name'), value: member(header, 'value') })),
    ),
  });
}
