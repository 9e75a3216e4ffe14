import { type Login, makeAuthorizer, type Scopes } from './authorize.ts';
import { ImageError } from './failure.ts';
import { type Answer, type Call, type Http, type HttpOptions, invalid, openHttp } from './http.ts';
import type { Retries } from './retry.ts';

/** One registry. */
export interface Registry {
  /** As users write it: `docker.io`. */
  readonly name: string;
  readonly retries: Retries;
  /**
   * Asks at a path below `/v2/`, or at an address that the registry gave; with proof of who asks only where that is its
   * own. Not tried again here: who asks knows what can be repeated.
   *
   * @throws ImageError
   */
  send(call: RegistryCall): Promise<Answer>;
  close(): Promise<void>;
}

export interface RegistryCall extends Omit<Call, 'url' | 'authorization'> {
  /** A path below `/v2/`, with its query; or a whole address. */
  readonly at: string | URL;
  readonly scopes: Scopes;
}

export interface RegistryOptions extends HttpOptions {
  readonly retries: Retries;
  /** Who asks; undefined for anybody. */
  readonly login: () => Promise<Login | undefined>;
}

/** Docker Hub's registry has another name than its images. */
const hosts: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** Connections to a registry, whoever asks for whatever repository. */
export interface RegistryLink {
  readonly http: Http;
  /** Its address, looked for once. */
  base(): Promise<URL>;
}

/** Opens nothing yet. */
export function openLink(name: string, opts: HttpOptions): RegistryLink {
  const http = openHttp(opts);
  const host = (Object.hasOwn(hosts, name) ? hosts[name] : undefined) ?? name;
  let base: Promise<URL> | undefined;
  return {
    http,
    base: () => {
      base ??= opts.verifyTls ? Promise.resolve(secure(host)) : findBase(http, host);
      return base;
    },
  };
}

/** Opens nothing yet. Closing it closes the link. */
export function openRegistry(name: string, opts: RegistryOptions, link: RegistryLink = openLink(name, opts)): Registry {
  const { http } = link;
  const authorizer = makeAuthorizer(http, opts.login);
  return {
    name,
    retries: opts.retries,
    close: http.close,
    send: async call => {
      const { origin, href, protocol } = await link.base();
      const url = call.at instanceof URL ? call.at : new URL(call.at, href);
      if (protocol === 'https:' && url.protocol !== protocol && opts.verifyTls) {
        throw invalid(call.what, `it leads from TLS to "${url.origin}"`);
      }
      // Proof of who asks is for the registry, wherever it has bytes sent.
      return url.origin === origin ? authorizer.send({ ...call, url }, call.scopes) : http.send({ ...call, url });
    },
  };
}

function secure(host: string): URL {
  return new URL(`https://${host}/v2/`);
}

/** TLS where something speaks it, whoever that is; plain HTTP elsewhere: what skopeo does with --tls-verify=false. */
async function findBase(http: Http, host: string): Promise<URL> {
  const url = secure(host);
  try {
    await (await http.send({ method: 'GET', url, what: `greet ${host}` })).drop();
  } catch (error) {
    if (isUnreachable(error)) return new URL(`http://${host}/v2/`);
  }
  return url;
}

/** No answer came, which a registry without TLS cannot give to one who speaks it. */
function isUnreachable(error: unknown): boolean {
  return error instanceof ImageError && error.code === 'REGISTRY_UNREACHABLE' && error.cause !== undefined;
}
