import { parseReference, qualified } from '../model/reference.ts';
import { type ContentDigest, isDigest } from './digest.ts';
import { ImageError } from './failure.ts';

/** An image, or a repository, in a registry. */
export interface RegistryName {
  /** As users write it: `docker.io`, `quay.io`, `127.0.0.1:5000`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  /** It decides where a tag is given too. */
  readonly digest: ContentDigest | undefined;
}

/** Longer names cannot be fetched (distribution's limit on a repository's name), in characters. */
const longestName = 255;

/**
 * Reads a name as `docker://` has it (containers-transports(5)): without a registry it is Docker Hub's, without tag and
 * digest it has neither yet.
 *
 * @throws ImageError `NAME_INVALID`
 */
export function parseName(text: string): RegistryName {
  const reference = text.length > longestName * 2 ? undefined : parseReference(text);
  if (reference === undefined || reference.repository.length > longestName) throw invalid(text);
  const { registry, repository, tag, digest } = qualified(reference, hubOr(reference.registry));
  if (digest !== undefined && !isDigest(digest)) throw invalid(text);
  return { registry, repository, tag, digest };
}

function hubOr(registry: string | undefined): string {
  return registry === undefined || registry === 'index.docker.io' ? 'docker.io' : registry;
}

function invalid(text: string): ImageError {
  const hint =
    text === text.toLowerCase()
      ? 'Write it as in "docker://registry.example/team/web:1.0"'
      : 'Write the path of the image in lower case';
  return new ImageError('NAME_INVALID', `Cannot read "${text}": expected the name of an image`, { hint });
}

/** What to ask the registry for: the digest, the tag, or `latest`. */
export function selectorOf({ tag, digest }: RegistryName): string {
  return digest ?? tag ?? 'latest';
}

/** `registry/repository`, without tag and digest. */
export function repositoryOf({ registry, repository }: RegistryName): string {
  return `${registry}/${repository}`;
}

/** The whole name, `:latest` where it has neither tag nor digest. */
export function formatName(name: RegistryName): string {
  const tag = name.tag === undefined ? '' : `:${name.tag}`;
  if (name.digest !== undefined) return `${repositoryOf(name)}${tag}@${name.digest}`;
  return `${repositoryOf(name)}${tag || ':latest'}`;
}
