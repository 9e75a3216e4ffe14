// The program as bundles, and beside them what is needed seldom: in memory the source of it would be held by every agent.
import { copyFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { packagesIn } from './licenses.mjs';

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
/** What validators were made with, and of: scripts/schema.ts. */
const generators = ['node_modules/ajv', 'node_modules/@kubernetes/client-node'];

/**
 * What few commands need, by the command's first word: the modules of src/cli that do it. The shipped main.cjs does without
 * them; tools.cjs has the whole program (docs/decisions/0037).
 */
export const tools = {
  adopt: ['adopt'],
  build: ['build', 'working', 'working-names'],
  bundle: ['bundle-apply', 'bundle-create', 'bundle-inspect'],
  doctor: ['doctor'],
  generate: ['generate', 'generate-kube', 'generate-quadlet'],
  image: [
    ...['image-copy', 'image-list', 'image-login', 'image-look', 'image-prune', 'image-pull', 'image-sign'],
    ...['image-sync', 'image-verify'],
  ],
  install: ['install'],
  uninstall: ['install'],
};

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
 * Bundles the program as it is shipped: main.cjs and tools.cjs.
 *
 * @param directory absolute path
 * @returns the packages that it holds code of, as directories below the root
 */
export async function bundleShipped(directory) {
  const asFunction = {
    // The function that Node would wrap it in, written out: wrapping at start copies all of it.
    banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
    footer: { js: '})' },
  };
  const withoutTools = { ...asFunction, plugins: [{ name: 'tools', setup: leaveTools }] };
  const { metafile } = await program(join(directory, 'main.cjs'), withoutTools);
  return [...new Set([...packagesIn([metafile]), ...(await bundle(join(directory, 'tools.cjs'), asFunction))])];
}

/**
 * Bundles all of src/cli/main.ts as one file, with the files beside it.
 *
 * @param outfile absolute path
 * @param more further options of esbuild
 * @returns the packages that it holds code of, as directories below the root
 */
export async function bundle(outfile, more = {}) {
  const beside = name => join(dirname(outfile), name);
  const entries = Object.entries({ ...Object.fromEntries(late.map(name => [name, name])), ...files });
  const others = entries.map(([name, file]) => {
    const entry = name.startsWith('.') ? join('src/image', name) : name;
    return build({ ...options, entryPoints: [entry], outfile: beside(`${file}.cjs`) });
  });
  const built = await Promise.all([program(outfile, more), ...others]);
  for (const [name, file] of Object.entries(whole)) {
    copyFileSync(join(root, file), beside(`${name}.cjs`));
    copyFileSync(join(root, `node_modules/${name}/LICENSE`), beside(`${name}.LICENSE`));
  }
  copyFileSync(join(root, 'src/manifest/generated/others.cjs'), beside('others.cjs'));
  const copied = Object.keys(whole).map(name => `node_modules/${name}`);
  return [...new Set([...packagesIn(built.map(({ metafile }) => metafile)), ...copied, ...generators])];
}

function program(outfile, { plugins = [], ...more }) {
  return build({
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
}

/** Where commands are declared; what else imports such a module keeps it. */
const declarations = /\/src\/cli\/([a-z]+-)?commands(-files)?\.ts$/;

function leaveTools(steps) {
  const names = new RegExp(`^\\./(${Object.values(tools).flat().join('|')})\\.ts$`);
  steps.onResolve({ filter: names }, ({ importer, kind }) =>
    kind === 'dynamic-import' && declarations.test(importer) ? { path: './tools.cjs', external: true } : undefined,
  );
}

function leaveLate(steps) {
  const names = new RegExp(`^(${[...late, ...Object.keys(files), ...Object.keys(whole)].join('|')})$`);
  steps.onResolve({ filter: names }, ({ path, importer }) =>
    importer.startsWith(join(root, 'src')) ? { path: `./${files[path] ?? path}.cjs`, external: true } : undefined,
  );
}
