import type { ApplyFlags, StrictFlag } from './flags.ts';
import type { AccessFlags } from './image-flags.ts';

export interface BundleCreateFlags extends StrictFlag, AccessFlags {
  readonly file: string;
  readonly base?: string;
  readonly platform?: string;
  /** Beside those that manifests name. */
  readonly image?: readonly string[];
}
export interface BasesFlag {
  readonly base?: readonly string[];
}
export interface BundleApplyFlags extends ApplyFlags, BasesFlag {}
