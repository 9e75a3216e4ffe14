import { Option } from 'commander';
import type { FitOptions } from '../image/fit.ts';
import type { Family } from '../image/media.ts';

/** Which manifests are written. */
export interface FormatFlags {
  readonly format?: 'oci' | 'v2s2';
}
/** What of an index is copied. */
export interface MultiArchFlags {
  readonly all?: boolean;
  readonly multiArch?: 'system' | 'all' | 'index-only';
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

/** Skopeo's word for a format, as the copy takes it. */
export function formatOf({ format }: FormatFlags): Family | undefined {
  return format === 'v2s2' ? 'docker' : format;
}

/** Which images of an index are meant. */
export function choiceOf({ all, multiArch }: MultiArchFlags): Pick<FitOptions, 'all' | 'indexOnly'> {
  return { all: all ?? multiArch === 'all', indexOnly: multiArch === 'index-only' };
}
