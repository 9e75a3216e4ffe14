import { type Login, makeAuthorizer, type Scopes } from './authorize.ts';
import { ImageError } from './failure.ts';
import { type Answer, type Call, type HttpOptions, openHttp } from './http.ts';
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

/** Opens nothing yet. */
export function openRegistry(name: string, opts: RegistryOptions): Registry {
  const http = openHttp(opts);
  const authorizer = makeAuthorizer(http, opts.login);
  const host = Object.hasOwn(hosts, name) ? hosts[name] : name;
  let base = new URL(`https://${host}/v2/`);

  async function sendOnce(call: RegistryCall): Promise<Answer> {
    const url = call.at instanceof URL ? call.at : new URL(call.at, base);
    return url.origin === base.origin ? authorizer.send({ ...call, url }, call.scopes) : http.send({ ...call, url });
  }

  return {
    name,
    retries: opts.retries,
    close: http.close,
    send: async call => {
      try {
        return await sendOnce(call);
      } catch (error) {
        const isPlain = base.protocol === 'https:' && !opts.verifyTls && typeof call.at === 'string';
        if (!isPlain || !isUnreachable(error)) throw error;
        // As skopeo does with --tls-verify=false: TLS first, whoever answers.
        base = new URL(`http://${host}/v2/`);
        return sendOnce(call);
      }
    },
  };
}

/** No answer came, which a registry without TLS cannot give to one who speaks it. */
function isUnreachable(error: unknown): boolean {
  return error instanceof ImageError && error.code === 'REGISTRY_UNREACHABLE' && error.cause !== undefined;
}
