import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { authFilesHelper } from './credentials.ts';
import { ImageError } from './failure.ts';
import { formatName, parseName, type RegistryName } from './name.ts';
import {
  type Endpoint,
  type RegistriesFile,
  type RegistryRow,
  readRegistriesFile,
  type ShortNameMode,
} from './registries-file.ts';

/** What registries.conf and its drop-ins say together. */
export interface Registries {
  readonly rows: readonly RegistryRow[];
  /** Where names without a registry may be. */
  readonly search: readonly string[];
  readonly mode: ShortNameMode;
  /** Where credentials are, in order: a program's name, or `containers-auth.json` for the files. */
  readonly helpers: readonly string[];
  /** Repositories by their short names. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** Where the files may be. */
export interface RegistriesPlaces {
  /** CONTAINERS_REGISTRIES_CONF, HOME, XDG_CONFIG_HOME and XDG_CACHE_HOME count. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** `/etc/containers` where left out. */
  readonly systemDir?: string;
}

/**
 * Reads them all (containers-registries.conf(5), containers-registries.conf.d(5)): a user's own file hides the host's, with
 * its drop-ins; of what two files say, the later counts.
 *
 * @throws ImageError `REGISTRIES_INVALID`
 */
export async function readRegistries(places: RegistriesPlaces): Promise<Registries> {
  const files = await Promise.all((await filesOf(places)).map(readRegistriesFile));
  const rows = new Map(files.flatMap(file => file.rows).map(row => [row.prefix, row]));
  const aliases = new Map(files.flatMap(file => [...file.aliases]));
  const last = <T>(of: (file: RegistriesFile) => T | undefined): T | undefined =>
    files.map(of).findLast(value => value !== undefined);
  return {
    rows: [...rows.values()],
    search: last(({ search }) => search) ?? [],
    mode: last(({ mode }) => mode) ?? 'permissive',
    helpers: last(({ helpers }) => (helpers?.length === 0 ? undefined : helpers)) ?? [authFilesHelper],
    aliases: new Map([...aliases].filter(([, full]) => full !== '')),
  };
}

async function filesOf({ env, uid, systemDir = '/etc/containers' }: RegistriesPlaces): Promise<readonly string[]> {
  const home = env.HOME || '/';
  const userDir = join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers');
  const given = env.CONTAINERS_REGISTRIES_CONF;
  const users = join(userDir, 'registries.conf');
  const isUsers = !given && (await isThere(users));
  const dropIns = [...(isUsers ? [] : [systemDir]), userDir].map(dir => confsIn(join(dir, 'registries.conf.d')));
  // Where podman notes the choices that users made at its prompt.
  const cache = uid === 0 ? '/var/cache' : env.XDG_CACHE_HOME || join(home, '.cache');
  const main = given || (isUsers ? users : join(systemDir, 'registries.conf'));
  const chosen = join(cache, 'containers/short-name-aliases.conf');
  const others = [...(await Promise.all(dropIns)).flat(), ...((await isThere(chosen)) ? [chosen] : [])];
  // A file that somebody named must be there; the host's need not.
  return given || (await isThere(main)) ? [main, ...others] : others;
}

async function confsIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => []);
  const confs = names.filter(name => name.endsWith('.conf')).sort();
  return confs.map(name => join(directory, name));
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** The row with the longest prefix of a name; undefined where none fits. */
export function rowFor({ rows }: Registries, name: RegistryName): RegistryRow | undefined {
  const text = formatName(name);
  const fits = rows.filter(({ prefix }) => prefixEnd(text, prefix) !== undefined);
  return fits.reduce<RegistryRow | undefined>(
    (best, row) => (best === undefined || row.prefix.length > best.prefix.length ? row : best),
    undefined,
  );
}

/** Where the prefix of a name ends; undefined where it has another one. */
function prefixEnd(name: string, prefix: string): number | undefined {
  const start = prefix.startsWith('*.') ? subdomainsEnd(name, prefix.slice(1)) : 0;
  if (start === undefined) return undefined;
  const end = start + prefix.replace(/^\*/, '').length;
  const isWhole = end === name.length || [':', '@', '/'].includes(name[end] ?? '');
  return name.slice(start, end) === prefix.replace(/^\*/, '') && isWhole ? end : undefined;
}

/** Where the first part of a host ends that `.example.com` follows. */
function subdomainsEnd(name: string, rest: string): number | undefined {
  const at = name.indexOf(rest);
  return at > 0 && !name.slice(0, at).includes('/') ? at : undefined;
}

/** A name as it is asked for, and whether TLS may be left out. */
export interface PullSource {
  readonly name: RegistryName;
  readonly insecure: boolean;
}

/**
 * Where an image is looked for: mirrors that take such names, then the place itself.
 *
 * @throws ImageError `REGISTRY_BLOCKED`
 */
export function pullSources(registries: Registries, name: RegistryName): readonly PullSource[] {
  const row = openRow(registries, name);
  if (row === undefined) return [{ name, insecure: false }];
  const kind = name.digest === undefined ? 'tag-only' : 'digest-only';
  const mirrors = row.mirrors.filter(({ pulls }) => pulls === 'all' || pulls === kind);
  const sources = [...mirrors, row].map(endpoint => rewritten(name, row, endpoint));
  for (const source of sources) openRow(registries, source.name);
  return sources;
}

/** The row of a name that nobody has blocked. @throws ImageError `REGISTRY_BLOCKED` */
export function openRow(registries: Registries, name: RegistryName): RegistryRow | undefined {
  const row = rowFor(registries, name);
  if (row?.blocked !== true) return row;
  const message = `Cannot use ${formatName(name)}: "${row.prefix}" is blocked`;
  throw new ImageError('REGISTRY_BLOCKED', message, { hint: `"${row.file}" says so` });
}

function rewritten(name: RegistryName, { prefix, file }: RegistryRow, { location, insecure }: Endpoint): PullSource {
  if (location === '') return { name, insecure };
  const text = formatName(name);
  const moved = location + text.slice(prefixEnd(text, prefix));
  try {
    return { name: parseName(moved), insecure };
  } catch (cause) {
    const message = `Cannot look for ${text} at "${moved}": expected the name of an image`;
    throw new ImageError('REGISTRIES_INVALID', message, {
      hint: `See the location of "${prefix}" in "${file}"`,
      cause,
    });
  }
}
