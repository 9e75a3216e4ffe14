import { type ContentDigest, isDigest } from '../image/digest.ts';
import { ImageError } from '../image/failure.ts';
import { list, parseJson, record, text, type Unread } from '../image/json.ts';

/** The format that this program writes, and the newest that it reads. */
export const bundleFormat = 1;

/** Where a bundle says what is in it; of these bytes is its digest. */
export const contentsPath = 'bundle.json';

/** Below this stand the manifests, and what images are built from. */
export const manifestsPath = 'manifests';

/** One file, link or directory of a bundle. */
export type Part =
  | {
      readonly type: 'file';
      readonly path: string;
      readonly mode: number;
      readonly size: number;
      readonly digest: ContentDigest;
    }
  | { readonly type: 'directory'; readonly path: string; readonly mode: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string };

/** An image that the manifests need. */
export interface BundledImage {
  /** As manifests write it. */
  readonly reference: string;
  /** What the registry had for it: a manifest, or an index. */
  readonly digest: ContentDigest;
  /** The image itself, for the bundle's platform; the same where that is no index. */
  readonly manifest: ContentDigest;
}

/** A layer that only an earlier bundle has. */
export interface AbsentLayer {
  readonly digest: ContentDigest;
  /** In bytes. */
  readonly size: number;
}

/** All that a bundle says of itself. */
export interface Contents {
  readonly format: typeof bundleFormat;
  /** As `linux/amd64`. */
  readonly platform: string;
  /** Of the source, when the bundle was made: a commit, or a digest. */
  readonly revision: string;
  /** Digest of the bundle that this one builds on; undefined where it stands alone. */
  readonly base: ContentDigest | undefined;
  /** Sorted by reference. */
  readonly images: readonly BundledImage[];
  /** Every file but this one, sorted by path. */
  readonly parts: readonly Part[];
  /** Sorted by digest. */
  readonly absent: readonly AbsentLayer[];
}

/** The bytes of `bundle.json`: the same contents give the same. */
export function writeContents(contents: Contents): Uint8Array {
  return Buffer.from(`${JSON.stringify({ ...contents, base: contents.base ?? null }, null, 1)}\n`);
}

/** @throws ImageError `LAYOUT_INVALID`, `MANIFEST_INVALID` */
export function readContents(bytes: Uint8Array, name: string): Contents {
  const document = record(parseJson(bytes, `${contentsPath} of "${name}"`));
  if (document.format !== bundleFormat) {
    const isNewer = typeof document.format === 'number' && document.format > bundleFormat;
    const hint = isNewer ? 'Use the version of Podstead that made it, or a newer one' : undefined;
    throw invalid(name, `expected a bundle of format ${bundleFormat}`, hint);
  }
  const contents = {
    format: bundleFormat,
    platform: textIn(document, 'platform', name),
    revision: textIn(document, 'revision', name),
    base: document.base === null ? undefined : digestIn(document, 'base', name),
    images: list(document.images).map(each => readImage(record(each), name)),
    parts: list(document.parts).map(each => readPart(record(each), name)),
    absent: list(document.absent).map(each => readAbsent(record(each), name)),
  } as const;
  checkPaths(contents.parts, name);
  return contents;
}

type Members = Readonly<Record<string, Unread>>;

function readImage(each: Members, name: string): BundledImage {
  return {
    reference: textIn(each, 'reference', name),
    digest: digestIn(each, 'digest', name),
    manifest: digestIn(each, 'manifest', name),
  };
}

function readAbsent(each: Members, name: string): AbsentLayer {
  return { digest: digestIn(each, 'digest', name), size: numberIn(each, 'size', name) };
}

function readPart(each: Members, name: string): Part {
  const path = textIn(each, 'path', name);
  if (each.type === 'link') return { type: 'link', path, target: textIn(each, 'target', name) };
  const mode = numberIn(each, 'mode', name);
  if (mode > 0o777) throw invalid(name, `"${path}" has more than permission bits for its mode`);
  if (each.type === 'directory') return { type: 'directory', path, mode };
  if (each.type !== 'file') throw invalid(name, `"${path}" is of no type that a bundle has`);
  return { type: 'file', path, mode, size: numberIn(each, 'size', name), digest: digestIn(each, 'digest', name) };
}

/** Files that every bundle has beside blobs and manifests, so that it is an OCI layout too. */
const layoutPaths: readonly string[] = ['index.json', 'oci-layout'];

/** No path leads out, none stands twice, none lies below a file or a link. */
function checkPaths(parts: readonly Part[], name: string): void {
  const seen = new Map<string, Part['type']>();
  for (const { path, type } of parts) {
    const words = path.split('/');
    const isPlain = words.every(word => word !== '' && word !== '.' && word !== '..') && !path.includes('\0');
    const isOurs =
      layoutPaths.includes(path) || (words.length > 1 && ['blobs', manifestsPath].includes(words[0] ?? ''));
    if (!isPlain || !isOurs) throw invalid(name, `it has a file at "${path.slice(0, 200)}"`);
    if (seen.has(path)) throw invalid(name, `"${path}" is in it twice`);
    if (type !== 'file' && words[0] !== manifestsPath) throw invalid(name, `"${path}" is no file`);
    seen.set(path, type);
  }
  for (const { path } of parts) {
    const parents = path.split('/').map((_, index, words) => words.slice(0, index).join('/'));
    const wrong = parents.find(parent => seen.has(parent) && seen.get(parent) !== 'directory');
    if (wrong !== undefined) throw invalid(name, `"${path}" lies below "${wrong}", which is no directory`);
  }
}

function textIn(members: Members, field: string, name: string): string {
  const value = text(members[field]);
  if (value === undefined || value === '') throw invalid(name, `expected text in "${field}"`);
  return value;
}

function numberIn(members: Members, field: string, name: string): number {
  const value = members[field];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(name, `expected a number in "${field}"`);
}

function digestIn(members: Members, field: string, name: string): ContentDigest {
  const value = members[field];
  if (isDigest(value)) return value;
  throw invalid(name, `expected a digest in "${field}"`);
}

/** A bundle that is none, or has what no bundle may have. */
export function invalid(name: string, found: string, hint = 'Make it again: nothing of it was used'): ImageError {
  return new ImageError('LAYOUT_INVALID', `Cannot read "${name}" as a bundle: ${found}`, { hint });
}
