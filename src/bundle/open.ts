import { archiveTree } from '../image/archive.ts';
import { type ContentDigest, checkBytes, checked, digestOf } from '../image/digest.ts';
import { blobPath } from '../image/layout.ts';
import { largestDocument, type Manifest, parseManifest } from '../image/manifest.ts';
import { readFrom } from '../image/tree.ts';
import { type Contents, contentsPath, invalid, type Part, readContents } from './contents.ts';

/** A bundle that is open for reading. All that it gives is held against its digest on the way. */
export interface Bundle {
  readonly path: string;
  /** Of `bundle.json`, and so of everything. */
  readonly digest: ContentDigest;
  readonly contents: Contents;
  /** Undefined where the bundle has no such file. */
  readonly file: (path: string) => FilePart | undefined;
  /** The bytes of one of its files; the last of them only where all were right. @throws ImageError `CONTENT_WRONG` */
  read(part: FilePart): AsyncIterable<Uint8Array>;
  /** A manifest or index of it. @throws ImageError */
  manifest(digest: ContentDigest): Promise<Manifest>;
}

export type FilePart = Extract<Part, { type: 'file' }>;

/** With tens of thousands of files in what images are built from it is smaller, in bytes. */
const largestContents = 16 * 1024 * 1024;

/**
 * Opens a bundle, and reads what it says of itself. Nothing is unpacked.
 *
 * @throws ImageError `LAYOUT_INVALID` also where it has a file that it does not name
 */
export async function openBundle(path: string): Promise<Bundle> {
  const tree = await archiveTree(path);
  const bytes = await readFrom(tree, contentsPath, largestContents);
  if (bytes === undefined) throw invalid(path, `it has no ${contentsPath}`, 'Make one with "podstead bundle create"');
  const contents = readContents(bytes, path);
  const files = new Map(contents.parts.flatMap(part => (part.type === 'file' ? [[part.path, part]] : [])));
  const known = new Set([contentsPath, ...contents.parts.map(part => part.path)]);
  const other = tree.names.find(name => !known.has(name));
  if (other !== undefined) throw invalid(path, `it does not name its file "${other.slice(0, 200)}"`);
  for (const part of files.values()) {
    const size = await tree.size(part.path);
    if (size !== part.size) throw invalid(path, `"${part.path}" has ${size ?? 'no'} bytes, not ${part.size}`);
  }
  const read = (part: FilePart): AsyncIterable<Uint8Array> =>
    checked(tree.stream(part.path), part, `"${part.path}" of "${path}"`);
  return {
    path,
    digest: digestOf(bytes),
    contents,
    file: name => files.get(name),
    read,
    manifest: async digest => {
      const what = `${digest} of "${path}"`;
      const found = await readFrom(tree, blobPath(digest), largestDocument);
      if (found === undefined) throw invalid(path, `it lacks ${digest}`);
      checkBytes(found, { digest, size: undefined }, what);
      return parseManifest(found, undefined, what);
    },
  };
}
