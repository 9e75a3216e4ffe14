import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseReference } from '../model/reference.ts';
import { formatReference } from './reference.ts';

/** Repositories with their registry, by the short name that stands for them: `fedora` → `registry.fedoraproject.org/fedora`. */
export type Aliases = ReadonlyMap<string, string>;

/** Where the engine's files on short names may be. */
export interface AliasPlaces {
  /** The environment, of which CONTAINERS_REGISTRIES_CONF, HOME, XDG_CONFIG_HOME and XDG_CACHE_HOME count. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** `/etc/containers` where undefined. */
  readonly systemDir?: string;
}

/**
 * Reads the aliases that the engine goes by (containers-registries.conf(5), "Short-name aliasing"): its list of images
 * has full names alone, and 4.3 has no call that resolves one. What cannot be read counts as empty.
 */
export async function readAliases(places: AliasPlaces): Promise<Aliases> {
  const texts = await Promise.all((await filesOf(places)).map(read));
  return new Map(texts.flatMap(aliasesIn));
}

/** The reference behind a short name; undefined where there is no alias for it, or it is no short name. */
export function aliasOf(text: string, aliases: Aliases): string | undefined {
  const reference = parseReference(text);
  if (reference === undefined || reference.registry !== undefined) return undefined;
  const full = parseReference(aliases.get(reference.repository) ?? '');
  return full && formatReference({ ...reference, registry: full.registry, repository: full.repository });
}

/** In order: what stands later wins. A user's own registries.conf hides the host's, and its directory. */
async function filesOf({ env, uid, systemDir = '/etc/containers' }: AliasPlaces): Promise<readonly string[]> {
  const home = env.HOME ?? '';
  const userDir = join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers');
  const given = env.CONTAINERS_REGISTRIES_CONF;
  const users = join(userDir, 'registries.conf');
  const isUsers = !given && (await read(users)) !== '';
  const dirs = [...(isUsers ? [] : [systemDir]), userDir].map(dir => join(dir, 'registries.conf.d'));
  const dropIns = await Promise.all(dirs.map(confsIn));
  // Where podman notes the choices that users made at its prompt.
  const cacheDir = uid === 0 ? '/var/cache' : env.XDG_CACHE_HOME || join(home, '.cache');
  const chosen = join(cacheDir, 'containers/short-name-aliases.conf');
  return [given || (isUsers ? users : join(systemDir, 'registries.conf')), ...dropIns.flat(), chosen];
}

async function confsIn(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir).catch(() => []);
  return names
    .filter(name => name.endsWith('.conf'))
    .sort()
    .map(name => join(dir, name));
}

function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

/** The strings of TOML's `[aliases]` table; nothing else in these files is of the form `key = "value"` below it. */
function aliasesIn(text: string): readonly (readonly [string, string])[] {
  const table = text
    .split(/^\s*\[\s*aliases\s*\].*$/m)
    .slice(1)
    .join('\n');
  const own = table.split(/^\s*\[/m)[0] ?? '';
  return [...own.matchAll(/^\s*["']?([^"'\s=#]+)["']?\s*=\s*["']([^"']*)["']/gm)].map(
    ([, short = '', full = '']) => [short, full] as const,
  );
}
