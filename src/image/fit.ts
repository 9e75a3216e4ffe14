import { convert, editLayers, type Selection } from './convert.ts';
import { ImageError } from './failure.ts';
import type { Descriptor, ImageIndex, ImageManifest } from './manifest.ts';
import { type Family, familyOf, layerType } from './media.ts';
import { pickImage } from './pick.ts';
import type { Platform } from './platform.ts';
import { isToRepack, keptAnnotations, type Repacking } from './repack.ts';
import { imageIn, type JudgedSource } from './source.ts';
import type { ImageTarget } from './target.ts';
import { formatPlace } from './transport.ts';

/** Which images are copied, and as what. */
export interface FitOptions {
  /** Every image of an index, and the index; else the one for `platform`. */
  readonly all: boolean;
  /** Of an index nothing but itself: its images are there already, or come later. What is no index goes as it is. */
  readonly indexOnly?: boolean;
  readonly platform: Platform;
  /** Refuse where the target cannot keep the digest. */
  readonly preserveDigests: boolean;
  /** The format of every manifest; as it is, or as the target demands, where left out. */
  readonly format?: Family | undefined;
  /** How layers are packed; as they are, where left out. */
  readonly repacking?: Repacking | undefined;
}

/** What is to be copied, as its source has it and as it would be written. */
export interface Wanted {
  readonly before: Selection;
  readonly after: Selection;
}

/** What a copy would put there, whose manifests are read and nothing else. @throws ImageError */
export async function wanted(source: JudgedSource, opts: FitOptions): Promise<Wanted> {
  const before = await select(source, opts);
  return { before, after: formatted(before, opts.format) };
}

function formatted(selection: Selection, format: Family | undefined): Selection {
  return format === undefined ? selection : convert(selection, format);
}

/** The images that are meant, if they may be taken, and what names them. @throws ImageError */
export async function select(source: JudgedSource, { all, indexOnly, platform }: FitOptions): Promise<Selection> {
  if (!all && !indexOnly) {
    const { image } = await pickImage(source, platform);
    return { images: [image], top: image };
  }
  const top = await source.top();
  if (top.kind === 'index' && indexOnly) {
    await source.admit(top);
    return { images: [], top };
  }
  const images: ImageManifest[] = [];
  if (top.kind === 'image') images.push(top);
  else for (const descriptor of unique(top.manifests)) images.push(await imageIn(source, descriptor));
  for (const image of images) await source.admit(image);
  return { images, top };
}

/**
 * What the target can hold of it. Layers that are packed anew have their types, and still the digests that they came with.
 *
 * @throws ImageError `NOT_CONVERTIBLE`, before a byte is moved
 */
export function fit(target: ImageTarget, selection: Selection, opts: FitOptions): Selection {
  const format = formatFor(target, opts);
  const fitting = formatted(retyped(target, selection, { ...opts, format }), format);
  const isKept = target.holds !== 'one' && fitting.top.digest === selection.top.digest;
  for (const image of fitting.images) target.check(image);
  const name = formatPlace(target.place);
  if (target.holds.startsWith('one') && fitting.top.kind === 'index') {
    const hint = 'Use oci-archive:, or choose one with --platform';
    throw new ImageError('NOT_CONVERTIBLE', `Cannot write ${name}: it holds no index`, { hint });
  }
  if (opts.preserveDigests && !isKept) {
    const hint = 'Use dir: or docker:// instead, which keep every digest where no other format is asked for';
    throw new ImageError('NOT_CONVERTIBLE', `Cannot write ${name}: it cannot keep the digest`, { hint });
  }
  if (opts.indexOnly && fitting.top.kind === 'index') checkNames(fitting.top, name);
  return fitting;
}

function retyped({ holds, place }: ImageTarget, selection: Selection, { repacking, format }: FitOptions): Selection {
  if (repacking === undefined) return selection;
  const name = formatPlace(place);
  if (holds.startsWith('one')) {
    const hint = 'Leave out what is said of packing: it keeps layers in its own way';
    throw new ImageError('NOT_CONVERTIBLE', `Cannot write ${name} with layers that are packed otherwise`, { hint });
  }
  const { packing } = repacking;
  return editLayers(selection, (layer, image) => {
    if (!isToRepack(layer, repacking)) return undefined;
    const own = familyOf(image.mediaType);
    if (layerType(packing, format ?? own) === undefined) {
      const message = `Cannot write ${name} with layers packed by ${packing}: Docker's format has none`;
      throw new ImageError('NOT_CONVERTIBLE', message, { hint: 'Give --format oci too' });
    }
    return { mediaType: layerType(packing, own) ?? layerType(packing, 'oci'), annotations: keptAnnotations(layer) };
  });
}

/** The format that is asked for, or demanded; undefined for any. @throws ImageError where the target has another */
function formatFor({ holds, place }: ImageTarget, { format }: FitOptions): Family | undefined {
  if (holds === 'any') return format;
  const [only, found] = holds === 'one' ? ['docker', "Docker's"] : ['oci', "OCI's"];
  if (format === undefined || format === only) return holds === 'one' ? undefined : 'oci';
  const hint = 'Leave out --format, or use dir: or docker://, which take either';
  throw new ImageError('NOT_CONVERTIBLE', `Cannot write ${formatPlace(place)}: its format is ${found} alone`, { hint });
}

/** An index alone cannot change what its images are. @throws ImageError `NOT_CONVERTIBLE` */
function checkNames({ mediaType, manifests }: ImageIndex, name: string): void {
  const other = manifests.find(each => familyOf(each.mediaType) !== familyOf(mediaType));
  if (other === undefined) return;
  const message = `Cannot write the index alone to ${name}: its image ${other.digest} is of another format`;
  throw new ImageError('NOT_CONVERTIBLE', message, { hint: 'Give --all instead, which converts the images too' });
}

/** Each once, in order. */
export function unique(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map(each => [each.digest, each])).values()];
}
