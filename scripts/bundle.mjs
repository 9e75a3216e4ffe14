// The program as one file, and beside it what is needed seldom: in memory the source of it would be held by every agent.
import { copyFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { packagesIn } from './licenses.mjs';

const root = resolve(import.meta.dirname, '..');
/** Packages that are imported late. */
const late = ['dockerfile-ast', 'tar'];
/** Those whose file has another name than they: packages, and a file of ours that stands for several. */
const files = { '@humanwhocodes/momoa': 'momoa', './sigstore-library.ts': 'sigstore' };
/**
 * Those that stay as they came: whoever has the bundle may put another openpgp.cjs in its place, as the LGPL gives them
 * the right to (docs/decisions/0023).
 */
const whole = { openpgp: 'node_modules/openpgp/dist/node/openpgp.min.cjs' };
/** What validators were made with, and of: scripts/schema.ts. */
const generators = ['node_modules/ajv', 'node_modules/@kubernetes/client-node'];

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
  metafile: true,
  logLevel: 'warning',
};

/**
 * Bundles src/cli/main.ts.
 *
 * @param outfile absolute path
 * @param more further options of esbuild
 * @returns the packages that it holds code of, as directories below the root
 */
export async function bundle(outfile, { plugins = [], ...more } = {}) {
  const main = build({
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
  const entries = Object.entries({ ...Object.fromEntries(late.map(name => [name, name])), ...files });
  const others = entries.map(([name, file]) => {
    const entry = name.startsWith('.') ? join('src/image', name) : name;
    return build({ ...options, entryPoints: [entry], outfile: beside(`${file}.cjs`) });
  });
  const built = await Promise.all([main, ...others]);
  for (const [name, file] of Object.entries(whole)) {
    copyFileSync(join(root, file), beside(`${name}.cjs`));
    copyFileSync(join(root, `node_modules/${name}/LICENSE`), beside(`${name}.LICENSE`));
  }
  copyFileSync(join(root, 'src/manifest/generated/others.cjs'), beside('others.cjs'));
  const copied = Object.keys(whole).map(name => `node_modules/${name}`);
  return [...new Set([...packagesIn(built.map(({ metafile }) => metafile)), ...copied, ...generators])];
}

function leaveLate(steps) {
  const names = new RegExp(`^(${[...late, ...Object.keys(files), ...Object.keys(whole)].join('|')})$`);
  steps.onResolve({ filter: names }, ({ path, importer }) =>
    importer.startsWith(join(root, 'src')) ? { path: `./${files[path] ?? path}.cjs`, external: true } : undefined,
  );
}
