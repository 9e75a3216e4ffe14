import { checked } from './digest.ts';
import { ImageError } from './failure.ts';
import { type Answer, invalid } from './http.ts';
import type { Descriptor } from './manifest.ts';
import { nameOf, type Repository, scopeTo } from './repository.ts';
import { retrying, waitToRetry } from './retry.ts';

/** With so many bytes more than at the last interruption, tries count from the start again. */
const progressBytes = 1024 * 1024;

/**
 * Downloads a blob as it comes: where the connection breaks it goes on from there. At the end the bytes have been held
 * against digest and size.
 *
 * @throws ImageError
 */
export function download(repository: Repository, blob: Descriptor): AsyncIterable<Uint8Array> {
  const what = `${blob.digest} of ${nameOf(repository)}`;
  return checked(resumed(repository, blob, `download ${what}`), blob, what);
}

async function* resumed(repository: Repository, blob: Descriptor, what: string): AsyncGenerator<Uint8Array, void> {
  const { retries } = repository.registry;
  let done = 0;
  let doneBefore = 0;
  for (let tried = 0; ; tried++) {
    try {
      for await (const chunk of await from(repository, blob, { start: done, what })) {
        done += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      if (done - doneBefore >= progressBytes) tried = 0;
      doneBefore = done;
      await waitToRetry(retries, tried, error);
    }
  }
}

interface Part {
  /** Bytes that are there already. */
  readonly start: number;
  readonly what: string;
}

/** The blob's bytes from `start` on; a registry that does not know ranges sends all, of which the first are passed over. */
async function from(
  repository: Repository,
  { digest, size }: Descriptor,
  { start, what }: Part,
): Promise<AsyncIterable<Uint8Array>> {
  const answer = await repository.registry.send({
    method: 'GET',
    at: `${repository.path}/blobs/${digest}`,
    headers: start === 0 ? {} : { range: `bytes=${start}-${size - 1}` },
    scopes: [scopeTo.pull(repository)],
    what,
  });
  const skip = await skipOf(answer, start, what);
  return skip === 0 ? answer.content : after(skip, answer.content);
}

async function* after(count: number, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let skip = count;
  for await (const chunk of content) {
    const rest = skip >= chunk.length ? undefined : chunk.subarray(skip);
    skip -= chunk.length - (rest?.length ?? 0);
    if (rest !== undefined) yield rest;
  }
}

async function skipOf(answer: Answer, start: number, what: string): Promise<number> {
  if (answer.status !== 206) return start;
  const first = /^bytes (\d+)-/.exec(answer.header('content-range') ?? '')?.[1];
  if (Number(first) === start) return 0;
  await answer.drop();
  throw invalid(what, `it sends another part than from byte ${start} on`);
}

/** Whether a repository has a blob. @throws ImageError */
export async function hasBlob(repository: Repository, { digest }: Descriptor): Promise<boolean> {
  return retrying(repository.registry.retries, async () => {
    const answer = await repository.registry.send({
      method: 'HEAD',
      at: `${repository.path}/blobs/${digest}`,
      scopes: [scopeTo.push(repository)],
      accept: [404],
      what: `look for ${digest} in ${nameOf(repository)}`,
    });
    await answer.drop();
    return answer.status !== 404;
  });
}

/** What to upload. */
export interface Upload {
  readonly blob: Descriptor;
  /** Read anew for each try. */
  readonly content: () => AsyncIterable<Uint8Array>;
  /** Another repository of the same registry that has it: then no byte need travel. */
  readonly mountFrom: Repository | undefined;
}

/**
 * Gives a repository a blob, in one piece (distribution-spec, "POST then PUT"): what breaks off is no blob there.
 *
 * @throws ImageError
 */
export async function upload(
  repository: Repository,
  { blob, content, mountFrom }: Upload,
): Promise<'mounted' | 'sent'> {
  const what = `upload ${blob.digest} to ${nameOf(repository)}`;
  return retrying(repository.registry.retries, async () => {
    const session = await begin(repository, blob, mountFrom, what);
    if (session === undefined) return 'mounted';
    session.searchParams.set('digest', blob.digest);
    const answer = await repository.registry.send({
      method: 'PUT',
      at: session,
      headers: { 'content-type': 'application/octet-stream' },
      body: content,
      bodyBytes: blob.size,
      scopes: scopesOf(repository, mountFrom),
      what,
    });
    await answer.drop();
    return 'sent';
  });
}

/** Opens an upload; undefined where the registry took the blob from the other repository. */
async function begin(
  repository: Repository,
  { digest }: Descriptor,
  mountFrom: Repository | undefined,
  what: string,
): Promise<URL | undefined> {
  const query = mountFrom === undefined ? '' : `?${new URLSearchParams({ mount: digest, from: mountFrom.path })}`;
  const answer = await repository.registry.send({
    method: 'POST',
    at: `${repository.path}/blobs/uploads/${query}`,
    headers: { 'content-length': '0' },
    scopes: scopesOf(repository, mountFrom),
    what,
  });
  await answer.drop();
  if (answer.status === 201 && mountFrom !== undefined) return undefined;
  const location = answer.header('location') ?? '';
  if (URL.canParse(location, answer.url.href)) return new URL(location, answer.url);
  throw invalid(what, 'it names no place for the bytes');
}

function scopesOf(repository: Repository, mountFrom: Repository | undefined): readonly string[] {
  return mountFrom === undefined ? [scopeTo.push(repository)] : [scopeTo.push(repository), scopeTo.pull(mountFrom)];
}

/** Reads into memory what must be small. @throws ImageError `MANIFEST_INVALID` where it is larger */
export async function readSmall(content: AsyncIterable<Uint8Array>, limit: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) throw new ImageError('MANIFEST_INVALID', `Cannot read ${what}: it has more than ${limit} bytes`);
  }
  return Buffer.concat(chunks);
}
