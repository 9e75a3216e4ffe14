import type { BuildOptions } from 'esbuild';

export function bundle(outfile: string, more?: BuildOptions): Promise<readonly string[]>;
export function bundleShipped(directory: string): Promise<readonly string[]>;
export const tools: Readonly<Record<string, readonly string[]>>;
