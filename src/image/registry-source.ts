import { type Access, openRepository, sourcesOf } from './access.ts';
import { download } from './blob.ts';
import { ImageError } from './failure.ts';
import type { Manifest } from './manifest.ts';
import { formatName, selectorOf } from './name.ts';
import type { PullSource } from './registries.ts';
import { fetchManifest, type Repository } from './repository.ts';
import type { ImageSource } from './source.ts';
import type { Place } from './transport.ts';

type RegistryPlace = Extract<Place, { transport: 'docker' }>;

/**
 * Reads an image in a registry: of its mirrors the first that has it, else where registries.conf says that it is.
 *
 * @throws ImageError; with mirrors also where none of them has it
 */
export async function registrySource(place: RegistryPlace, access: Access): Promise<ImageSource> {
  const sources = await sourcesOf(access, place.name);
  const failures: string[] = [];
  for (const source of sources.slice(0, -1)) {
    const found = await tryMirror(place, access, source);
    if (!(found instanceof ImageError)) return found;
    failures.push(`${formatName(source.name)}: ${found.message}`);
  }
  const [own] = sources.slice(-1);
  if (own === undefined) throw new Error(`${formatName(place.name)} has no place`);
  const repository = await openRepository(access, own.name, own);
  if (failures.length === 0) return sourceIn(place, repository, () => fetchManifest(repository, selectorOf(own.name)));
  try {
    const top = await fetchManifest(repository, selectorOf(own.name));
    return sourceIn(place, repository, async () => top);
  } catch (error) {
    await repository.registry.close();
    if (!(error instanceof ImageError)) throw error;
    const hint = `Its mirrors have it neither: ${failures.join('; ')}`;
    throw new ImageError(error.code, error.message, { hint, cause: error });
  }
}

/** Asks a mirror once: where it has the image it is the source, else the next one is asked. */
async function tryMirror(place: RegistryPlace, access: Access, source: PullSource): Promise<ImageSource | ImageError> {
  const repository = await openRepository(access, source.name, source);
  const { registry } = repository;
  try {
    const once = { ...repository, registry: { ...registry, retries: { ...registry.retries, times: 0 } } };
    const top = await fetchManifest(once, selectorOf(source.name));
    return sourceIn(place, repository, async () => top);
  } catch (error) {
    await registry.close();
    if (error instanceof ImageError) return error;
    throw error;
  }
}

function sourceIn(place: RegistryPlace, repository: Repository, top: () => Promise<Manifest>): ImageSource {
  return {
    place,
    repository,
    top,
    manifest: ({ digest }) => fetchManifest(repository, digest),
    blob: descriptor => download(repository, descriptor),
    close: () => repository.registry.close(),
  };
}
