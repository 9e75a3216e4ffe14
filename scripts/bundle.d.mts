import type { BuildOptions } from 'esbuild';

export function bundle(outfile: string, more?: BuildOptions): Promise<readonly string[]>;
