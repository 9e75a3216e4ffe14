import { BlockList, isIP } from 'node:net';

/** Where proxies are named; in either case, the lower one first. */
export type ProxyEnv = Readonly<Record<string, string | undefined>>;

/** The proxy for an address: HTTPS_PROXY or HTTP_PROXY, but for hosts that NO_PROXY names. Undefined where there is none. */
export function proxyFor(url: URL, env: ProxyEnv): URL | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const given = env[name] || env[name.toUpperCase()];
  if (!given || isExempt(url, env.no_proxy || env.NO_PROXY || '')) return undefined;
  // curl and Go take a proxy without its scheme, too.
  const full = given.includes('://') ? given : `http://${given}`;
  const proxy = URL.canParse(full) ? new URL(full) : undefined;
  return proxy && /^https?:$/.test(proxy.protocol) ? proxy : undefined;
}

/** As curl and Go read the list: names with all below them, addresses, ranges of them, each with a port or without; `*`. */
function isExempt(url: URL, list: string): boolean {
  const host = bare(url.hostname);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(entry => entry !== '')
    .some(entry => {
      if (entry === '*' || bare(entry) === host) return true;
      if (isRange(entry)) return isIn(host, entry);
      const [, name = '', onlyPort] = /^(.+?)(?::(\d+))?$/.exec(entry) ?? [];
      return (onlyPort === undefined || onlyPort === port) && isBelow(host, bare(name));
    });
}

/** IPv6 addresses stand in brackets in URLs. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** `example.com` is also all below it; `.example.com` and `*.example.com` are what is below alone. */
function isBelow(host: string, name: string): boolean {
  const suffix = name.replace(/^\*/, '');
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function isRange(entry: string): boolean {
  return /^[0-9a-f.:]+\/\d+$/.test(entry);
}

function isIn(host: string, range: string): boolean {
  const [net = '', bits = ''] = range.split('/');
  const family = isIP(net);
  if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(net, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** What hpagent throws has no code: with one it can be told from a fault of ours. */
export function withProxyCode(error: unknown): unknown {
  const status = error instanceof Error ? /^Bad response: (\d+)$/.exec(error.message)?.[1] : undefined;
  return status === undefined
    ? error
    : Object.assign(new Error(`the proxy answers ${status}`, { cause: error }), { code: 'ERR_PROXY' });
}
