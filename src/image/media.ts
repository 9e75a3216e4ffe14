/** Media types of manifests: OCI image-spec media-types.md, and Docker's image manifest version 2, schema 2. */
export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
export const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';

/** What we ask a registry for. Docker's schema 1 is not among them: it was given up in 2019 and names no configuration. */
export const manifestTypes: readonly string[] = [ociManifest, dockerManifest, ociIndex, dockerList];

export const ociConfig = 'application/vnd.oci.image.config.v1+json';
export const dockerConfig = 'application/vnd.docker.container.image.v1+json';

/** Who defined a format: OCI, or Docker (version 2, schema 2). */
export type Family = 'oci' | 'docker';

/** What each family calls an image, an index of images, and a configuration. */
export const typesOf: Readonly<
  Record<Family, { readonly image: string; readonly index: string; readonly config: string }>
> = {
  oci: { image: ociManifest, index: ociIndex, config: ociConfig },
  docker: { image: dockerManifest, index: dockerList, config: dockerConfig },
};

/** How the tar of a layer is packed; undefined where the type is none of a layer. */
export type Packing = 'none' | 'gzip' | 'zstd';

/** Levels that each takes, as skopeo has them. */
export const mostLevel: Readonly<Record<Packing, number>> = { none: 0, gzip: 9, zstd: 20 };

interface LayerType {
  readonly packing: Packing;
  readonly oci: string;
  /** Docker has no zstd. */
  readonly docker: string | undefined;
}

const layerTypes: readonly LayerType[] = [
  {
    packing: 'none',
    oci: 'application/vnd.oci.image.layer.v1.tar',
    docker: 'application/vnd.docker.image.rootfs.diff.tar',
  },
  {
    packing: 'gzip',
    oci: 'application/vnd.oci.image.layer.v1.tar+gzip',
    docker: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
  { packing: 'zstd', oci: 'application/vnd.oci.image.layer.v1.tar+zstd', docker: undefined },
];

/** Layers that nobody may redistribute. */
const foreignTypes: readonly LayerType[] = [
  {
    packing: 'none',
    oci: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
    docker: 'application/vnd.docker.image.rootfs.foreign.diff.tar',
  },
  {
    packing: 'gzip',
    oci: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    docker: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  },
  { packing: 'zstd', oci: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', docker: undefined },
];

/** Of which family a manifest or index of this type is. */
export function familyOf(mediaType: string): Family {
  return mediaType === ociManifest || mediaType === ociIndex ? 'oci' : 'docker';
}

/** How a layer is packed; undefined for what is no layer of a file system, as in artifacts. */
export function packingOf(mediaType: string): Packing | undefined {
  return layerTypes.find(({ oci, docker }) => mediaType === oci || mediaType === docker)?.packing;
}

/** The type of a layer that is packed so; undefined where the family has none. */
export function layerType(packing: Packing, family: Family): string | undefined {
  return layerTypes.find(type => type.packing === packing)?.[family];
}

/** What a family calls a layer that either of them knows; undefined where it has no word for it. */
export function layerTypeIn(family: Family, mediaType: string): string | undefined {
  const all = [...layerTypes, ...foreignTypes];
  return all.find(({ oci, docker }) => mediaType === oci || mediaType === docker)?.[family];
}

/** Layers that nobody may redistribute: they stay where their `urls` say. */
export function isForeign(mediaType: string): boolean {
  return mediaType.includes('.nondistributable.') || mediaType.includes('.rootfs.foreign.');
}
