import { isRecord, list, parseJson, record, text, texts, type Unread } from './json.ts';
import { repositoryOf } from './name.ts';
import { pickImage } from './pick.ts';
import type { Platform } from './platform.ts';
import { listTags } from './repository.ts';
import { type JudgedSource, readConfig } from './source.ts';
import { formatPlace, type Place } from './transport.ts';

/** What is told of an image, in skopeo's names (`skopeo inspect`). */
export interface Inspected {
  /** The repository; undefined where the image is in none. */
  readonly Name: string | undefined;
  /** Of what the place names: the index, where it is one. */
  readonly Digest: string;
  /** Empty where they were not asked for. */
  readonly RepoTags: readonly string[];
  readonly Created: Unread;
  readonly DockerVersion: string;
  readonly Labels: Readonly<Record<string, Unread>> | null;
  readonly Architecture: string;
  readonly Os: string;
  readonly Layers: readonly string[];
  readonly LayersData: readonly LayerData[];
  readonly Env: readonly string[];
}

interface LayerData {
  readonly MIMEType: string;
  readonly Digest: string;
  readonly Size: number;
  readonly Annotations: Readonly<Record<string, string>> | null;
}

/** Its configuration, as it was written. @throws ImageError */
export async function inspectConfig(source: JudgedSource, platform: Platform): Promise<Uint8Array> {
  const { image } = await pickImage(source, platform);
  return readConfig(source, image.config);
}

/** Tells of an image without its layers. @throws ImageError */
export async function inspect(
  source: JudgedSource,
  platform: Platform,
  opts: { readonly tags: boolean },
): Promise<Inspected> {
  const { top, image } = await pickImage(source, platform);
  const { place, repository } = source;
  const [bytes, tags] = await Promise.all([
    readConfig(source, image.config),
    opts.tags && repository !== undefined ? listTags(repository) : [],
  ]);
  const config = record(parseJson(bytes, `the configuration of ${formatPlace(place)}`));
  const run = record(config.config);
  return {
    Name: hasName(place) && place.name !== undefined ? repositoryOf(place.name) : undefined,
    Digest: top.digest,
    RepoTags: tags,
    Created: config.created,
    DockerVersion: text(config.docker_version) ?? '',
    Labels: isRecord(run.Labels) ? run.Labels : null,
    Architecture: text(config.architecture) ?? '',
    Os: text(config.os) ?? '',
    Layers: image.layers.map(({ digest }) => digest),
    LayersData: image.layers.map(({ mediaType, digest, size, annotations }) => ({
      MIMEType: mediaType,
      Digest: digest,
      Size: size,
      Annotations: annotations ?? null,
    })),
    Env: texts(list(run.Env)),
  };
}

/** An archive's name is what it would be loaded as. */
function hasName(
  place: Place,
): place is Extract<Place, { transport: 'docker' | 'containers-storage' | 'docker-daemon' }> {
  return ['docker', 'containers-storage', 'docker-daemon'].includes(place.transport);
}
