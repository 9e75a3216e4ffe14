import type { AuthPlaces } from './auth-file.ts';
import type { Login } from './authorize.ts';
import { readCertificates } from './certificates.ts';
import { findLogin } from './credentials.ts';
import { type RegistryName, repositoryOf } from './name.ts';
import type { Policy } from './policy.ts';
import { openRow, type PullSource, pullSources, type Registries } from './registries.ts';
import type { SignatureStorage } from './registries-d.ts';
import type { RegistryRow } from './registries-file.ts';
import { openLink, openRegistry, type Registry, type RegistryLink } from './registry.ts';
import type { Repository } from './repository.ts';
import type { Retries } from './retry.ts';
import type { Stores } from './store.ts';

/** With what registries are reached. */
export interface Access {
  /** Undefined where registries.conf decides for each registry; without it, TLS is verified. */
  readonly verifyTls: boolean | undefined;
  /** Read once, before the first registry is asked; nothing is said of any where undefined. */
  readonly registries?: (() => Promise<Registries>) | undefined;
  /** As given by `--cert-dir`. */
  readonly certificates: string | undefined;
  /** Undefined for anybody: no credentials are looked for. */
  readonly auth: AuthPlaces | undefined;
  /** Who asks for a name, whatever files keep. */
  readonly known?: ((name: RegistryName) => Login | undefined) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly retries: Retries;
  readonly trust: Trust;
  readonly signal: AbortSignal;
  /** The stores of engines on this host; none where undefined. */
  readonly stores?: Stores | undefined;
  /** Keeps repositories open from one image to the next; each is opened for itself where undefined. */
  readonly pool?: RepositoryPool | undefined;
}

/** What many images share: of repositories their tokens, of registries their connections. */
export interface RepositoryPool {
  /** The repository of that key, made where it is not there yet. Closing it does nothing. */
  repository(key: string, make: () => Repository): Repository;
  link(key: string, make: () => RegistryLink): RegistryLink;
  close(): Promise<void>;
}

/** An empty pool; `close` it when done. */
export function makePool(): RepositoryPool {
  const repositories = new Map<string, Repository>();
  const links = new Map<string, RegistryLink>();
  return {
    repository: (key, make) => {
      const kept = repositories.get(key) ?? make();
      repositories.set(key, kept);
      return { ...kept, registry: { ...kept.registry, close: async () => undefined } };
    },
    link: (key, make) => {
      const kept = links.get(key) ?? make();
      links.set(key, kept);
      return kept;
    },
    close: async () => {
      for (const { http } of links.values()) await http.close();
    },
  };
}

/** What decides which images are taken. */
export interface Trust {
  /** Asked before each image is taken; undefined where there is none. @throws ImageError `TRUST_INVALID` */
  readonly policy: () => Promise<Policy | undefined>;
  /** Where signatures are kept. @throws ImageError `TRUST_INVALID` */
  readonly storage: (name: RegistryName) => Promise<SignatureStorage>;
  /** By which keys are still good, in milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Opens the repository of a name, with the credentials that are kept for it; `close` its registry when done.
 *
 * @param given whether it may do without TLS, where that is known; else registries.conf says so of the name
 * @throws ImageError `REGISTRY_BLOCKED`, `REGISTRIES_INVALID`
 */
export async function openRepository(
  access: Access,
  name: RegistryName,
  given?: Pick<PullSource, 'insecure'>,
): Promise<Repository> {
  const { insecure } = given ?? (await ownRow(access, name)) ?? { insecure: false };
  const verifyTls = access.verifyTls ?? !insecure;
  const make = (): Repository => ({
    registry: openKnown({ ...access, verifyTls }, name.registry, loginFor(access, name)),
    path: name.repository,
  });
  return access.pool?.repository(`${repositoryOf(name)} ${verifyTls}`, make) ?? make();
}

async function ownRow({ registries }: Access, name: RegistryName): Promise<RegistryRow | undefined> {
  return registries && openRow(await registries(), name);
}

/** Where an image is looked for, the place itself last. @throws ImageError `REGISTRY_BLOCKED`, `REGISTRIES_INVALID` */
export async function sourcesOf({ registries }: Access, name: RegistryName): Promise<readonly PullSource[]> {
  return registries === undefined ? [{ name, insecure: false }] : pullSources(await registries(), name);
}

/** Opens the repository that images of a name come from, mirrors aside: they may have a part of it alone. */
export async function openOrigin(access: Access, name: RegistryName): Promise<Repository> {
  const own = (await sourcesOf(access, name)).at(-1);
  return own === undefined ? openRepository(access, name) : openRepository(access, own.name, own);
}

/** Credentials for one registry: any other, be it a mirror, is not told them. */
export function knownAt(registry: string, login: Login): NonNullable<Access['known']> {
  return name => (name.registry === registry ? login : undefined);
}

/** Looks once: a helper may ask somebody at a screen. */
function loginFor({ auth, known, registries }: Access, name: RegistryName): () => Promise<Login | undefined> {
  let found: Promise<Login | undefined> | undefined;
  const find = async (): Promise<Login | undefined> =>
    auth && findLogin(auth, name, registries && (await registries()).helpers);
  return async () => {
    const given = known?.(name);
    if (given !== undefined) return given;
    found ??= find();
    return found;
  };
}

/** Opens a registry for somebody who is known. */
function openKnown(
  access: Access & { readonly verifyTls: boolean },
  registry: string,
  login: () => Promise<Login | undefined>,
): Registry {
  const { certificates: directory, env, verifyTls: verify, pool } = access;
  const certificates = (): ReturnType<typeof readCertificates> =>
    readCertificates(registry, { directory, env, verify });
  const options = { ...access, certificates, login };
  return openRegistry(
    registry,
    options,
    pool?.link(`${registry} ${verify}`, () => openLink(registry, options)),
  );
}
