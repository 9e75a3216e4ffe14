import type { PinnedImage } from '../model/pinned.ts';
import type { Access } from './access.ts';
import { ImageError } from './failure.ts';
import type { ImageManifest } from './manifest.ts';
import { formatName, parseName, type RegistryName, repositoryOf } from './name.ts';
import { choose, type Platform } from './platform.ts';
import { sectionFor } from './policy-scope.ts';
import { registrySource } from './registry-source.ts';
import { imageOf } from './repository.ts';
import { resolveName } from './short-name.ts';

/**
 * Asks a registry which image a reference stands for, as `podman pull` would: by aliases and registries to search,
 * mirrors and locations. Nothing but manifests is read.
 *
 * @throws ImageError
 */
export async function pinImage(reference: string, access: Access, platform: Platform): Promise<PinnedImage> {
  const { registries } = access;
  const names = registries === undefined ? [parseName(reference)] : resolveName(await registries(), reference);
  let failure: unknown;
  for (const name of names) {
    try {
      return await pinAt(name, access, platform);
    } catch (error) {
      // The first that has it is taken; where none has, the first is the likeliest to be meant.
      if (!(error instanceof ImageError)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

async function pinAt(name: RegistryName, access: Access, platform: Platform): Promise<PinnedImage> {
  const source = await registrySource({ transport: 'docker', name }, access);
  try {
    const top = await source.top();
    const what = formatName(name);
    const image = top.kind === 'image' ? top : imageOf(await source.manifest(choose(top, platform, what)), what);
    return {
      repository: repositoryOf(name),
      tag: name.digest === undefined ? (name.tag ?? 'latest') : undefined,
      digest: top.digest,
      bytes: bytesOf(image),
      isPresent: false,
      byTag: !(await isTakenAlike(access, name, top.digest)),
    };
  } finally {
    await source.close();
  }
}

/** A blob that an image has twice comes once. */
function bytesOf({ config, layers }: ImageManifest): number {
  const sizes = new Map([config, ...layers].map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/**
 * Whether a policy takes an image by its tag and by its digest alike. Where it asks for signatures it may not: one that
 * was made for another tag of the repository is good for the digest (`matchRepoDigestOrExact`), and scopes may name tags.
 */
async function isTakenAlike({ trust }: Access, name: RegistryName, digest: RegistryName['digest']): Promise<boolean> {
  const policy = await trust.policy();
  if (policy === undefined) return true;
  const names = [name, { ...name, tag: undefined, digest }];
  const sections = await Promise.all(names.map(each => sectionFor(policy, { transport: 'docker', name: each })));
  return sections.every(({ requirements }) => requirements.every(({ type }) => type === 'insecureAcceptAnything'));
}
