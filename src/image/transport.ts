import { ImageError } from './failure.ts';
import { formatName, parseName, type RegistryName } from './name.ts';

/** Where an image is or shall be, as containers-transports(5) spells it. */
export type Place =
  | { readonly transport: 'docker'; readonly name: RegistryName }
  /** A directory in OCI's image layout. `ref` is what `org.opencontainers.image.ref.name` says there. */
  | { readonly transport: 'oci' | 'oci-archive'; readonly path: string; readonly ref: string | undefined }
  /** One image as files in a directory: what skopeo's `dir:` is. */
  | { readonly transport: 'dir'; readonly path: string }
  /** What `docker save` writes. `name` is the tag in it. */
  | { readonly transport: 'docker-archive'; readonly path: string; readonly name: RegistryName | undefined }
  /** Tar archives, each of which is a layer of one image. It is only read. */
  | { readonly transport: 'tarball'; readonly paths: readonly string[] }
  /** In the store of Podman, or of Docker's daemon. One of the two is there. */
  | {
      readonly transport: 'containers-storage' | 'docker-daemon';
      readonly name: RegistryName | undefined;
      readonly id: string | undefined;
    };

export type Transport = Place['transport'];

/** Of the transports that containers-transports(5) has beside ours, what to do instead. */
const elsewhere: Readonly<Record<string, string>> = {
  ostree: 'Use oci: instead',
  sif: 'Use oci: instead',
};

/**
 * Reads `docker://NAME`, `oci:PATH[:REF]`, `oci-archive:PATH[:REF]`, `dir:PATH`, `docker-archive:PATH[:NAME]`,
 * `tarball:PATH[:PATH…]`, `containers-storage:NAME|@ID` or `docker-daemon:NAME:TAG|sha256:ID`.
 *
 * @throws ImageError `NAME_INVALID`
 */
export function parsePlace(text: string): Place {
  const colon = text.indexOf(':');
  const [transport, rest] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
  switch (transport) {
    case 'docker':
      return { transport, name: parseName(afterSlashes(text, rest)) };
    case 'oci':
    case 'oci-archive':
      return { transport, ...pathAndRef(text, rest) };
    case 'dir':
      if (rest === '') throw invalid(text, 'expected a path', 'dir:PATH');
      return { transport, path: rest };
    case 'docker-archive':
      return dockerArchive(text, rest);
    case 'tarball':
      return { transport, paths: tarballs(text, rest) };
    case 'containers-storage':
      return inStorage(text, rest);
    case 'docker-daemon':
      return inDaemon(text, rest);
    default:
      throw unknown(text, transport);
  }
}

const ours: readonly Transport[] = [
  'docker',
  'oci',
  'oci-archive',
  'dir',
  'docker-archive',
  'tarball',
  'containers-storage',
  'docker-daemon',
];

/** Whether a text is a place for {@link parsePlace}, be it one without a transport of ours, and no name of an image alone. */
export function isPlace(text: string): boolean {
  if (isPath(text) || text.includes('://')) return true;
  const transport = /^([a-z-]+):/.exec(text)?.[1];
  return transport !== undefined && (ours.some(each => each === transport) || Object.hasOwn(elsewhere, transport));
}

/** The same as text. */
export function formatPlace(place: Place): string {
  switch (place.transport) {
    case 'docker':
      return `docker://${formatName(place.name)}`;
    case 'dir':
      return `dir:${place.path}`;
    case 'docker-archive':
      return `docker-archive:${place.path}${place.name === undefined ? '' : `:${formatName(place.name)}`}`;
    case 'tarball':
      return `tarball:${place.paths.join(':')}`;
    case 'containers-storage':
      return `containers-storage:${place.name === undefined ? `@${place.id}` : formatName(place.name)}`;
    case 'docker-daemon':
      return `docker-daemon:${place.name === undefined ? place.id : formatName(place.name)}`;
    default:
      return `${place.transport}:${place.path}${place.ref === undefined ? '' : `:${place.ref}`}`;
  }
}

function afterSlashes(text: string, rest: string): string {
  const name = rest.replace(/^\/+/, '');
  const count = rest.length - name.length;
  if (name === '')
    throw invalid(text, 'expected the name of an image after "docker://"', 'docker://quay.io/team/web:1');
  if (count === 2) return name;
  throw invalid(
    text,
    `expected two slashes after "docker:", found ${count === 0 ? 'none' : count}`,
    `docker://${name}`,
  );
}

/** A path as people write it, which is no name of an image: those begin with a letter or a digit. */
function isPath(text: string): boolean {
  return /^(\/|\.{1,2}(\/|$)|~)/.test(text);
}

/** The grammar of `org.opencontainers.image.ref.name` (OCI image-spec, annotations.md). */
const refGrammar = /^[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*)*$/;

/** The path ends at the first colon, so that a reference may have one. */
function pathAndRef(text: string, rest: string): { readonly path: string; readonly ref: string | undefined } {
  const colon = rest.indexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const ref = colon < 0 ? undefined : rest.slice(colon + 1);
  if (path === '') throw invalid(text, 'expected a path', 'oci:PATH[:TAG]');
  if (ref !== undefined && !refGrammar.test(ref)) throw invalid(text, `found no tag in "${ref}"`, 'oci:PATH[:TAG]');
  return { path, ref };
}

function dockerArchive(text: string, rest: string): Place {
  const colon = rest.indexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const name = colon < 0 ? '' : rest.slice(colon + 1);
  const spelling = 'docker-archive:PATH[:NAME[:TAG]]';
  if (path === '') throw invalid(text, 'expected a path', spelling);
  if (name.startsWith('@')) throw invalid(text, 'found the number of an image', spelling);
  if (name === '') return { transport: 'docker-archive', path, name: undefined };
  const parsed = parseName(name);
  if (parsed.digest !== undefined) throw invalid(text, 'found a digest, which such an archive has not', spelling);
  return { transport: 'docker-archive', path, name: { ...parsed, tag: parsed.tag ?? 'latest' } };
}

function tarballs(text: string, rest: string): readonly string[] {
  const paths = rest.split(':');
  if (paths.includes('')) throw invalid(text, 'expected a path', 'tarball:PATH[:PATH]');
  if (paths.includes('-')) throw invalid(text, 'found standard input, which is read but once', 'tarball:PATH[:PATH]');
  return paths;
}

function inStorage(text: string, rest: string): Place {
  const transport = 'containers-storage';
  const spelling = 'containers-storage:NAME[:TAG]';
  if (rest.startsWith('[')) {
    const hint = 'Name the engine whose store it is with --engine or CONTAINER_HOST';
    throw new ImageError('NAME_INVALID', `Cannot read "${text}": the engine alone knows where its store is`, { hint });
  }
  const id = /^@([0-9a-f]{64})$/.exec(rest)?.[1];
  if (id !== undefined) return { transport, name: undefined, id };
  if (rest === '' || rest.startsWith('@')) throw invalid(text, 'expected a name, or @ and a whole id', spelling);
  return { transport, name: tagged(parseName(rest)), id: undefined };
}

function inDaemon(text: string, rest: string): Place {
  const transport = 'docker-daemon';
  const spelling = 'docker-daemon:NAME:TAG';
  if (/^sha256:[0-9a-f]{64}$/.test(rest)) return { transport, name: undefined, id: rest };
  const name = parseName(rest);
  // As skopeo: what is a name alone may be meant as an id.
  if (name.tag === undefined && name.digest === undefined) throw invalid(text, 'expected a tag', spelling);
  return { transport, name, id: undefined };
}

function tagged(name: RegistryName): RegistryName {
  return name.digest === undefined ? { ...name, tag: name.tag ?? 'latest' } : name;
}

function invalid(text: string, found: string, spelling: string): ImageError {
  return new ImageError('NAME_INVALID', `Cannot read "${text}": ${found}`, { hint: `Write it as in "${spelling}"` });
}

function unknown(text: string, transport: string): ImageError {
  const instead = Object.hasOwn(elsewhere, transport) ? elsewhere[transport] : undefined;
  if (instead !== undefined) {
    const message = `Cannot use "${text}": Podstead has no transport ${transport}: yet`;
    return new ImageError('NAME_INVALID', message, { hint: instead });
  }
  if (isPath(text)) {
    const message = `Cannot read "${text}": expected a transport before the path`;
    return new ImageError('NAME_INVALID', message, { hint: `Say what is there: ${readings(text).join(', ')}` });
  }
  const [, scheme, name] = /^([^/:]*:\/\/)\/*(.*)$/s.exec(text) ?? [];
  if (scheme !== undefined) {
    const message = `Cannot read "${text}": expected a transport, found "${scheme}"`;
    return new ImageError('NAME_INVALID', message, { hint: `For an image in a registry: docker://${name}` });
  }
  const message = `Cannot read "${text}": expected a transport before the name`;
  const hint = `For an image in a registry: docker://${text}; in a directory: oci:${text}`;
  return new ImageError('NAME_INVALID', message, { hint });
}

/** What a path may stand for. */
function readings(path: string): readonly string[] {
  const archives = [`oci-archive:${path}`, `docker-archive:${path}`];
  return /\.(tar|tgz|tar\.\w+)$/.test(path) ? archives : [`oci:${path}`, `dir:${path}`, ...archives];
}
