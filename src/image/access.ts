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
  /** Who asks for a name, where that is known without looking. */
  readonly known?: (name: RegistryName) => Login | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly retries: Retries;
  readonly signal: AbortSignal;
}

/** Opens the repository of a name, with the credentials that are kept for it; `close` its registry when done. */
export function openRepository(access: Access, name: RegistryName): Repository {
  const { auth } = access;
  let found: Promise<Login | undefined> | undefined;
  // Once: a helper may ask somebody at a screen.
  const login = async () => {
    const known = access.known?.(name);
    if (known !== undefined) return known;
    found ??= auth && findLogin(auth, name);
    return found;
  };
  return { registry: openKnown(access, name.registry, login), path: name.repository };
}

/** Opens a registry for somebody who is known. */
export function openKnown(access: Access, registry: string, login: () => Promise<Login | undefined>): Registry {
  const { certificates: directory, env } = access;
  return openRegistry(registry, {
    ...access,
    certificates: () => readCertificates(registry, { directory, env, verify: access.verifyTls }),
    login,
  });
}
