import { readFile, stat } from 'node:fs/promises';
import { FAILSAFE_SCHEMA, load } from 'js-yaml';
import { reasonOf } from '../model/file-fault.ts';
import { seal } from '../model/sealed.ts';
import type { Login } from './authorize.ts';
import { readingFrom } from './disk.ts';
import { ImageError } from './failure.ts';
import { isRecord, type Unread } from './json.ts';

/** What is to be synced from one registry, as skopeo-sync(1) has it in YAML. */
export interface SyncRegistry {
  readonly registry: string;
  /** Tags and digests by repository; all tags where there are none. */
  readonly images: ReadonlyMap<string, readonly string[]>;
  /** Which tags, by repository. */
  readonly patterns: ReadonlyMap<string, RegExp>;
  readonly login: Login | undefined;
  /** Undefined where the command's own flag counts. */
  readonly verifyTls: boolean | undefined;
  readonly certificates: string | undefined;
}

/** Lists of images are written by hand; in bytes. */
const largestFile = 4 * 1024 * 1024;

/**
 * Reads the file that says what to sync.
 *
 * @throws ImageError `LIST_INVALID`, also where it has a password that everybody on the host can read
 */
export async function readSyncFile(path: string): Promise<readonly SyncRegistry[]> {
  const facts = await stat(path).catch((cause: Error) => {
    throw invalid(path, reasonOf(cause), 'Check the path and its permissions');
  });
  if (facts.size > largestFile) throw invalid(path, `it has more than ${largestFile} bytes`);
  const document = parse(await readingFrom(path, () => readFile(path, 'utf8')), path);
  const registries = Object.entries(members(document, path)).map(([name, value]) => registryOf(path, name, value));
  const open = registries.find(({ login }) => login !== undefined && (facts.mode & 0o004) !== 0);
  if (open !== undefined) {
    const found = `it has the password for ${open.registry}, and everybody on this host can read it`;
    throw invalid(path, found, `Run "chmod 600 ${path}", or use "podstead image login" and leave "credentials" out`);
  }
  return registries;
}

function parse(text: string, path: string): Unread {
  try {
    // Every scalar is a text: a tag 1.0 stays what it looks like.
    return load(text, { schema: FAILSAFE_SCHEMA });
  } catch (cause) {
    const { reason, mark } = cause as { readonly reason?: string; readonly mark?: { line: number; column: number } };
    const at = mark === undefined ? path : `${path}:${mark.line + 1}:${mark.column + 1}`;
    // Never the text itself: a password may be in it.
    throw invalid(at, reason ?? 'expected YAML');
  }
}

const known: readonly string[] = ['images', 'images-by-tag-regex', 'credentials', 'tls-verify', 'cert-dir'];

function registryOf(path: string, registry: string, value: Unread): SyncRegistry {
  const at = (field: string): string => `${path}: ${registry}.${field}`;
  const fields = members(value, `${path}: ${registry}`);
  const odd = Object.keys(fields).find(name => !known.includes(name));
  if (odd !== undefined) throw invalid(at(odd), 'no such field', `There are ${known.join(', ')}`);
  const images = Object.entries(members(fields.images, at('images')));
  const patterns = Object.entries(members(fields['images-by-tag-regex'], at('images-by-tag-regex')));
  const { credentials } = fields;
  return {
    registry,
    images: new Map(images.map(([name, tags]) => [name, tagsOf(tags, at(`images.${name}`))])),
    patterns: new Map(patterns.map(([name, text]) => [name, patternOf(text, at(`images-by-tag-regex.${name}`))])),
    login: credentials === undefined ? undefined : loginOf(members(credentials, at('credentials')), at('credentials')),
    verifyTls: boolOf(fields['tls-verify'], at('tls-verify')),
    certificates: textOf(fields['cert-dir'], at('cert-dir')),
  };
}

function tagsOf(value: Unread, at: string): readonly string[] {
  if (isNothing(value)) return [];
  if (Array.isArray(value) && value.every(tag => typeof tag === 'string')) return value;
  throw invalid(at, 'expected a list of tags');
}

/** Go's patterns and ours are the same for what tags have; a leading `(?i)` is Go's alone. */
function patternOf(value: Unread, at: string): RegExp {
  if (typeof value !== 'string') throw invalid(at, 'expected a pattern');
  const [, ignoreCase, pattern = ''] = /^(\(\?i\))?(.*)$/s.exec(value) ?? [];
  try {
    return new RegExp(pattern, ignoreCase === undefined ? '' : 'i');
  } catch {
    throw invalid(at, `cannot read the pattern "${value}"`);
  }
}

function loginOf({ username, password }: Readonly<Record<string, Unread>>, at: string): Login {
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw invalid(at, 'expected texts in "username" and "password"');
  }
  return { kind: 'password', credential: seal({ username, password }), whence: `of "${at}"` };
}

function textOf(value: Unread, at: string): string | undefined {
  if (isNothing(value)) return undefined;
  if (typeof value === 'string') return value;
  throw invalid(at, 'expected a text');
}

function boolOf(value: Unread, at: string): boolean | undefined {
  if (isNothing(value)) return undefined;
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalid(at, 'expected true or false');
}

/** What YAML has for a field without a value. */
function isNothing(value: Unread): boolean {
  return value === undefined || value === null || value === '' || value === '~' || value === 'null';
}

/** Nothing is an empty record. */
function members(value: Unread, at: string): Readonly<Record<string, Unread>> {
  if (isNothing(value)) return {};
  if (isRecord(value)) return value;
  throw invalid(at, 'expected fields');
}

function invalid(at: string, found: string, hint = 'docs/images.md shows such a file'): ImageError {
  return new ImageError('LIST_INVALID', `Cannot read ${at}: ${found}`, { hint });
}
