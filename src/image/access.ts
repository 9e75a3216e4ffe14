import type { AuthPlaces } from './auth-file.ts';
import type { Login } from './authorize.ts';
import { readCertificates } from './certificates.ts';
import { findLogin } from './credentials.ts';
import type { RegistryName } from './name.ts';
import { openRegistry, type Registry } from './registry.ts';
import type { Repository } from './repository.ts';
import type { Retries } from './retry.ts';

/** With what registries are reached. */
export interface Access {
  readonly verifyTls: boolean;
  /** As given by `--cert-dir`. */
  readonly certificates: string | undefined;
  /** Undefined for anybody: no credentials are looked for. */
  readonly auth: AuthPlaces | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly retries: Retries;
  readonly signal: AbortSignal;
}

/** Opens the repository of a name; `close` its registry when done. */
export function openRepository(access: Access, { registry, repository }: RegistryName): Repository {
  return { registry: openFor(access, registry, repository), path: repository };
}

/** Opens a registry, with the credentials that are kept for one repository in it, or for all of it. */
export function openFor(access: Access, registry: string, repository = ''): Registry {
  const { auth, env } = access;
  let found: Promise<Login | undefined> | undefined;
  // Once: a helper may ask somebody at a screen.
  const login = async () => {
    found ??= auth && findLogin(auth, { registry, repository });
    return found;
  };
  const certificates = () => readCertificates(registry, { directory: access.certificates, env });
  return openRegistry(registry, { ...access, certificates, login });
}
