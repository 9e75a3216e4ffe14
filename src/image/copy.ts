import type { Progress } from '../model/event.ts';
import { type Selection, toOci } from './convert.ts';
import { ImageError } from './failure.ts';
import type { Descriptor, ImageManifest } from './manifest.ts';
import { isForeign } from './media.ts';
import { inParallel } from './parallel.ts';
import { pickImage } from './pick.ts';
import type { Platform } from './platform.ts';
import { carry, type Signing } from './signing.ts';
import { imageIn, type JudgedSource } from './source.ts';
import type { ImageTarget, Transfer } from './target.ts';
import { formatPlace } from './transport.ts';

/** What is to be copied, and how. */
export interface CopyOptions {
  /** Every image of an index, and the index; else the one for `platform`. */
  readonly all: boolean;
  readonly platform: Platform;
  /** Refuse where the target cannot keep the digest. */
  readonly preserveDigests: boolean;
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
 * they are, byte for byte, where the target can hold them so.
 *
 * @throws ImageError; then the target shows nothing that looks whole
 */
export async function copyImage(source: JudgedSource, target: ImageTarget, opts: CopyOptions): Promise<Copied> {
  const selection = await select(source, opts);
  const fitting = fit(target, selection, opts);
  const signed = opts.signing && (await carry(source, target, { before: selection, after: fitting }, opts.signing));
  const { images, top } = fitting;
  const tally = startTally(blobsOf(images), opts.onProgress);
  await inParallel(tally.blobs, { atOnce, signal: opts.signal }, async blob => {
    if (await target.has(blob)) return tally.end(blob, 'present');
    const content = (): AsyncIterable<Uint8Array> => tally.count(blob, source.blob(blob));
    tally.end(blob, await target.put(blob, content, source.repository));
  });
  // First: whoever asks for a signed image may see it the moment that it is there.
  const signatures = (await signed?.()) ?? 0;
  for (const image of images) await target.putManifest(image, image === top);
  if (top.kind === 'index') await target.putManifest(top, true);
  await target.commit();
  return { digest: top.digest, images: images.length, signatures, ...tally.result() };
}

async function select(source: JudgedSource, { all, platform }: CopyOptions): Promise<Selection> {
  if (!all) {
    const { image } = await pickImage(source, platform);
    return { images: [image], top: image };
  }
  const top = await source.top();
  const images: ImageManifest[] = [];
  if (top.kind === 'image') images.push(top);
  else for (const descriptor of unique(top.manifests)) images.push(await imageIn(source, descriptor));
  for (const image of images) await source.admit(image);
  return { images, top };
}

/** What the target can hold of it. @throws ImageError `NOT_CONVERTIBLE`, before a byte is moved */
function fit(target: ImageTarget, selection: Selection, { preserveDigests }: CopyOptions): Selection {
  const fitting = target.holds === 'oci' || target.holds === 'one-oci' ? toOci(selection) : selection;
  const isKept = target.holds !== 'one' && fitting.top.digest === selection.top.digest;
  for (const image of fitting.images) target.check(image);
  const name = formatPlace(target.place);
  if (target.holds.startsWith('one') && fitting.top.kind === 'index') {
    const hint = 'Use oci-archive:, or choose one with --platform';
    throw new ImageError('NOT_CONVERTIBLE', `Cannot write ${name}: it holds no index`, { hint });
  }
  if (preserveDigests && !isKept) {
    const hint = 'Use dir: or docker:// instead, which keep every digest';
    throw new ImageError('NOT_CONVERTIBLE', `Cannot write ${name}: it cannot keep the digest`, { hint });
  }
  return fitting;
}

/** Each once, in order. What nobody may redistribute stays where its addresses say. */
export function blobsOf(images: readonly ImageManifest[]): readonly Descriptor[] {
  const all = images.flatMap(({ config, layers }) => [config, ...layers]);
  return unique(all.filter(({ mediaType, urls }) => !(isForeign(mediaType) && urls.length > 0)));
}

function unique(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map(each => [each.digest, each])).values()];
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
