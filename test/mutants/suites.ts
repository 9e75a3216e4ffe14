import { readdirSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { inTurns } from './turns.ts';

/** Seed of the property tests, so that a run can be repeated. */
export const propertySeed = 20_260_801;

/** Tests that start programs, watch files or read pages: too slow to meet every fault, and they meet few. */
const leftOut = /^test\/((bench|cli|docs|e2e|faults|fuzz|machine|mutants|source|systemd)\/|[^/]+$|manifest\/docs)/;

/** A test file as one program that keeps its tests ready (see serve.ts). */
export interface Bundle {
  /** The test file below the root. */
  readonly suite: string;
  /** Absolute path of the program. */
  readonly program: string;
  /** Everything of src/ that is in it, below the root. */
  readonly sources: ReadonlySet<string>;
}

/** Test files that meet faults, below the root. */
export function suitesOf(dir: string): readonly string[] {
  return readdirSync(join(dir, 'test'), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map(entry => relative(dir, join(entry.parentPath, entry.name)))
    .filter(file => !leftOut.test(file))
    .sort();
}

/**
 * Bundles test files beside themselves, as `NAME.LABEL.mjs`.
 *
 * @param changed texts that stand in for files of src/, by their paths below the root
 */
export async function bundle(
  dir: string,
  suites: readonly string[],
  label: string,
  changed: ReadonlyMap<string, string>,
): Promise<readonly Bundle[]> {
  return inTurns(suites, suites.length, async suite => {
    const program = join(dir, suite.replace(/\.ts$/, `.${label}.mjs`));
    const { sources, isSeeded } = await make(dir, suite, program, changed, '');
    if (isSeeded) await make(dir, suite, program, changed, seed);
    return { suite, program, sources: new Set(sources) };
  });
}

/** Comes before the tests; only into a bundle that has property tests, as it takes a while to load. */
const seed = `import fastCheck from 'fast-check';\nfastCheck.configureGlobal({ seed: ${propertySeed} });\n`;

async function make(
  dir: string,
  suite: string,
  outfile: string,
  changed: ReadonlyMap<string, string>,
  banner: string,
): Promise<{ readonly sources: readonly string[]; readonly isSeeded: boolean }> {
  const contents = `import './${suite}';\nimport { serve } from './test/mutants/serve.ts';\nserve();\n`;
  const { metafile } = await build({
    absWorkingDir: dir,
    stdin: { contents, resolveDir: dir, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    metafile: true,
    logLevel: 'error',
    banner: { js: banner },
    plugins: [standIns(dir, changed)],
  });
  await copyFile(join(dir, 'src/manifest/generated/others.cjs'), join(outfile, '../others.cjs'));
  const imports = Object.values(metafile.outputs).flatMap(output => output.imports);
  return {
    sources: Object.keys(metafile.inputs).filter(input => input.startsWith('src/')),
    isSeeded: imports.some(({ path }) => path === 'fast-check'),
  };
}

/** Our registry for node:test, and changed texts for files. */
function standIns(dir: string, changed: ReadonlyMap<string, string>): Plugin {
  return {
    name: 'stand-ins',
    setup: ({ onLoad, onResolve }) => {
      onResolve({ filter: /^node:test$/ }, () => ({ path: join(dir, 'test/mutants/registry.ts') }));
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = changed.get(relative(dir, path));
        return contents === undefined ? undefined : { contents, loader: 'ts' };
      });
    },
  };
}
