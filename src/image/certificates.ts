import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../model/file-fault.ts';
import { ImageError } from './failure.ts';

/** What TLS to one registry goes by, as PEM. */
export interface Certificates {
  /** Who may vouch for the registry; Node's own list where empty. */
  readonly ca: readonly string[];
  /** By which we are known to it. */
  readonly client: { readonly cert: string; readonly key: string } | undefined;
}

/** Where certificates are looked for. */
export interface CertificatePlaces {
  /** As given by `--cert-dir`: then no other directory counts. */
  readonly directory: string | undefined;
  /** Whether anybody is to be vouched for. */
  readonly verify: boolean;
  /** SSL_CERT_FILE, XDG_CONFIG_HOME and HOME count. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Debian's list of authorities, and Fedora's: what other programs of the host trust, which Node does not read. */
const hostLists = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

/**
 * Reads the certificates for a registry: what the host trusts, and the `*.crt`, `*.cert` and `*.key` of the first
 * directory for it (containers-certs.d(5)).
 *
 * @throws ImageError `CREDENTIALS_INVALID` where a certificate has no key
 */
export async function readCertificates(registry: string, places: CertificatePlaces): Promise<Certificates> {
  const [trusted, directory] = await Promise.all([hostList(places), firstDirectory(registry, places)]);
  if (directory === undefined) return { ca: trusted, client: undefined };
  const { path, names } = directory;
  const own = await Promise.all(names.filter(name => name.endsWith('.crt')).map(name => read(join(path, name))));
  return { ca: [...trusted, ...own], client: await clientIn(path, names) };
}

async function hostList({ env, verify }: CertificatePlaces): Promise<readonly string[]> {
  if (!verify) return [];
  for (const path of env.SSL_CERT_FILE ? [env.SSL_CERT_FILE] : hostLists) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.includes('BEGIN CERTIFICATE')) return [text];
  }
  return [];
}

interface Directory {
  readonly path: string;
  readonly names: readonly string[];
}

async function firstDirectory(registry: string, { directory, env }: CertificatePlaces): Promise<Directory | undefined> {
  const config = env.XDG_CONFIG_HOME || join(env.HOME ?? '/', '.config');
  const roots = [join(config, 'containers/certs.d'), '/etc/containers/certs.d', '/etc/docker/certs.d'];
  for (const path of directory === undefined ? roots.map(root => join(root, registry)) : [directory]) {
    const names = await readdir(path).catch(() => undefined);
    if (names !== undefined) return { path, names: names.sort() };
  }
  if (directory === undefined) return undefined;
  const hint = 'Name a directory with *.crt, *.cert and *.key in it';
  throw new ImageError('CREDENTIALS_INVALID', `Cannot read certificates in "${directory}"`, { hint });
}

async function clientIn(path: string, names: readonly string[]): Promise<Certificates['client']> {
  const cert = names.find(name => name.endsWith('.cert'));
  if (cert === undefined) return undefined;
  const key = `${cert.slice(0, -'.cert'.length)}.key`;
  if (names.includes(key)) return { cert: await read(join(path, cert)), key: await read(join(path, key)) };
  const hint = `Put its key there as "${key}"`;
  throw new ImageError('CREDENTIALS_INVALID', `Cannot use "${join(path, cert)}": it has no key`, { hint });
}

function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: Error) => {
    const hint = 'Give the user that runs podstead read access';
    throw new ImageError('CREDENTIALS_INVALID', `Cannot read "${path}": ${reasonOf(cause)}`, { hint, cause });
  });
}
