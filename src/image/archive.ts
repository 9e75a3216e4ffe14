import { type FileHandle, open } from 'node:fs/promises';
import { posix } from 'node:path';
import { Header, Pax } from 'tar';
import { reasonOf } from '../model/file-fault.ts';
import { readingFrom } from './disk.ts';
import { ImageError } from './failure.ts';
import { fileBytes, type Tree } from './tree.ts';

const block = 512;
/** An archive of an image has a few files for each layer. */
const mostMembers = 100_000;
/** Extended headers carry a name or two, in bytes. */
const largestExtension = 64 * 1024;

/** A file in an archive, or a link to another one. */
type Member =
  | { readonly kind: 'file'; readonly start: number; readonly size: number }
  | { readonly kind: 'link'; readonly to: string };

/** An archive's files, and their names: all of them, links among them. */
export interface ArchiveTree extends Tree {
  readonly names: readonly string[];
}

/**
 * The files in a tar archive, read where they lie: nothing is unpacked, so that no name in it can lead anywhere, and
 * nothing grows.
 *
 * @throws ImageError `LAYOUT_INVALID`, `IMAGE_NOT_FOUND`, `PATH_UNUSABLE`
 */
export async function archiveTree(path: string): Promise<ArchiveTree> {
  const file = await open(path).catch((cause: Error) => {
    throw new ImageError('IMAGE_NOT_FOUND', `Cannot read "${path}": ${reasonOf(cause)}`, {
      hint: 'Check the path and its permissions',
      cause,
    });
  });
  try {
    const members = await readingFrom(path, () => readMembers(file, path));
    return {
      name: path,
      names: [...members.keys()],
      size: async name => fileIn(members, name)?.size,
      stream: (name, limit) => {
        const { start, size } = fileIn(members, name) ?? { start: 0, size: 0 };
        return fileBytes(path, { start, size: Math.min(size, limit ?? size) });
      },
    };
  } finally {
    await file.close();
  }
}

/** Docker's own tools share layers by links; one that leads to a link leads nowhere. */
function fileIn(members: ReadonlyMap<string, Member>, name: string): Extract<Member, { kind: 'file' }> | undefined {
  const member = members.get(name);
  const found = member?.kind === 'link' ? members.get(posix.join(posix.dirname(name), member.to)) : member;
  return found?.kind === 'file' ? found : undefined;
}

async function readMembers(file: FileHandle, path: string): Promise<ReadonlyMap<string, Member>> {
  const { size: end } = await file.stat();
  const members = new Map<string, Member>();
  let extension: Pax | undefined;
  let at = 0;
  for (let count = 0; ; count++) {
    if (count > mostMembers) throw broken(path, `it has more than ${mostMembers} files`);
    const header = await headerAt(file, { at, extension, path });
    if (header === undefined) return members;
    const size = header.size ?? 0;
    const start = at + block;
    if (start + size > end) throw broken(path, 'it ends in the middle of a file');
    // The extension's name is whole; node-tar puts the header's own prefix before it once more.
    const name = extension?.path ?? header.path ?? '';
    extension = header.type === 'ExtendedHeader' ? await readExtension(file, { start, size }, path) : undefined;
    if (header.type === 'NextFileHasLongPath') throw broken(path, 'it has names that no image has');
    const member = memberOf(header, start);
    // Of two with one name the last counts, as for who unpacks it.
    if (member !== undefined) members.set(posix.normalize(name), member);
    at = start + Math.ceil(size / block) * block;
  }
}

function memberOf({ type, size, linkpath }: Header, start: number): Member | undefined {
  if (type === 'File' || type === 'OldFile' || type === 'ContiguousFile')
    return { kind: 'file', start, size: size ?? 0 };
  return type === 'SymbolicLink' && linkpath ? { kind: 'link', to: linkpath } : undefined;
}

interface HeaderPlace {
  readonly at: number;
  readonly extension: Pax | undefined;
  readonly path: string;
}

/** Undefined at the end: a block of zeros, or no more bytes. */
async function headerAt(file: FileHandle, { at, extension, path }: HeaderPlace): Promise<Header | undefined> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(block), 0, block, at);
  if (at === 0 && buffer[0] === 0x1f && buffer[1] === 0x8b) {
    throw broken(path, 'it is compressed', 'Unpack it with gunzip');
  }
  if (bytesRead < block || buffer.every(byte => byte === 0)) return undefined;
  const header = new Header(buffer, 0, extension);
  if (!header.cksumValid) throw broken(path, 'expected a tar archive');
  return header;
}

async function readExtension(
  file: FileHandle,
  { start, size }: { readonly start: number; readonly size: number },
  path: string,
): Promise<Pax> {
  if (size > largestExtension) throw broken(path, 'it has names that no image has');
  const { buffer } = await file.read(Buffer.alloc(size), 0, size, start);
  return Pax.parse(buffer.toString('utf8'));
}

function broken(
  path: string,
  found: string,
  hint = 'Make it again: it is broken, or no archive of images',
): ImageError {
  return new ImageError('LAYOUT_INVALID', `Cannot read "${path}": ${found}`, { hint });
}
