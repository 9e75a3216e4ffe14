import { execFile } from 'node:child_process';
import { credentialOf, registryOf } from '../model/credential.ts';
import { seal } from '../model/sealed.ts';
import { type AuthFile, type AuthPlaces, authFiles, readAuthFile } from './auth-file.ts';
import type { Login } from './authorize.ts';
import { ImageError } from './failure.ts';
import { isRecord, record, text } from './json.ts';

/** The word of registries.conf for the files of credentials, among programs that keep some. */
export const authFilesHelper = 'containers-auth.json';

/**
 * Finds who asks for a repository: in the first file that knows of it, by the most exact key (`quay.io/team/web`,
 * `quay.io/team`, `quay.io`), as containers-auth.json(5) says. Undefined for anybody. One place that fails hides no other
 * that knows, as for containers/image.
 *
 * @param helpers where to look, in order: programs, and {@link authFilesHelper}
 * @throws ImageError `CREDENTIALS_INVALID` where one failed and none knows
 */
export async function findLogin(
  places: AuthPlaces,
  name: { readonly registry: string; readonly repository: string },
  helpers: readonly string[] = [authFilesHelper],
): Promise<Login | undefined> {
  const failures: ImageError[] = [];
  for (const helper of helpers) {
    const isFiles = helper === authFilesHelper;
    try {
      const login = await (isFiles ? loginInFiles(places, name) : askHelper(helper, name.registry, places.env));
      if (login !== undefined) return login;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first !== undefined) throw first;
  return undefined;
}

async function loginInFiles(
  places: AuthPlaces,
  name: { readonly registry: string; readonly repository: string },
): Promise<Login | undefined> {
  for (const path of authFiles(places)) {
    const login = await loginIn(path, await readAuthFile(path, { mustBe: places.file !== undefined }), name, places);
    if (login !== undefined) return login;
  }
  return undefined;
}

async function loginIn(
  path: string,
  file: AuthFile,
  { registry, repository }: { readonly registry: string; readonly repository: string },
  { env }: AuthPlaces,
): Promise<Login | undefined> {
  const helper = text(file.credHelpers[registry]) ?? text(file.credsStore);
  if (helper !== undefined) {
    const login = await askHelper(helper, registry, env);
    if (login !== undefined) return login;
  }
  for (const key of keysOf(registry, repository)) {
    const found = Object.entries(file.auths).find(([entry]) => registryOf(entry) === key);
    const login = found && entryLogin(record(found[1]), `of "${path}"`);
    if (login !== undefined) return login;
  }
  return undefined;
}

/** From the whole name to the registry alone. */
export function keysOf(registry: string, repository: string): readonly string[] {
  const parts = repository === '' ? [] : repository.split('/');
  return [...parts.keys()].map(index => [registry, ...parts.slice(0, parts.length - index)].join('/')).concat(registry);
}

function entryLogin(entry: Readonly<Record<string, unknown>>, whence: string): Login | undefined {
  const token = text(entry.identitytoken);
  if (token) return { kind: 'identity', token: seal(token), whence };
  const credential = credentialOf(entry);
  return credential && { kind: 'password', credential: seal(credential), whence };
}

/** The name that a helper gives with a token in place of a password (docker-credential-helpers). */
const tokenUser = '<token>';
/** A helper that asks somebody at a screen may take long; one that hangs is left. In ms. */
const helperMs = 60_000;
const largestAnswer = 1024 * 1024;

/** Runs `docker-credential-NAME get`: the registry goes in by standard input, and what it knows comes out. */
async function askHelper(
  name: string,
  registry: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Login | undefined> {
  if (!/^[\w.-]+$/.test(name)) throw helperFailure(name, 'expected a name without a path');
  const { stdout, failed } = await run(`docker-credential-${name}`, registry, env);
  // What it says where it knows nothing; it is no failure.
  if (failed && /credentials not found/i.test(stdout)) return undefined;
  if (failed) throw helperFailure(name, 'it failed');
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch {
    throw helperFailure(name, 'expected JSON');
  }
  const [username, password] = isRecord(answer) ? [text(answer.Username), text(answer.Secret)] : [];
  if (username === undefined || !password) return undefined;
  const whence = `of the helper "${name}"`;
  if (username === tokenUser) return { kind: 'identity', token: seal(password), whence };
  return { kind: 'password', credential: seal({ username, password }), whence };
}

function helperFailure(name: string, found: string): ImageError {
  const hint = `Try it by hand: echo REGISTRY | docker-credential-${name} get`;
  return new ImageError('CREDENTIALS_INVALID', `Cannot get credentials from the helper "${name}": ${found}`, { hint });
}

function run(
  file: string,
  input: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly stdout: string; readonly failed: boolean }> {
  return new Promise(resolve => {
    const limits = { timeout: helperMs, maxBuffer: largestAnswer };
    const child = execFile(file, ['get'], { env: { ...env }, ...limits }, (error, stdout) => {
      resolve({ stdout, failed: error !== null });
    });
    // A helper that does not read what it is given ends the pipe: its answer tells.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
