/** What a registry wants of who asks. */
export interface RegistryCredential {
  readonly username: string;
  readonly password: string;
}

/**
 * The credential in one entry of `auths`, in Docker's config.json and in auth.json alike: `auth` is base64 of
 * `user:password`; Docker's own may have the two apart. Undefined where it has none.
 */
export function credentialOf(entry: Readonly<Record<string, unknown>>): RegistryCredential | undefined {
  if (typeof entry.username === 'string' && typeof entry.password === 'string') {
    return { username: entry.username, password: entry.password };
  }
  if (typeof entry.auth !== 'string') return undefined;
  const decoded = Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** Docker writes some registries as URLs (`https://index.docker.io/v1/`); engines know them by host. */
export function registryOf(entry: string): string {
  const host = entry.replace(/^https?:\/\//, '').replace(/\/(v1|v2)?\/?$/, '');
  return host === 'index.docker.io' ? 'docker.io' : host;
}
