import type { Access } from './access.ts';
import { ImageError } from './failure.ts';
import { parseName } from './name.ts';
import { resolveName } from './short-name.ts';
import { type JudgedSource, openSource } from './source.ts';
import { isPlace, type Place, parsePlace } from './transport.ts';

/**
 * Opens an image as a user names it: with a transport, or as podman takes it. A short name that may stand for several
 * images is the first of them that is there.
 *
 * @throws ImageError
 */
export async function openNamed(text: string, access: Access): Promise<JudgedSource> {
  return isPlace(text) ? openSource(parsePlace(text), access) : openReference(text, access);
}

/**
 * Opens an image as manifests name it: a reference whatever it looks like, also where a word of it is a transport's.
 *
 * @throws ImageError
 */
export async function openReference(text: string, access: Access): Promise<JudgedSource> {
  const places = await placesOf(text, access);
  const failures: string[] = [];
  for (const place of places.slice(0, -1)) {
    const found = await tryPlace(place, access);
    if (!(found instanceof ImageError)) return found;
    failures.push(found.message);
  }
  const [last] = places.slice(-1);
  if (last === undefined) throw new Error(`${text} has no place`);
  if (failures.length === 0) return openSource(last, access);
  const found = await tryPlace(last, access);
  if (!(found instanceof ImageError)) return found;
  throw new ImageError(found.code, `Cannot find "${text}": ${[...failures, found.message].join('; ')}`, {
    hint: 'Write its registry',
    cause: found,
  });
}

async function placesOf(text: string, { registries }: Access): Promise<readonly Place[]> {
  const names = registries === undefined ? [parseName(text)] : resolveName(await registries(), text);
  return names.map(name => ({ transport: 'docker', name }));
}

async function tryPlace(place: Place, access: Access): Promise<JudgedSource | ImageError> {
  try {
    const source = await openSource(place, access);
    try {
      const top = await source.top();
      return { ...source, top: async () => top };
    } catch (error) {
      await source.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
}
