import { type RegistryCredential, registryOf } from '../model/credential.ts';
import { type Sealed, seal } from '../model/sealed.ts';
import { type Access, openRepository } from './access.ts';
import { type AuthPlaces, ownAuthFile, readAuthFile, writeAuths } from './auth-file.ts';
import { findLogin } from './credentials.ts';
import { ImageError } from './failure.ts';
import { greet } from './repository.ts';

/**
 * Reads what a user logs in to or out of: a registry, or a part of it (`quay.io/team`), for which the credentials then
 * count before those of the whole.
 *
 * @throws ImageError `NAME_INVALID`
 */
function parseRegistry(text: string): { readonly key: string; readonly registry: string } {
  const key = registryOf(text);
  const [registry = '', ...path] = key.split('/');
  const isGood = /^[A-Za-z0-9.-]+(:\d+)?$/.test(registry) && path.every(part => /^[a-z0-9._-]+$/.test(part));
  if (isGood) return { key, registry };
  const hint = 'Write it as in "quay.io" or "registry.example:5000/team"';
  throw new ImageError('NAME_INVALID', `Cannot read "${text}": expected a registry`, { hint });
}

/**
 * Tries credentials on a registry, and keeps those that it takes.
 *
 * @returns where they are kept
 * @throws ImageError; then nothing is kept
 */
export async function logIn(
  access: Access & { readonly auth: AuthPlaces },
  given: string,
  credential: Sealed<RegistryCredential>,
): Promise<string> {
  const { key, registry: host } = parseRegistry(given);
  const name = { registry: host, repository: key.slice(host.length + 1), tag: undefined, digest: undefined };
  const login = { kind: 'password', credential, whence: 'that were given' } as const;
  const { registry } = await openRepository({ ...access, known: () => login }, name);
  try {
    await greet(registry);
  } finally {
    await registry.close();
  }
  const path = ownAuthFile(access.auth);
  const file = await readAuthFile(path);
  const { username, password } = credential.reveal();
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  await writeAuths(path, file, { ...without(file.auths, key), [key]: { auth } });
  return path;
}

/**
 * Forgets the credentials of a registry, or all of them.
 *
 * @returns what was forgotten
 * @throws ImageError `CREDENTIALS_INVALID` where there are none, and none elsewhere
 */
export async function logOut(places: AuthPlaces, name: string | undefined): Promise<readonly string[]> {
  const path = ownAuthFile(places);
  const file = await readAuthFile(path);
  const key = name === undefined ? undefined : parseRegistry(name).key;
  const left = key === undefined ? {} : without(file.auths, key);
  const gone = Object.keys(file.auths).filter(each => !Object.hasOwn(left, each));
  if (gone.length > 0) await writeAuths(path, file, left);
  if (gone.length > 0 || name === undefined) return gone;
  throw new ImageError('CREDENTIALS_INVALID', `Cannot log out of "${name}": not logged in there by "${path}"`, {
    hint: 'Other files may hold credentials, as ~/.docker/config.json; name one with --authfile',
  });
}

/**
 * Who is logged in; undefined for nobody.
 *
 * @param helpers where to look, in order, as registries.conf says
 */
export async function whoIs(places: AuthPlaces, name: string, helpers: readonly string[]): Promise<string | undefined> {
  const { key, registry } = parseRegistry(name);
  const login = await findLogin(places, { registry, repository: key.slice(registry.length + 1) }, helpers);
  return login?.kind === 'password' ? login.credential.reveal().username : undefined;
}

/** Docker and podman may have written the same registry in another way. */
function without(auths: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(auths).filter(([entry]) => registryOf(entry) !== key));
}

/** A name and a password that nobody prints by mistake. */
export function credentials(username: string, password: string): Sealed<RegistryCredential> {
  return seal({ username, password });
}
