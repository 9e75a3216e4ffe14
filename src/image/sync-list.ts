import { readdir } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { reasonOf } from '../model/file-fault.ts';
import { type Access, knownAt, openOrigin } from './access.ts';
import { isDigest } from './digest.ts';
import { ImageError } from './failure.ts';
import { formatName, parseName, type RegistryName } from './name.ts';
import { listTags } from './repository.ts';
import type { SyncPlace } from './standing.ts';
import { readSyncFile, type SyncRegistry } from './sync-file.ts';

/** One image that is to be at its destination too. */
export interface SyncItem {
  readonly source: SyncPlace;
  readonly destination: SyncPlace;
  /** With what its source is reached. */
  readonly from: Access;
}

/** What could not be listed, and why. */
export interface ListFailure {
  readonly source: string;
  readonly error: unknown;
}

export interface SyncList {
  readonly items: readonly SyncItem[];
  readonly failures: readonly ListFailure[];
}

/** Where images come from, and where they go. */
export interface SyncRequest {
  readonly src: 'docker' | 'dir' | 'yaml';
  readonly dest: 'docker' | 'dir';
  readonly source: string;
  readonly destination: string;
  /** Keep the whole name of the source below the destination, not its last part alone. */
  readonly scoped: boolean;
  /** Comes after every tag. */
  readonly suffix: string;
  readonly from: Access;
}

/** A source with what its name adds to that of the destination. */
interface Found {
  readonly source: SyncPlace;
  readonly name: string;
  readonly from: Access;
}

/**
 * Finds what is to be synced: every tag of a repository or the one that is named, every image below a directory, or what
 * a file says. Names at the destination are as skopeo makes them.
 *
 * @throws ImageError
 */
export async function listImages(request: SyncRequest): Promise<SyncList> {
  const { found, failures } = await find(request);
  return { items: found.map(each => ({ ...each, destination: destinationOf(request, each) })), failures };
}

async function find(request: SyncRequest): Promise<{ readonly found: readonly Found[]; failures: ListFailure[] }> {
  const { src, source, from } = request;
  if (src === 'yaml') return inFile(source, from);
  if (src === 'dir') return { found: await inDirectory(source, from), failures: [] };
  const name = parseName(source);
  const isOne = name.tag !== undefined || name.digest !== undefined;
  return { found: isOne ? [inRegistry(name, from)] : await allTags(name, from), failures: [] };
}

function destinationOf({ dest, destination, scoped, suffix }: SyncRequest, { name }: Found): SyncPlace {
  const path = posix.join(destination, scoped ? name : posix.basename(name)) + suffix;
  return dest === 'dir' ? { transport: 'dir', path } : { transport: 'docker', name: parseName(path) };
}

function inRegistry(name: RegistryName, from: Access): Found {
  return { source: { transport: 'docker', name }, name: formatName(name), from };
}

async function allTags(name: RegistryName, from: Access, fits?: RegExp): Promise<readonly Found[]> {
  const repository = await openOrigin(from, name);
  try {
    const tags = await listTags(repository);
    return tags.filter(tag => fits?.test(tag) ?? true).map(tag => inRegistry({ ...name, tag }, from));
  } finally {
    await repository.registry.close();
  }
}

/** Deeper than this no name of an image goes. */
const deepest = 32;

/** Every directory with a manifest is an image. What begins with a dot is being written, by us or by others. */
async function inDirectory(root: string, from: Access): Promise<readonly Found[]> {
  const found: Found[] = [];
  const walk = async (path: string, below: string, depth: number): Promise<void> => {
    const entries = await readdir(path, { withFileTypes: true }).catch((cause: Error) => {
      const hint = 'Check the path and its permissions';
      throw new ImageError('IMAGE_NOT_FOUND', `Cannot read "${path}": ${reasonOf(cause)}`, { hint, cause });
    });
    if (entries.some(entry => entry.name === 'manifest.json' && entry.isFile())) {
      found.push({ source: { transport: 'dir', path }, name: below || basename(path), from });
      return;
    }
    for (const entry of entries) {
      const isMeant = entry.isDirectory() && !entry.name.startsWith('.') && depth < deepest;
      if (isMeant) await walk(join(path, entry.name), posix.join(below, entry.name), depth + 1);
    }
  };
  await walk(root, '', 0);
  if (found.length > 0) return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const hint = 'See that it has images as "podstead image sync --dest dir" writes them';
  throw new ImageError('IMAGE_NOT_FOUND', `Cannot sync "${root}": no image is below it`, { hint });
}

async function inFile(path: string, from: Access): Promise<{ readonly found: Found[]; failures: ListFailure[] }> {
  const [found, failures]: [Found[], ListFailure[]] = [[], []];
  for (const registry of await readSyncFile(path)) {
    const access = accessTo(registry, from);
    for (const { name, list } of repositories(registry, access)) {
      try {
        found.push(...(await list()));
      } catch (error) {
        failures.push({ source: name, error });
      }
    }
  }
  return { found, failures };
}

/** What the file says of a registry comes before what was said for all. */
function accessTo({ registry, login, verifyTls, certificates }: SyncRegistry, from: Access): Access {
  return {
    ...from,
    verifyTls: verifyTls ?? from.verifyTls,
    certificates: certificates ?? from.certificates,
    known: login === undefined ? from.known : knownAt(registry, login),
  };
}

interface ListedRepository {
  readonly name: string;
  list(): Promise<readonly Found[]>;
}

function repositories({ registry, images, patterns }: SyncRegistry, access: Access): readonly ListedRepository[] {
  const plain = [...images].map(([repository, tags]) => {
    const name = posix.join(registry, repository);
    const list = async (): Promise<readonly Found[]> => {
      if (tags.length === 0) return allTags(parseName(name), access);
      return tags.map(tag => inRegistry(parseName(`${name}${isDigest(tag) ? '@' : ':'}${tag}`), access));
    };
    return { name, list };
  });
  const chosen = [...patterns].map(([repository, pattern]) => {
    const name = posix.join(registry, repository);
    return { name, list: async () => allTags(parseName(name), access, pattern) };
  });
  return [...plain, ...chosen];
}
