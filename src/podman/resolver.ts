import { readFile } from 'node:fs/promises';
import { getuid } from 'node:process';
import type { DesiredSandbox } from '../model/desired.ts';
import type { Context } from './context.ts';
import { list, record, text } from './json.ts';
import { ensureNetwork } from './network.ts';
import { path } from './query.ts';
import { isBefore } from './version.ts';

/** What resolv.conf(5) says. Empty lists leave the choice to the engine. */
export interface Resolver {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** What stands around a pod. */
export interface ResolverPlaces {
  readonly host: Resolver;
  /** The name server of the namespace's network; undefined where the pod cannot reach it. */
  readonly gateway: string | undefined;
  /** The engine's own server asks the servers that a pod is given, and stands in resolv.conf in their place. */
  readonly forwards: boolean;
}

/** Domain of the names that aardvark-dns answers for. */
const networkDomain = 'dns.podman';
/** As many as resolvers read. */
const mostServers = 3;
/** To the engine: search nowhere. */
const nowhere = ['.'];

/** Finds a pod's resolver; asks nobody where the engine's own choice is the right one. */
export async function findResolver(context: Context, sandbox: DesiredSandbox, signal: AbortSignal): Promise<Resolver> {
  const { dns, hostNetwork, network } = sandbox;
  const { policy, ...given } = dns;
  if (isUsual(sandbox)) return given;
  const isCluster = policy === 'cluster' && !(hostNetwork && getuid?.() !== 0);
  return resolverOf(sandbox, {
    host: policy === 'none' ? empty : await readHostResolver(hostNetwork),
    gateway: isCluster ? await gatewayOf(context, network, signal) : undefined,
    forwards: !hostNetwork && !isBefore(context.version, 4, 5),
  });
}

/** The resolver that a pod's policy and dnsConfig come to, as the kubelet joins them (Kubernetes, DNS for Services and Pods). */
export function resolverOf(
  { dns, hostNetwork }: DesiredSandbox,
  { host, gateway, forwards }: ResolverPlaces,
): Resolver {
  const { policy, ...given } = dns;
  const searches = (...domains: readonly string[]): readonly string[] => [...new Set(domains)];
  if (policy === 'none') return { ...given, searches: given.searches.length > 0 ? given.searches : nowhere };
  if (policy === 'host' || gateway === undefined) {
    const found = searches(...host.searches, ...given.searches);
    return {
      servers: [...host.servers, ...given.servers].slice(0, mostServers),
      searches: found.length > 0 ? found : nowhere,
      options: [...host.options, ...given.options],
    };
  }
  const own = forwards || (!hostNetwork && given.servers.length === 0) ? [] : [gateway];
  const hosts = hostNetwork ? host : empty;
  const domains = [...hosts.searches, ...given.searches];
  return {
    servers: [...own, ...hosts.servers, ...given.servers].slice(0, mostServers),
    searches: domains.length > 0 || hostNetwork ? searches(networkDomain, ...domains) : [],
    options: [...hosts.options, ...given.options],
  };
}

const empty: Resolver = { servers: [], searches: [], options: [] };

function isUsual({ dns, hostNetwork }: DesiredSandbox): boolean {
  if (dns.policy !== (hostNetwork ? 'host' : 'cluster')) return false;
  return [dns.servers, dns.searches, dns.options].every(each => each.length === 0);
}

/** The name server of a network is its gateway, where aardvark-dns listens. */
async function gatewayOf(context: Context, network: string, signal: AbortSignal): Promise<string | undefined> {
  await ensureNetwork(context, network, signal);
  const what = `Cannot look at network "${network}"`;
  const call = { method: 'GET', path: path`/networks/${network}/json`, accept: [404], what, signal } as const;
  const { body } = await context.http.call(call);
  const gateways = list(record(body).subnets).map(subnet => text(record(subnet).gateway));
  return gateways.find(each => each !== '');
}

/** The host's own, without what only the host itself reaches, as the kubelet is told to read it beside systemd-resolved. */
async function readHostResolver(hostNetwork: boolean): Promise<Resolver> {
  const read = async (file: string): Promise<Resolver> => parseResolver(await readFile(file, 'utf8').catch(() => ''));
  const own = await read('/etc/resolv.conf');
  if (hostNetwork) return own;
  const isLocal = (server: string): boolean => server.startsWith('127.') || server === '::1';
  const source = own.servers.every(isLocal) ? await read('/run/systemd/resolve/resolv.conf') : own;
  return { ...own, servers: source.servers.filter(server => !isLocal(server)) };
}

/** Reads the text of a resolv.conf; of several search lists the last counts. */
export function parseResolver(conf: string): Resolver {
  const lines = conf.split('\n').map(line => line.trim().split(/\s+/));
  const of = (...names: readonly string[]): readonly (readonly string[])[] =>
    lines.filter(([name = '']) => names.includes(name)).map(([, ...values]) => values);
  return {
    servers: of('nameserver').flatMap(([server]) => server ?? []),
    searches: of('search', 'domain').at(-1) ?? [],
    options: of('options').flat(),
  };
}
