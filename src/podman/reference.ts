import { parseReference, qualified, type Reference } from '../model/reference.ts';

/** Puts a reference together, with `latest` where it has neither tag nor digest. Podman 4.3 takes no tag beside a digest. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  const name = registry === undefined ? repository : `${registry}/${repository}`;
  if (digest !== undefined) return `${name}@${digest}`;
  return `${name}:${tag ?? 'latest'}`;
}

/** The name under which a build stores what the manifest calls `text`: a short name stands for this host's own image. */
export function localName(text: string): string {
  const reference = parseReference(text);
  if (reference === undefined) return text;
  return formatReference(qualified(reference, reference.registry ?? 'localhost'));
}

/** The name that Kubernetes means by a short one: Docker Hub's. Undefined where the reference says its registry. */
export function hubName(text: string): string | undefined {
  const reference = parseReference(text);
  if (reference === undefined || reference.registry !== undefined) return undefined;
  return formatReference(qualified(reference, 'docker.io'));
}

/**
 * Everything that a manifest may write for an image that the engine calls `name`, in full or short.
 *
 * `docker.io/library/x:latest` is also `x`, `x:latest`, `docker.io/x` …; `localhost/x:1` is also `x:1`.
 */
export function spellings(name: string): readonly string[] {
  const reference = parseReference(name);
  if (reference === undefined) return [name];
  const { registry, repository, tag, digest } = reference;
  const end = digest === undefined ? `:${tag ?? 'latest'}` : `${tag === undefined ? '' : `:${tag}`}@${digest}`;
  const ends = end === ':latest' ? [end, ''] : [end];
  return stems(registry, repository).flatMap(stem => ends.map(end => stem + end));
}

function stems(registry: string | undefined, repository: string): readonly string[] {
  if (registry === undefined) return [repository];
  const full = `${registry}/${repository}`;
  if (registry === 'localhost') return [full, repository];
  if (registry !== 'docker.io') return [full];
  if (!repository.startsWith('library/')) return [full, repository];
  const official = repository.slice('library/'.length);
  return [full, `docker.io/${official}`, repository, official];
}
