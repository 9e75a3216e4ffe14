import type { Context } from './context.ts';
import { record, text, texts } from './json.ts';

/** How the engine is set up, for doctor and for people. */
export interface EngineInfo {
  readonly version: string;
  readonly rootless: boolean;
  /** `v1` or `v2`. */
  readonly cgroupVersion: string;
  readonly cgroupManager: string;
  /** Those that the engine may use for containers: of a user, those that systemd hands on (cgroups(7), "Delegation"). */
  readonly controllers: readonly string[];
  readonly runtime: string;
  readonly eventLogger: string;
  readonly logDriver: string;
  readonly networkBackend: string;
  readonly graphRoot: string;
  readonly graphDriver: string;
}

/** Asks the engine about itself. Takes 150 ms and more: not for the usual path. */
export async function info(context: Context, signal: AbortSignal): Promise<EngineInfo> {
  const { body } = await context.http.call({
    method: 'GET',
    path: '/info',
    what: 'Cannot ask the engine about itself',
    signal,
  });
  const { host: hostValue, store: storeValue } = record(body);
  const host = record(hostValue);
  const store = record(storeValue);
  return {
    version: context.version.text,
    rootless: record(host.security).rootless === true,
    cgroupVersion: text(host.cgroupVersion),
    cgroupManager: text(host.cgroupManager),
    controllers: texts(host.cgroupControllers),
    runtime: text(record(host.ociRuntime).name),
    eventLogger: text(host.eventLogger),
    logDriver: text(host.logDriver),
    networkBackend: text(host.networkBackend),
    graphRoot: text(store.graphRoot),
    graphDriver: text(store.graphDriverName),
  };
}
