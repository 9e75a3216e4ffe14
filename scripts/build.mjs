// Bundles src/cli/main.ts into dist/: one small entry, and chunks that commands load when they need them.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');

generate();
mkdirSync(dist, { recursive: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: { podstead: 'src/cli/main.ts' },
  outdir: dist,
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunk-[hash]',
  // Dependencies written as CommonJS call require, which ES modules do not have.
  banner: { js: "import{createRequire as __require}from'node:module';const require=__require(import.meta.url);" },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
chmodSync(join(dist, 'podstead.mjs'), 0o755);
removeStale(Object.keys(result.metafile.outputs).map(output => resolve(root, output)));

/** Chunks are named by their content: those of earlier builds stay behind. */
function removeStale(outputs) {
  for (const name of readdirSync(dist)) {
    const path = join(dist, name);
    if (!outputs.includes(path)) rmSync(path, { recursive: true });
  }
}

/** Validators of manifests, as code, so that no schema is compiled at start. */
function generate() {
  const made = modified('src/manifest/generated/validators.js');
  const inputs = ['schema/kubernetes.json', 'scripts/schema.ts', 'scripts/schema-overlay.ts'];
  if (made > Math.max(...inputs.map(modified))) return;
  const program =
    "const{generateValidators}=await import('./scripts/schema.ts');await generateValidators('src/manifest/generated')";
  const words = ['--import', 'tsx', '--input-type=module', '--eval', program];
  execFileSync(process.execPath, words, { cwd: root, stdio: ['inherit', 2, 2] });
}

function modified(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
