import { stat } from 'node:fs/promises';
import { manifestsPath } from '../bundle/contents.ts';
import type { Bundle } from '../bundle/open.ts';

/** What is told of a bundle, as schema/bundle.schema.json has it. */
export interface BundleDocument {
  readonly file: string;
  readonly digest: string;
  readonly size: number;
  readonly format: number;
  readonly platform: string;
  readonly revision: string;
  readonly base: string | null;
  readonly verified: boolean;
  /** What is wrong with it. */
  readonly fault: string | null;
  readonly images: readonly ImageDocument[];
  readonly manifests: readonly { readonly path: string; readonly size: number }[];
  /** Layers that only an earlier bundle has. */
  readonly absent: readonly { readonly digest: string; readonly size: number }[];
}

interface ImageDocument {
  readonly reference: string;
  readonly digest: string;
  readonly manifest: string;
  /** Of its configuration and layers, packed, in bytes; also of those that are absent. */
  readonly size: number;
  readonly layers: number;
  readonly absentLayers: number;
}

/** @param size of the file, where it is known */
export async function describeBundle(
  bundle: Bundle,
  { fault, size }: { readonly fault: string | undefined; readonly size?: number },
): Promise<BundleDocument> {
  const { format, platform, revision, base, parts, absent } = bundle.contents;
  return {
    file: bundle.path,
    digest: bundle.digest,
    size: size ?? (await stat(bundle.path)).size,
    ...{ format, platform, revision },
    base: base ?? null,
    verified: fault === undefined,
    fault: fault ?? null,
    images: await Promise.all(bundle.contents.images.map(image => describeImage(bundle, image))),
    manifests: parts.flatMap(part =>
      part.type === 'file' && part.path.startsWith(`${manifestsPath}/`)
        ? [{ path: part.path.slice(manifestsPath.length + 1), size: part.size }]
        : [],
    ),
    absent,
  };
}

async function describeImage(
  bundle: Bundle,
  { reference, digest, manifest }: Bundle['contents']['images'][number],
): Promise<ImageDocument> {
  const image = await bundle.manifest(manifest).catch(() => undefined);
  const blobs = image?.kind === 'image' ? [image.config, ...image.layers] : [];
  const absent = new Set(bundle.contents.absent.map(layer => layer.digest));
  return {
    ...{ reference, digest, manifest },
    size: blobs.reduce((sum, { size }) => sum + size, 0),
    layers: Math.max(blobs.length - 1, 0),
    absentLayers: blobs.slice(1).filter(layer => absent.has(layer.digest)).length,
  };
}
