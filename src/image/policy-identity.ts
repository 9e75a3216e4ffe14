import { fieldsOf, type Placed, textOf, wrong } from './json-file.ts';
import { formatName, parseName, type RegistryName, repositoryOf } from './name.ts';
import type { SignedIdentity } from './policy.ts';

/** What holds where a requirement names no identity. */
export const defaultIdentity: SignedIdentity = { type: 'matchRepoDigestOrExact' };

/** Reads a `signedIdentity`. @throws ImageError `TRUST_INVALID` */
export function readIdentity(at: Placed): SignedIdentity {
  const typeAt = fieldsOf(at).get('type');
  if (typeAt === undefined) throw wrong(at, 'expected "type"');
  const type = textOf(typeAt);
  const field = (name: string, ...others: readonly string[]): Placed => {
    const fields = fieldsOf(at, found => ['type', name, ...others].includes(found));
    const value = fields.get(name);
    if (value !== undefined) return value;
    throw wrong(at, `expected "${name}"`);
  };
  switch (type) {
    case 'matchExact':
    case 'matchRepoDigestOrExact':
    case 'matchRepository':
      fieldsOf(at, name => name === 'type');
      return { type };
    case 'exactReference': {
      const value = field('dockerReference');
      const name = nameAt(value);
      if (name.tag === undefined && name.digest === undefined) throw wrong(value, 'expected a tag or a digest');
      return { type, name };
    }
    case 'exactRepository':
      return { type, name: nameAt(field('dockerRepository')) };
    case 'remapIdentity':
      return {
        type,
        prefix: prefixAt(field('prefix', 'signedPrefix')),
        signedPrefix: prefixAt(field('signedPrefix', 'prefix')),
      };
    default:
      throw wrong(typeAt, `found the unknown identity "${type}"`);
  }
}

function nameAt(at: Placed): RegistryName {
  try {
    return parseName(textOf(at));
  } catch {
    throw wrong(at, `found "${textOf(at)}", expected the name of an image`);
  }
}

/** A host, or the start of a repository's full name: neither tag nor digest, and no short name. */
function prefixAt(at: Placed): string {
  const text = textOf(at);
  if (/^[A-Za-z0-9.-]+(?::\d+)?$/.test(text)) return text;
  const name = nameAt(at);
  const isFull = repositoryOf(name) === text;
  if (isFull && name.tag === undefined && name.digest === undefined) return text;
  throw wrong(at, `found "${text}", expected a registry or the start of a full name`);
}

/**
 * Whether a signature's name for an image is the one that is wanted.
 *
 * @param signed as the signature has it
 * @param image the image's name; undefined where its transport gives it none
 * @returns why not, for people; undefined where it is
 */
export function mismatch(wanted: SignedIdentity, signed: string, image: RegistryName | undefined): string | undefined {
  const name = parsed(signed);
  const expected = expectation(wanted, image);
  if (expected === undefined) return 'an image of this transport has no name that a signature could give';
  if (name !== undefined && fits(wanted, name, expected)) return undefined;
  const isRepository = wanted.type === 'matchRepository' || wanted.type === 'exactRepository';
  return `it is for "${signed}", expected "${isRepository ? repositoryOf(expected) : formatName(expected)}"`;
}

function parsed(text: string): RegistryName | undefined {
  try {
    return parseName(text);
  } catch {
    return undefined;
  }
}

function expectation(wanted: SignedIdentity, image: RegistryName | undefined): RegistryName | undefined {
  if ('name' in wanted) return wanted.name;
  if (image === undefined || wanted.type !== 'remapIdentity') return image;
  const { prefix, signedPrefix } = wanted;
  const full = repositoryOf(image);
  if (full !== prefix && !full.startsWith(`${prefix}/`)) return image;
  const mapped = parsed(signedPrefix + full.slice(prefix.length));
  return mapped && { ...mapped, tag: image.tag, digest: image.digest };
}

function fits({ type }: SignedIdentity, signed: RegistryName, expected: RegistryName): boolean {
  const isSameRepository = repositoryOf(signed) === repositoryOf(expected);
  if (type === 'matchRepository' || type === 'exactRepository') return isSameRepository;
  // What names no image exactly proves nothing of one.
  if (signed.tag === undefined && signed.digest === undefined) return false;
  const isSame = isSameRepository && formatName(signed) === formatName(expected);
  if (type === 'matchExact' || type === 'exactReference') return isSame;
  return expected.tag === undefined && expected.digest !== undefined ? isSameRepository : isSame;
}
