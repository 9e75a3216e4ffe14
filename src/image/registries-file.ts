import { readFile } from 'node:fs/promises';
import { parse, TomlError } from 'smol-toml';
import { reasonOf } from '../model/file-fault.ts';
import { ImageError } from './failure.ts';
import { isRecord, type Unread } from './json.ts';
import { type TomlPath, tomlPlace } from './toml-place.ts';

/** Where the images of a prefix really are. */
export interface Endpoint {
  /** `host[:port][/path]` in place of the prefix; empty where names stay as they are. */
  readonly location: string;
  readonly insecure: boolean;
}

export interface Mirror extends Endpoint {
  /** For which names it is asked. */
  readonly pulls: 'all' | 'digest-only' | 'tag-only';
}

/** One `[[registry]]` of registries.conf. */
export interface RegistryRow extends Endpoint {
  /** What names must begin with: `host[:port][/path]`, or `*.host`. */
  readonly prefix: string;
  readonly blocked: boolean;
  readonly mirrors: readonly Mirror[];
  /** The file that says so. */
  readonly file: string;
}

/** What one file says; fields that it does not set are undefined. */
export interface RegistriesFile {
  readonly rows: readonly RegistryRow[];
  readonly search: readonly string[] | undefined;
  readonly mode: ShortNameMode | undefined;
  /** Programs that keep credentials, `containers-auth.json` for the files. */
  readonly helpers: readonly string[] | undefined;
  /** An empty one takes an alias of another file away. */
  readonly aliases: ReadonlyMap<string, string>;
}

export type ShortNameMode = 'enforcing' | 'permissive' | 'disabled';
const modes: readonly string[] = ['enforcing', 'permissive', 'disabled'];
const pulls: readonly string[] = ['all', 'digest-only', 'tag-only'];

/** Tells of a fault at a path of the document. */
type Fault = (path: TomlPath, found: string) => ImageError;

/**
 * Reads a file in the second format of containers-registries.conf(5). What it does not know it passes over, as others do.
 *
 * @throws ImageError `REGISTRIES_INVALID`, with file, line and column
 */
export async function readRegistriesFile(file: string): Promise<RegistriesFile> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    const hint = 'Check the path and its permissions';
    throw new ImageError('REGISTRIES_INVALID', `Cannot read "${file}": ${reasonOf(cause)}`, { hint, cause });
  });
  const fault: Fault = (path, found) => {
    const { line, column } = tomlPlace(text, path);
    return invalid(`${file}:${line}:${column}`, `in "${nameOf(path)}" ${found}`);
  };
  const document = parseToml(text, file);
  if ('registries' in document) throw fault(['registries'], 'it is of the first format: write [[registry]] tables');
  const mode = textOf(document['short-name-mode'], ['short-name-mode'], fault);
  if (mode && !modes.includes(mode)) throw fault(['short-name-mode'], `expected one of ${modes.join(', ')}`);
  return {
    rows: tables(document.registry, ['registry'], fault).map((row, index) =>
      rowOf(row, ['registry', index], file, fault),
    ),
    search: searchOf(document['unqualified-search-registries'], fault),
    helpers: textsOf(document['credential-helpers'], ['credential-helpers'], fault),
    mode: (mode || undefined) as ShortNameMode | undefined,
    aliases: aliasesOf(document.aliases, fault),
  };
}

function parseToml(text: string, file: string): Readonly<Record<string, Unread>> {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '';
    throw invalid(`${file}:${cause.line}:${cause.column}`, reason);
  }
}

function rowOf(row: Table, path: TomlPath, file: string, fault: Fault): RegistryRow {
  const at = (field: string): TomlPath => [...path, field];
  const given = nameIn(row.prefix, at('prefix'), fault);
  const location = nameIn(row.location, at('location'), fault);
  const prefix = given || location;
  if (prefix === '') throw fault(path, 'expected a prefix or a location');
  const isWild = prefix.includes('*');
  if (isWild && !/^\*\.[^*/:]+$/.test(prefix)) throw fault(at('prefix'), 'expected a "*" as in "*.example.com" alone');
  if (location === '' && !isWild) throw fault(at('prefix'), 'expected a location beside it');
  const digestOnly = boolOf(row['mirror-by-digest-only'], at('mirror-by-digest-only'), fault);
  const mirrors = tables(row.mirror, at('mirror'), fault).map((mirror, index) =>
    mirrorOf(mirror, { path: [...path, 'mirror', index], digestOnly, fault }),
  );
  return {
    prefix,
    location,
    insecure: boolOf(row.insecure, at('insecure'), fault),
    blocked: boolOf(row.blocked, at('blocked'), fault),
    mirrors,
    file,
  };
}

interface MirrorPlace {
  readonly path: TomlPath;
  readonly digestOnly: boolean;
  readonly fault: Fault;
}

function mirrorOf(mirror: Table, { path, digestOnly, fault }: MirrorPlace): Mirror {
  const location = nameIn(mirror.location, [...path, 'location'], fault);
  if (location === '') throw fault(path, 'expected a location');
  const at = [...path, 'pull-from-mirror'];
  const given = textOf(mirror['pull-from-mirror'], at, fault);
  if (given && !pulls.includes(given)) throw fault(at, `expected one of ${pulls.join(', ')}`);
  if (given && digestOnly) throw fault(at, 'expected none where the registry has mirror-by-digest-only');
  return {
    location,
    insecure: boolOf(mirror.insecure, [...path, 'insecure'], fault),
    pulls: digestOnly ? 'digest-only' : ((given || 'all') as Mirror['pulls']),
  };
}

type Table = Readonly<Record<string, Unread>>;

function tables(value: Unread, path: TomlPath, fault: Fault): readonly Table[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw fault(path, `expected tables, as in [[${path.filter(part => typeof part === 'string').join('.')}]]`);
}

/** A host with a path, without slashes at its end. */
function nameIn(value: Unread, path: TomlPath, fault: Fault): string {
  const name = (textOf(value, path, fault) ?? '').replace(/\/+$/, '');
  if (/^https?:\/\//.test(name)) throw fault(path, 'expected no scheme before the host');
  return name;
}

function textOf(value: Unread, path: TomlPath, fault: Fault): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw fault(path, 'expected a text');
}

function boolOf(value: Unread, path: TomlPath, fault: Fault): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw fault(path, 'expected true or false');
}

function textsOf(value: Unread, path: TomlPath, fault: Fault): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every(each => typeof each === 'string')) return value;
  throw fault(path, 'expected a list of texts');
}

function searchOf(value: Unread, fault: Fault): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const path = ['unqualified-search-registries'];
  return textsOf(value, path, fault)?.map(each => {
    const name = nameIn(each, path, fault);
    if (/^[A-Za-z0-9.-]+(:\d+)?$/.test(name)) return name;
    throw fault(path, `expected registries, found "${name}"`);
  });
}

function aliasesOf(value: Unread, fault: Fault): ReadonlyMap<string, string> {
  if (value === undefined) return new Map();
  if (!isRecord(value)) throw fault(['aliases'], 'expected a table');
  return new Map(Object.entries(value).map(([name, full]) => [name, nameIn(full, ['aliases', name], fault)]));
}

function nameOf(path: TomlPath): string {
  return path.filter(part => typeof part === 'string').join('.');
}

function invalid(at: string, found: string): ImageError {
  const hint = 'See containers-registries.conf(5), or name another file with CONTAINERS_REGISTRIES_CONF';
  return new ImageError('REGISTRIES_INVALID', `Cannot read ${at}: ${found}`, { hint });
}
