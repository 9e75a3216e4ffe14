import { ImageError } from './failure.ts';
import { isRecord, text, type Unread } from './json.ts';
import type { Descriptor, ImageIndex } from './manifest.ts';

/** What an image runs on, in Go's words (GOOS, GOARCH). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** Of an ARM processor: `v7`, `v8`. */
  readonly variant: string | undefined;
}

/** Go's words for Node's `process.arch`, where they differ. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', mipsel: 'mipsle' };

/** The platform of a host, by `process.arch`; containers run on Linux. */
export function hostPlatform(arch: string): Platform {
  return { os: 'linux', architecture: architectures[arch] ?? arch, variant: undefined };
}

/** Reads `OS/ARCH[/VARIANT]`. @throws ImageError `NAME_INVALID` */
export function parsePlatform(given: string): Platform {
  const [os = '', architecture = '', variant, ...more] = given.split('/');
  const isGood = [os, architecture, variant ?? 'v'].every(word => /^[a-z0-9_.-]+$/.test(word)) && more.length === 0;
  if (isGood) return { os, architecture, variant };
  const hint = 'Write it as in "linux/arm64" or "linux/arm/v7"';
  throw new ImageError('NAME_INVALID', `Cannot read "${given}": expected a platform`, { hint });
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** The `platform` of a descriptor; undefined where it names none. */
export function readPlatform(value: Unread): Platform | undefined {
  if (!isRecord(value)) return undefined;
  const [os, architecture] = [text(value.os), text(value.architecture)];
  if (os === undefined || architecture === undefined) return undefined;
  return { os, architecture, variant: text(value.variant) || undefined };
}

/**
 * The image of an index for a platform: of its very variant, else the first of its architecture.
 *
 * @throws ImageError `PLATFORM_MISSING`, with what there is
 */
export function choose(index: ImageIndex, wanted: Platform, what: string): Descriptor {
  const fits = index.manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  // Without a wish, the plain one first: a host of today runs it.
  const best = fits.find(({ platform }) => platform?.variant === wanted.variant);
  const found = best ?? (wanted.variant === undefined ? fits[0] : undefined);
  if (found !== undefined) return found;
  const there = index.manifests.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]));
  throw new ImageError('PLATFORM_MISSING', `Cannot find ${what} for ${formatPlatform(wanted)}`, {
    hint: there.length === 0 ? 'Its index names no platforms' : `It is there for ${[...new Set(there)].join(', ')}`,
  });
}
