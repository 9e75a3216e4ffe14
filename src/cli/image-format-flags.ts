import { InvalidArgumentError, Option } from 'commander';
import type { FitOptions } from '../image/fit.ts';
import { type Family, mostLevel } from '../image/media.ts';
import type { Repacking } from '../image/repack.ts';
import { CommandError } from './error.ts';

/** Which manifests are written. */
export interface FormatFlags {
  readonly format?: 'oci' | 'v2s2';
}
/** What of an index is copied. */
export interface MultiArchFlags {
  readonly all?: boolean;
  readonly multiArch?: 'system' | 'all' | 'index-only';
}

/** How layers are packed. */
export interface PackFlags {
  readonly destCompress?: boolean;
  readonly destDecompress?: boolean;
  readonly destCompressFormat?: 'gzip' | 'zstd';
  readonly destCompressLevel?: number;
}

/** For commands that write images; with skopeo's words for formats. */
export function formatOption(): Option {
  const text = "write manifests in this format: OCI's, or Docker's schema 2; left out, they stay as they are";
  return new Option('-f, --format <FORMAT>', text).choices(['oci', 'v2s2']);
}

/** For commands that copy one image. */
export function multiArchOptions(): readonly Option[] {
  const text = 'of an index, the image for this system (or --platform), all with the index, or the index alone';
  return [
    new Option('-a, --all', 'every image of an index, and the index'),
    new Option('--multi-arch <WHICH>', text).choices(['system', 'all', 'index-only']).conflicts('all'),
  ];
}

/** For commands that copy one image: what is done to its layers. */
export function packOptions(): readonly Option[] {
  const compressing = ['destCompress', 'destCompressFormat', 'destCompressLevel'];
  return [
    new Option('--dest-compress', 'pack layers that are not packed'),
    new Option('--dest-decompress', 'unpack every layer').conflicts(compressing),
    new Option('--dest-compress-format <FORMAT>', 'pack every layer so, also what is packed otherwise').choices([
      'gzip',
      'zstd',
    ]),
    new Option('--dest-compress-level <LEVEL>', 'from 1, fast, to 9 (gzip) or 20 (zstd), small').argParser(parseLevel),
  ];
}

function parseLevel(text: string): number {
  const level = Number(text);
  if (/^\d+$/.test(text) && level >= 1 && level <= mostLevel.zstd) return level;
  throw new InvalidArgumentError(`Expected a number from 1 to ${mostLevel.gzip} (gzip) or ${mostLevel.zstd} (zstd)`);
}

/** What is done to layers; undefined where they stay as they are. @throws CommandError */
export function repackingOf(flags: PackFlags, env: Repacking['env']): Repacking | undefined {
  const { destCompress, destDecompress, destCompressFormat: format, destCompressLevel: level } = flags;
  if (destDecompress) return { packing: 'none', level: undefined, onlyPlain: false, env };
  if (!destCompress && format === undefined && level === undefined) return undefined;
  const packing = format ?? 'gzip';
  if (level !== undefined && level > mostLevel[packing]) {
    throw new CommandError(`Cannot pack with level ${level}: ${packing} has levels from 1 to ${mostLevel[packing]}`, {
      hint: 'Give a lower one, or --dest-compress-format zstd',
    });
  }
  return { packing, level, onlyPlain: format === undefined, env };
}

/** Skopeo's word for a format, as the copy takes it. */
export function formatOf({ format }: FormatFlags): Family | undefined {
  return format === 'v2s2' ? 'docker' : format;
}

/** Which images of an index are meant. */
export function choiceOf({ all, multiArch }: MultiArchFlags): Pick<FitOptions, 'all' | 'indexOnly'> {
  return { all: all ?? multiArch === 'all', indexOnly: multiArch === 'index-only' };
}
