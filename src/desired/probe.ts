import type {
  V1Container,
  V1HTTPGetAction,
  V1LifecycleHandler,
  V1Probe,
  V1TCPSocketAction,
} from '@kubernetes/client-node';
import type { Json } from '../model/desired.ts';
import {
  type DesiredHooks,
  type DesiredProbe,
  type DesiredProbes,
  type Handler,
  type HandlerPort,
  type HookHandler,
  probeKinds,
} from '../model/probe.ts';

/** The probes of a container, with the defaults that the API server fills in (pkg/apis/core/v1/defaults.go). */
export function resolveProbes(container: V1Container): DesiredProbes {
  const found = probeKinds.flatMap(kind => {
    const probe = container[`${kind}Probe`];
    const handler = probe && handlerOf(probe, container);
    return probe && handler ? [[kind, resolveProbe(probe, handler)] as const] : [];
  });
  return Object.fromEntries(found);
}

/** The hooks of a container's life. */
export function resolveHooks(container: V1Container): DesiredHooks {
  const found = (['postStart', 'preStop'] as const).flatMap(name => {
    const hook = container.lifecycle?.[name];
    const handler = hook && hookOf(hook, container);
    return handler ? [[name, handler] as const] : [];
  });
  return Object.fromEntries(found);
}

/** Probes and hooks as a diff shows them and a record keeps them: plain JSON. */
export function canonicalHandlers(value: DesiredProbes | DesiredHooks): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/** A zero stands for a default, except where the API takes it for a number. */
function resolveProbe(probe: V1Probe, handler: Handler): DesiredProbe {
  return {
    handler,
    initialDelaySeconds: probe.initialDelaySeconds ?? 0,
    periodSeconds: probe.periodSeconds || 10,
    timeoutSeconds: probe.timeoutSeconds || 1,
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
    terminationGracePeriodSeconds: probe.terminationGracePeriodSeconds,
  };
}

function hookOf(hook: V1LifecycleHandler, container: V1Container): HookHandler | undefined {
  if (hook.sleep) return { type: 'sleep', seconds: hook.sleep.seconds };
  return commonOf(hook, container);
}

function handlerOf(probe: V1Probe, container: V1Container): Handler | undefined {
  if (probe.grpc) return { type: 'grpc', port: probe.grpc.port, service: probe.grpc.service ?? '' };
  return commonOf(probe, container);
}

function commonOf(
  { exec, httpGet, tcpSocket }: V1LifecycleHandler,
  container: V1Container,
): Exclude<Handler, { type: 'grpc' }> | undefined {
  if (exec) return { type: 'exec', command: exec.command ?? [] };
  if (httpGet) return httpOf(httpGet, container);
  return tcpSocket && tcpOf(tcpSocket, container);
}

function httpOf(action: V1HTTPGetAction, container: V1Container): Handler & { type: 'httpGet' } {
  return {
    type: 'httpGet',
    scheme: action.scheme?.toUpperCase() === 'HTTPS' ? 'HTTPS' : 'HTTP',
    host: action.host || undefined,
    port: portOf(action.port, container),
    path: action.path || '/',
    headers: (action.httpHeaders ?? []).map(({ name, value }) => ({ name, value })),
  };
}

function tcpOf(action: V1TCPSocketAction, container: V1Container): Handler & { type: 'tcpSocket' } {
  return { type: 'tcpSocket', host: action.host || undefined, port: portOf(action.port, container) };
}

/** A name is looked up among the container's own ports, as the kubelet does; else a number may be written as text. */
function portOf(port: unknown, container: V1Container): HandlerPort {
  if (typeof port === 'number') return port;
  const name = String(port);
  const declared = container.ports?.find(each => each.name === name);
  if (declared !== undefined) return declared.containerPort;
  return /^\d+$/.test(name) ? Number(name) : name;
}
