import { type ContentDigest, checkBytes, isDigest } from './digest.ts';
import { ImageError } from './failure.ts';
import { invalid, readAll } from './http.ts';
import { isRecord, parseJson, record, texts } from './json.ts';
import { largestDocument, type Manifest, parseManifest } from './manifest.ts';
import { manifestTypes } from './media.ts';
import type { Registry } from './registry.ts';
import { retrying } from './retry.ts';

/** A repository of a registry. */
export interface Repository {
  readonly registry: Registry;
  /** Its path there. */
  readonly path: string;
}

/** For messages: `quay.io/team/web`. */
export function nameOf({ registry, path }: Repository): string {
  return `${registry.name}/${path}`;
}

/** What must be allowed to look at, to change, and to delete from a repository. */
export const scopeTo = {
  pull: ({ path }: Repository): string => `repository:${path}:pull`,
  push: ({ path }: Repository): string => `repository:${path}:pull,push`,
  delete: ({ path }: Repository): string => `repository:${path}:*`,
};

/** A manifest's name as people write it. */
function spelled(repository: Repository, selector: string): string {
  return `${nameOf(repository)}${isDigest(selector) ? '@' : ':'}${selector}`;
}

/**
 * Fetches a manifest or index by its tag or digest, and holds its bytes against the digest, or against what the registry
 * says that it is.
 *
 * @throws ImageError
 */
export async function fetchManifest(repository: Repository, selector: string): Promise<Manifest> {
  const name = spelled(repository, selector);
  const what = `read the manifest of ${name}`;
  return retrying(repository.registry.retries, async () => {
    const answer = await repository.registry.send({
      method: 'GET',
      at: `${repository.path}/manifests/${selector}`,
      headers: { accept: manifestTypes.join(', ') },
      scopes: [scopeTo.pull(repository)],
      what,
    });
    const bytes = await readAll(answer, largestDocument, what);
    const told = answer.header('docker-content-digest');
    const digest = isDigest(selector) ? selector : isDigest(told) ? told : undefined;
    if (digest !== undefined) checkBytes(bytes, { digest, size: undefined }, `the manifest of ${name}`);
    return parseManifest(bytes, answer.header('content-type'), `the manifest of ${name}`);
  });
}

/** What a tag names. */
export interface Named {
  readonly digest: ContentDigest;
  /** As the registry says; it may leave it out. */
  readonly mediaType: string | undefined;
}

/** The digest of what a tag names, without its bytes; undefined where there is no such tag. */
export async function findManifest(repository: Repository, selector: string): Promise<ContentDigest | undefined> {
  return (await lookUp(repository, selector))?.digest;
}

/** The same with what it is. */
export async function lookUp(repository: Repository, selector: string): Promise<Named | undefined> {
  const what = `look for ${spelled(repository, selector)}`;
  return retrying(repository.registry.retries, async () => {
    const answer = await repository.registry.send({
      method: 'HEAD',
      at: `${repository.path}/manifests/${selector}`,
      headers: { accept: manifestTypes.join(', ') },
      scopes: [scopeTo.pull(repository)],
      accept: [404],
      what,
    });
    await answer.drop();
    if (answer.status === 404) return undefined;
    const digest = answer.header('docker-content-digest');
    if (isDigest(digest)) return { digest, mediaType: answer.header('content-type') };
    // Registries may leave it out: then the bytes tell.
    return fetchManifest(repository, selector);
  });
}

/** Gives a repository a manifest whose parts are there. @throws ImageError */
export async function pushManifest(repository: Repository, manifest: Manifest, selector: string): Promise<void> {
  const what = `write the manifest of ${spelled(repository, selector)}`;
  await retrying(repository.registry.retries, async () => {
    const answer = await repository.registry.send({
      method: 'PUT',
      at: `${repository.path}/manifests/${selector}`,
      headers: { 'content-type': manifest.mediaType },
      body: manifest.bytes,
      scopes: [scopeTo.push(repository)],
      what,
    });
    await answer.drop();
    const kept = answer.header('docker-content-digest');
    if (kept === undefined || kept === manifest.digest) return;
    throw invalid(what, `it kept ${kept.slice(0, 100)} instead of ${manifest.digest}`);
  });
}

/**
 * Deletes a manifest, and with it every tag that names it; registries free the space of its layers in their own time.
 *
 * @throws ImageError
 */
export async function deleteManifest(repository: Repository, digest: ContentDigest): Promise<void> {
  await retrying(repository.registry.retries, async () => {
    const answer = await repository.registry.send({
      method: 'DELETE',
      at: `${repository.path}/manifests/${digest}`,
      scopes: [scopeTo.delete(repository)],
      what: `delete ${spelled(repository, digest)}`,
    });
    await answer.drop();
  });
}

/** A registry that never comes to its end is left after so many pages. */
const mostPages = 10_000;

/** All tags of a repository, as the registry orders them. @throws ImageError */
export async function listTags(repository: Repository): Promise<readonly string[]> {
  const what = `list the tags of ${nameOf(repository)}`;
  const tags: string[] = [];
  const asked = new Set<string>();
  let next: string | URL | undefined = `${repository.path}/tags/list`;
  while (next !== undefined) {
    if (asked.has(String(next)) || asked.size >= mostPages) throw invalid(what, 'its pages have no end');
    asked.add(String(next));
    const page: TagPage = await fetchTags(repository, next, what);
    for (const tag of page.tags) tags.push(tag);
    next = page.next;
  }
  return tags;
}

interface TagPage {
  readonly tags: readonly string[];
  readonly next: URL | undefined;
}

async function fetchTags(repository: Repository, at: string | URL, what: string): Promise<TagPage> {
  return retrying(repository.registry.retries, async () => {
    const answer = await repository.registry.send({ method: 'GET', at, scopes: [scopeTo.pull(repository)], what });
    const document = parseJson(await readAll(answer, largestDocument, what), `the tags of ${nameOf(repository)}`);
    if (!isRecord(document)) throw invalid(what, 'it sends no list');
    // distribution-spec, "Listing Tags": `Link: </v2/name/tags/list?n=10&last=x>; rel="next"`.
    const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(answer.header('link') ?? '')?.[1];
    const next =
      target !== undefined && URL.canParse(target, answer.url.href) ? new URL(target, answer.url) : undefined;
    if (next !== undefined && next.origin !== answer.url.origin) throw invalid(what, `it leads to "${next.origin}"`);
    return { tags: texts(record(document).tags), next };
  });
}

/** Whether whoever asks is let in at all: what logging in tries. @throws ImageError */
export async function greet(registry: Registry): Promise<void> {
  await retrying(registry.retries, async () => {
    const answer = await registry.send({ method: 'GET', at: '', scopes: [], what: `log in to ${registry.name}` });
    await answer.drop();
  });
}

/** A manifest that must be of one image. @throws ImageError `MANIFEST_INVALID` */
export function imageOf(manifest: Manifest, what: string): Extract<Manifest, { kind: 'image' }> {
  if (manifest.kind === 'image') return manifest;
  throw new ImageError('MANIFEST_INVALID', `Cannot read ${what}: found an index in an index, expected an image`);
}
