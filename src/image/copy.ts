import type { Progress } from '../model/event.ts';
import { editLayers, type Selection } from './convert.ts';
import { ImageError } from './failure.ts';
import { type FitOptions, fit, select, unique } from './fit.ts';
import type { Descriptor, ImageIndex, ImageManifest } from './manifest.ts';
import { isForeign } from './media.ts';
import { inParallel } from './parallel.ts';
import { isToRepack } from './repack.ts';
import { makeRepacker } from './repacker.ts';
import { carry, type Signing } from './signing.ts';
import type { JudgedSource } from './source.ts';
import type { ImageTarget, Transfer } from './target.ts';
import { untilStopped } from './until-stopped.ts';

/** What is to be copied, and how. */
export interface CopyOptions extends FitOptions {
  /** What becomes of signatures; undefined where all stay behind and none is made. */
  readonly signing?: Signing | undefined;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** What a copy did. */
export interface Copied {
  /** Of what the target names now. */
  readonly digest: string;
  readonly images: number;
  /** How many signatures came along or were made. */
  readonly signatures: number;
  /** Blobs by how they came there; `present` were there already. */
  readonly blobs: Readonly<Record<Transfer | 'present', number>>;
  /** That travelled. */
  readonly bytes: number;
}

/** Blobs under way at once, as skopeo has it. */
const atOnce = 6;

/**
 * Copies an image: blobs that the target lacks, several at once, then manifests, from the images up. Manifests stay as
 * they are, byte for byte, where the target can hold them so and nothing else is asked for.
 *
 * @throws ImageError, or the reason of the signal; then the target shows nothing that looks whole
 */
export async function copyImage(source: JudgedSource, target: ImageTarget, opts: CopyOptions): Promise<Copied> {
  const selection = await select(source, opts);
  const fitting = fit(target, selection, opts);
  const repacked = isRepacked(selection, opts);
  const signed =
    opts.signing && (await carry(source, target, { before: selection, after: fitting, repacked }, opts.signing));
  const repacker =
    opts.repacking && (await makeRepacker(source, selection.images, { ...opts.repacking, signal: opts.signal }));
  const tally = startTally(blobsOf(selection.images), opts.onProgress);
  await inParallel(tally.blobs, { atOnce, signal: opts.signal }, async blob => {
    const content = (): AsyncIterable<Uint8Array> => tally.count(blob, untilStopped(source.blob(blob), opts.signal));
    if (repacker?.takes(blob)) return tally.end(blob, await repacker.send(blob, content(), target));
    if (await target.has(blob)) return tally.end(blob, 'present');
    tally.end(blob, await target.put(blob, content, source.repository));
  });
  // The last bytes may have been on their way to the disk for long.
  opts.signal.throwIfAborted();
  const written = repacker === undefined ? fitting : editLayers(fitting, repacker.made);
  const { images, top } = written;
  // First: whoever asks for a signed image may see it the moment that it is there.
  const signatures = (await signed?.(written)) ?? 0;
  for (const image of images) await target.putManifest(image, image === top);
  if (top.kind === 'index') await putIndex(target, top, opts);
  opts.signal.throwIfAborted();
  await target.commit();
  return { digest: top.digest, images: images.length, signatures, ...tally.result() };
}

async function putIndex(target: ImageTarget, index: ImageIndex, { indexOnly }: CopyOptions): Promise<void> {
  try {
    await target.putManifest(index, true);
  } catch (error) {
    if (!indexOnly || !(error instanceof ImageError) || !isLacking(error)) throw error;
    const hint = 'Copy the images of the index there first: the registry takes no index without them';
    throw new ImageError(error.code, error.message, { hint, cause: error });
  }
}

/** Registries answer 400 or 404 to an index whose images they lack; to who may not write they say so. */
function isLacking({ code, hint }: ImageError): boolean {
  return code === 'IMAGE_NOT_FOUND' || (code === 'REGISTRY_REFUSED' && hint === undefined);
}

/** Whether any layer will be another one than it was. */
function isRepacked({ images }: Selection, { repacking }: CopyOptions): boolean {
  return repacking !== undefined && images.some(({ layers }) => layers.some(layer => isToRepack(layer, repacking)));
}

/** Each once, in order. What nobody may redistribute stays where its addresses say. */
export function blobsOf(images: readonly ImageManifest[]): readonly Descriptor[] {
  const all = images.flatMap(({ config, layers }) => [config, ...layers]);
  return unique(all.filter(({ mediaType, urls }) => !(isForeign(mediaType) && urls.length > 0)));
}

interface Tally {
  readonly blobs: readonly Descriptor[];
  /** Passes bytes on, and tells of them. A blob that is read again starts anew. */
  count(blob: Descriptor, content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  end(blob: Descriptor, how: Transfer | 'present'): void;
  result(): Pick<Copied, 'blobs' | 'bytes'>;
}

function startTally(blobs: readonly Descriptor[], onProgress: (progress: Progress) => void): Tally {
  const done = new Map<string, number>();
  const ended = { sent: 0, mounted: 0, present: 0 };
  let bytes = 0;
  const totalBytes = sum(blobs.map(({ size }) => size));
  const tell = (): void => {
    const over = sum(Object.values(ended));
    onProgress({ message: `${over} of ${blobs.length} blobs are there`, doneBytes: sum(done.values()), totalBytes });
  };
  return {
    blobs,
    async *count({ digest }, content) {
      let read = 0;
      for await (const chunk of content) {
        read += chunk.length;
        bytes += chunk.length;
        done.set(digest, Math.max(done.get(digest) ?? 0, read));
        tell();
        yield chunk;
      }
    },
    end: ({ digest, size }, how) => {
      done.set(digest, size);
      ended[how]++;
      tell();
    },
    result: () => ({ blobs: ended, bytes }),
  };
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0);
}
