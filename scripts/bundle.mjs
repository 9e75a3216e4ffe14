// The program as one file, and beside it what is needed seldom: in memory the source of it would be held by every agent.
import { copyFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
/** Packages that are imported late. */
const late = ['dockerfile-ast', 'fzstd', 'tar'];
/** Those whose file has another name than they: packages, and a file of ours that stands for several. */
const files = {
  '@hpcc-js/wasm-zstd': 'wasm-zstd',
  '@humanwhocodes/momoa': 'momoa',
  './sigstore-library.ts': 'sigstore',
};
/**
 * Those that stay as they came: whoever has the bundle may put another openpgp.cjs in its place, as the LGPL gives them
 * the right to (docs/decisions/0023).
 */
const whole = { openpgp: 'node_modules/openpgp/dist/node/openpgp.min.cjs' };

const options = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  // Modules that are imported late stay functions until then.
  format: 'cjs',
  charset: 'ascii',
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  logLevel: 'warning',
};

/**
 * Bundles src/cli/main.ts.
 *
 * @param outfile absolute path
 * @param more further options of esbuild
 */
export async function bundle(outfile, { plugins = [], ...more } = {}) {
  await build({
    ...options,
    ...more,
    entryPoints: ['src/cli/main.ts'],
    outfile,
    plugins: [...plugins, { name: 'late', setup: leaveLate }],
    // The bundle is run as a script, which has require() alone.
    supported: { 'dynamic-import': false },
    // What is required at run time is looked for beside the bundle.
    define: { 'import.meta.url': '__filename' },
  });
  const beside = name => join(dirname(outfile), name);
  for (const name of late) await build({ ...options, entryPoints: [name], outfile: beside(`${name}.cjs`) });
  for (const [name, file] of Object.entries(files)) {
    const entry = name.startsWith('.') ? join('src/image', name) : name;
    await build({ ...options, entryPoints: [entry], outfile: beside(`${file}.cjs`) });
  }
  for (const [name, file] of Object.entries(whole)) {
    copyFileSync(join(root, file), beside(`${name}.cjs`));
    copyFileSync(join(root, `node_modules/${name}/LICENSE`), beside(`${name}.LICENSE`));
  }
  copyFileSync(join(root, 'src/manifest/generated/others.cjs'), beside('others.cjs'));
}

function leaveLate(steps) {
  const names = new RegExp(`^(${[...late, ...Object.keys(files), ...Object.keys(whole)].join('|')})$`);
  steps.onResolve({ filter: names }, ({ path, importer }) =>
    importer.startsWith(join(root, 'src')) ? { path: `./${files[path] ?? path}.cjs`, external: true } : undefined,
  );
}
