import { createHash } from 'node:crypto';
import { archiveTree } from './archive.ts';
import { checked, digestOf, isDigest } from './digest.ts';
import { ImageError } from './failure.ts';
import { list, parseJson, record, text, texts } from './json.ts';
import { largestDocument, type Manifest, parseManifest } from './manifest.ts';
import { dockerConfig, dockerManifest, layerType } from './media.ts';
import { formatName, parseName, type RegistryName } from './name.ts';
import type { ImageSource } from './source.ts';
import { formatPlace, type Place } from './transport.ts';
import { readFrom, startOf, type Tree } from './tree.ts';
import { untilStopped } from './until-stopped.ts';

type ArchivePlace = Extract<Place, { transport: 'docker-archive' }>;

/** One image in `manifest.json`, as `docker save` writes it. */
interface Saved {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/** A blob by its digest: where it lies in the archive. */
type Files = ReadonlyMap<string, string>;

/**
 * Reads an image that `docker save`, `podman save` or skopeo wrote. Such an archive has no manifest: it is made of the
 * configuration and the layers as they lie there.
 *
 * @param signal ends the reading of packed layers for their digests
 */
export async function dockerArchiveSource(place: ArchivePlace, signal: AbortSignal): Promise<ImageSource> {
  const tree = await archiveTree(place.path);
  const saved = pick(await readSaved(tree), place);
  const { manifest, files } = await manifestOf(tree, saved, signal);
  return {
    place,
    repository: undefined,
    top: async () => manifest,
    manifest: async () => manifest,
    blob: descriptor => {
      const what = `${descriptor.digest} of "${place.path}"`;
      const name = files.get(descriptor.digest);
      if (name === undefined) throw broken(tree, `it has no ${descriptor.digest}`);
      return checked(tree.stream(name), descriptor, what);
    },
    close: async () => undefined,
  };
}

/**
 * The names of all images in an archive as they stand there; `@INDEX` of one that has none, as skopeo tells it.
 *
 * @throws ImageError
 */
export async function namesIn(path: string): Promise<readonly string[]> {
  const all = await readSaved(await archiveTree(path));
  return all.flatMap(({ tags }, index) => (tags.length === 0 ? [`@${index}`] : tags));
}

async function readSaved(tree: Tree): Promise<readonly Saved[]> {
  const bytes = await readFrom(tree, 'manifest.json', largestDocument);
  if (bytes === undefined) throw broken(tree, 'it has no manifest.json');
  return list(parseJson(bytes, `manifest.json of "${tree.name}"`)).map(each => {
    const { Config, RepoTags, Layers } = record(each);
    return { config: text(Config) ?? '', tags: texts(RepoTags), layers: texts(Layers) };
  });
}

/** The image of that name, or the only one. @throws ImageError `IMAGE_NOT_FOUND` */
function pick(all: readonly Saved[], place: ArchivePlace): Saved {
  const { name } = place;
  const fits = name === undefined ? all : all.filter(({ tags }) => tags.some(tag => isSame(tag, name)));
  const [only, ...more] = fits;
  if (only !== undefined && more.length === 0) return only;
  const names = all.flatMap(({ tags }) => tags);
  const found = only === undefined ? 'it is not there' : 'it holds more than one image';
  throw new ImageError('IMAGE_NOT_FOUND', `Cannot read "${formatPlace(place)}": ${found}`, {
    hint: names.length === 0 ? 'No image there has a name' : `There is ${names.slice(0, 20).join(', ')}`,
  });
}

function isSame(tag: string, name: RegistryName): boolean {
  try {
    return formatName(parseName(tag)) === formatName(name);
  } catch {
    // A name that nobody could ask for.
    return false;
  }
}

async function manifestOf(
  tree: Tree,
  saved: Saved,
  signal: AbortSignal,
): Promise<{ readonly manifest: Manifest; readonly files: Files }> {
  const config = await readFrom(tree, saved.config, largestDocument);
  if (config === undefined) throw broken(tree, 'it has no configuration');
  const document = record(parseJson(config, `the configuration in "${tree.name}"`));
  const diffIds = texts(record(document.rootfs).diff_ids).filter(isDigest);
  if (diffIds.length !== saved.layers.length) throw broken(tree, 'its layers are not those of its configuration');
  const files = new Map([[digestOf(config), saved.config]]);
  const layers: Layer[] = [];
  for (const [index, name] of saved.layers.entries()) {
    const layer = await layerAt(tree, { name, diffId: diffIds[index] ?? '' }, signal);
    files.set(layer.digest, name);
    layers.push(layer);
  }
  const written = {
    schemaVersion: 2,
    mediaType: dockerManifest,
    config: { mediaType: dockerConfig, digest: digestOf(config), size: config.length },
    layers,
  };
  const bytes = Buffer.from(JSON.stringify(written));
  return { manifest: parseManifest(bytes, dockerManifest, `"${tree.name}"`), files };
}

interface Layer {
  readonly mediaType: string | undefined;
  readonly digest: string;
  readonly size: number;
}

/** A layer by its file's name, and by what the configuration says that it unpacks to. */
interface Named {
  readonly name: string;
  readonly diffId: string;
}

/** A plain layer is named by the configuration; a packed one is read once for its digest. */
async function layerAt(tree: Tree, { name, diffId }: Named, signal: AbortSignal): Promise<Layer> {
  const size = await tree.size(name);
  if (size === undefined) throw broken(tree, `it has no "${name}"`);
  const [first, second] = await startOf(tree, name, 2);
  const isPacked = first === 0x1f && second === 0x8b;
  if (!isPacked) return { mediaType: layerType('none', 'docker'), digest: diffId, size };
  const hash = createHash('sha256');
  for await (const chunk of untilStopped(tree.stream(name), signal)) hash.update(chunk);
  return { mediaType: layerType('gzip', 'docker'), digest: `sha256:${hash.digest('hex')}`, size };
}

function broken(tree: Tree, found: string): ImageError {
  const hint = 'See that "docker save", "podman save" or skopeo wrote it';
  return new ImageError('LAYOUT_INVALID', `Cannot read "${tree.name}": ${found}`, { hint });
}
