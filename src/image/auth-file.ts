import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../durable.ts';
import { reasonOf } from '../model/file-fault.ts';
import { onDisk } from './disk.ts';
import { ImageError } from './failure.ts';
import { isRecord, type Unread } from './json.ts';

/** Where credentials may be kept. */
export interface AuthPlaces {
  /** As given by `--authfile`: then nothing else counts. */
  readonly file: string | undefined;
  /** REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG, HOME and PATH count. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
}

/** A file of credentials: what of it is known, beside all that is not. */
export interface AuthFile {
  readonly auths: Readonly<Record<string, Unread>>;
  /** Programs that keep the credentials of one registry each: `docker-credential-NAME`. */
  readonly credHelpers: Readonly<Record<string, Unread>>;
  /** The program for all others; Docker's own file alone has it. */
  readonly credsStore: Unread;
  readonly raw: Readonly<Record<string, Unread>>;
}

/** Where a login is written, and looked for first (containers-auth.json(5)). */
export function ownAuthFile({ file, env, uid }: AuthPlaces): string {
  const given = file ?? env.REGISTRY_AUTH_FILE;
  if (given) return given;
  const runtime = env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'containers') : `/run/containers/${uid}`;
  return join(runtime, 'auth.json');
}

/** All files, in the order in which they are looked through. Those that other tools write come after our own. */
export function authFiles(places: AuthPlaces): readonly string[] {
  const { file, env } = places;
  if (file ?? env.REGISTRY_AUTH_FILE) return [ownAuthFile(places)];
  const home = env.HOME ?? '/';
  return [
    ownAuthFile(places),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers/auth.json'),
    join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
  ];
}

/**
 * Reads one; without credentials where there is no such file.
 *
 * @param mustBe somebody named it: where it is missing, that is told, and nobody asks as anybody
 * @throws ImageError `CREDENTIALS_INVALID`; nothing of the text is in it, for it may be a password
 */
export async function readAuthFile(
  path: string,
  { mustBe = false }: { readonly mustBe?: boolean } = {},
): Promise<AuthFile> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (!mustBe && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) return '{}';
    throw unreadable(path, reasonOf(cause));
  });
  let raw: unknown;
  try {
    // podman leaves an empty file behind where it made one and was stopped.
    raw = JSON.parse(text.trim() || '{}');
  } catch {
    throw unreadable(path, 'expected JSON');
  }
  if (!isRecord(raw)) throw unreadable(path, 'expected an object');
  const { auths, credHelpers, credsStore } = raw;
  return {
    auths: isRecord(auths) ? auths : {},
    credHelpers: isRecord(credHelpers) ? credHelpers : {},
    credsStore,
    raw,
  };
}

function unreadable(path: string, found: string): ImageError {
  const hint = 'Mend it, or name another with --authfile';
  return new ImageError('CREDENTIALS_INVALID', `Cannot read credentials in "${path}": ${found}`, { hint });
}

/** Writes other `auths` into a file, for its owner alone (0600), and keeps all else of it. @throws ImageError `DISK_FULL` */
export async function writeAuths(
  path: string,
  { raw }: AuthFile,
  auths: Readonly<Record<string, Unread>>,
): Promise<void> {
  await onDisk(path, () => writeDurably(path, `${JSON.stringify({ ...raw, auths }, null, '\t')}\n`));
}
