import { type ContentDigest, digestOf, isDigest } from './digest.ts';
import { ImageError } from './failure.ts';
import { isRecord, list, parseJson, quoted, record, text, type Unread } from './json.ts';
import { dockerList, dockerManifest, ociIndex, ociManifest } from './media.ts';
import { type Platform, readPlatform } from './platform.ts';

/** Larger manifests, indexes and configurations are refused, in bytes: as containers/image does. */
export const largestDocument: number = 4 * 1024 * 1024;

/** Something that a manifest or index names (OCI image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: ContentDigest;
  /** In bytes. */
  readonly size: number;
  /** Where a layer may be fetched that no registry has. */
  readonly urls: readonly string[];
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly platform: Platform | undefined;
  /** As it was written, with all that we do not know: what is written again keeps it. */
  readonly raw: Readonly<Record<string, Unread>>;
}

/** Its bytes decide: the digest is theirs, and they are never written anew. */
interface Written {
  readonly mediaType: string;
  readonly digest: ContentDigest;
  readonly bytes: Uint8Array;
}

export interface ImageManifest extends Written {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ImageIndex extends Written {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

export type Manifest = ImageManifest | ImageIndex;

/**
 * Reads a manifest or index of OCI, or of Docker's schema 2.
 *
 * What reads as both is refused: which it is would depend on who asks (CVE-2021-41190).
 *
 * @param told the media type that came beside it, which counts where it names none itself
 * @throws ImageError `MANIFEST_INVALID`
 */
export function parseManifest(bytes: Uint8Array, told: string | undefined, what: string): Manifest {
  if (bytes.length > largestDocument) throw invalid(what, `found more than ${largestDocument} bytes`);
  const document = parseJson(bytes, what);
  if (!isRecord(document)) throw invalid(what, 'expected an object');
  const mediaType = typeOf(document, told, what);
  const written = { mediaType, digest: digestOf(bytes), bytes };
  if (mediaType === ociIndex || mediaType === dockerList) {
    if ('config' in document || 'layers' in document) throw invalid(what, 'found an index with parts of an image');
    return { kind: 'index', ...written, manifests: descriptors(document.manifests, 'manifests', what) };
  }
  if ('manifests' in document || 'fsLayers' in document) throw invalid(what, 'found an image with parts of an index');
  return {
    kind: 'image',
    ...written,
    config: descriptor(document.config, 'config', what),
    layers: descriptors(document.layers, 'layers', what),
  };
}

const known: readonly string[] = [ociManifest, ociIndex, dockerManifest, dockerList];

/** OCI leaves `mediaType` optional: then what came beside it counts, and last what it looks like. */
function typeOf(document: Readonly<Record<string, Unread>>, told: string | undefined, what: string): string {
  if (document.schemaVersion === 1) {
    const hint = 'Push the image again with a tool of this decade';
    throw new ImageError('MANIFEST_INVALID', `Cannot read ${what}: it is of Docker's schema 1`, { hint });
  }
  if (document.schemaVersion !== 2) throw invalid(what, 'expected schemaVersion 2');
  const own = text(document.mediaType);
  if (document.mediaType !== undefined && (own === undefined || !known.includes(own))) {
    throw invalid(what, `found media type ${quoted(document.mediaType)}`);
  }
  if (own !== undefined) return own;
  const beside = told?.split(';')[0]?.trim() ?? '';
  if (known.includes(beside)) return beside;
  return 'manifests' in document ? ociIndex : ociManifest;
}

function descriptors(value: Unread, field: string, what: string): readonly Descriptor[] {
  if (!Array.isArray(value)) throw invalid(what, `expected a list in "${field}"`);
  return value.map((each, index) => descriptor(each, `${field}[${index}]`, what));
}

function descriptor(value: Unread, field: string, what: string): Descriptor {
  const raw = record(value);
  const { mediaType, digest, size } = raw;
  if (typeof mediaType !== 'string' || mediaType === '') throw invalid(what, `expected a media type in "${field}"`);
  if (!isDigest(digest)) throw invalid(what, `expected a digest in "${field}"`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(what, `expected a size in "${field}"`);
  }
  return {
    mediaType,
    digest,
    size,
    urls: list(raw.urls).filter(url => typeof url === 'string'),
    annotations: readAnnotations(raw.annotations),
    platform: readPlatform(raw.platform),
    raw,
  };
}

/** Texts by name; undefined where there are none. */
function readAnnotations(value: Unread): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((each): each is [string, string] => text(each[1]) !== undefined),
  );
}

function invalid(what: string, found: string): ImageError {
  return new ImageError('MANIFEST_INVALID', `Cannot read ${what}: ${found}`, {
    hint: 'It is no image that containers run, or its source is broken',
  });
}
