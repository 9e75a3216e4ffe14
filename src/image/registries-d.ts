import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { reasonOf } from '../model/file-fault.ts';
import { ImageError } from './failure.ts';
import { isRecord, record, text, type Unread } from './json.ts';
import type { RegistryName } from './name.ts';
import { registryScopes } from './policy-scope.ts';

/** Where the signatures of images in a registry are (containers-registries.d(5)). */
export interface SignatureStorage {
  /** The address of the directory of a repository: `file:`, `http:` or `https:`. */
  readonly lookaside: string;
  /** Where new ones go: the same, unless a staging place is named. */
  readonly staging: string;
  /** Whether signatures beside the image count, as cosign keeps them; undefined where nothing says so. */
  readonly attachments: boolean | undefined;
}

/** Where the configuration is looked for. */
export interface StoragePlaces {
  /** As given by `--registries.d`. */
  readonly directory: string | undefined;
  /** HOME counts. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
}

interface Sections {
  readonly byScope: ReadonlyMap<string, Section>;
  readonly byDefault: Section | undefined;
}
type Section = Readonly<Record<string, Unread>>;

/** Reads where the signatures of an image are. @throws ImageError `TRUST_INVALID` */
export async function findStorage(name: RegistryName, places: StoragePlaces): Promise<SignatureStorage> {
  const { byScope, byDefault } = await readSections(await directoryOf(places));
  const sections = [...registryScopes(name).map(scope => byScope.get(scope)), byDefault].filter(each => !!each);
  // The first that says something of it: a scope may name but one of the two.
  const lookaside = sections.flatMap(section => text(section.lookaside) || text(section.sigstore) || [])[0];
  const staging = sections.flatMap(section => stagingOf(section) || [])[0];
  const attachments = sections.flatMap(({ 'use-sigstore-attachments': use }) =>
    typeof use === 'boolean' ? use : [],
  )[0];
  const at = (base = ownStorage(places)): string => `${base.replace(/\/$/, '')}/${name.repository}`;
  return { lookaside: at(lookaside), staging: at(staging), attachments };
}

/** The names with "sigstore" are older, and have nothing to do with the project of that name. */
function stagingOf(section: Section): string | undefined {
  const names = ['lookaside-staging', 'sigstore-staging', 'lookaside', 'sigstore'];
  return names.map(name => text(section[name])).find(found => !!found);
}

/** Where containers/image keeps signatures when nothing else is said. */
function ownStorage({ env, uid }: StoragePlaces): string {
  const path = uid === 0 ? '/var/lib/containers/sigstore' : join(env.HOME ?? '/', '.local/share/containers/sigstore');
  return `file://${path}`;
}

async function directoryOf({ directory, env }: StoragePlaces): Promise<string> {
  if (directory !== undefined) return directory;
  const own = env.HOME && join(env.HOME, '.config/containers/registries.d');
  const isThere = own && (await readdir(own).catch(() => undefined)) !== undefined;
  return isThere ? own : '/etc/containers/registries.d';
}

async function readSections(directory: string): Promise<Sections> {
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw invalid(directory, reasonOf(cause), cause);
  });
  const byScope = new Map<string, Section>();
  let byDefault: Section | undefined;
  for (const name of names.filter(each => each.endsWith('.yaml')).sort()) {
    const path = join(directory, name);
    const document = await readYaml(path);
    if (isRecord(document['default-docker'])) {
      if (byDefault !== undefined) throw invalid(path, 'found "default-docker" a second time');
      byDefault = document['default-docker'];
    }
    for (const [scope, section] of Object.entries(record(document.docker))) {
      if (byScope.has(scope)) throw invalid(path, `found "${scope}" a second time`);
      byScope.set(scope, record(section));
    }
  }
  return { byScope, byDefault };
}

async function readYaml(path: string): Promise<Readonly<Record<string, Unread>>> {
  let document: Unread;
  try {
    [document] = loadAll(await readFile(path, 'utf8'));
  } catch (cause) {
    throw invalid(path, reasonOf(cause), cause);
  }
  // Debian's own file has comments alone: no document.
  if (document === undefined || document === null) return {};
  if (isRecord(document)) return document;
  throw invalid(path, 'expected a mapping');
}

function invalid(path: string, found: string, cause?: unknown): ImageError {
  const hint = 'Mend it as containers-registries.d(5) says, or name another directory with --registries.d';
  return new ImageError('TRUST_INVALID', `Cannot read "${path}": ${found}`, { hint, cause });
}
