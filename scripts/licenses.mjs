// The licences of packages whose code dist/ holds: whoever hands a copy on has to hand them on with it.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/**
 * The packages that bundles hold code of, as directories below the root: `node_modules/ajv`.
 *
 * @param metafiles of esbuild
 */
export function packagesIn(metafiles) {
  const outputs = metafiles.flatMap(metafile => Object.values(metafile.outputs));
  const held = outputs.flatMap(({ inputs }) => Object.keys(inputs).filter(file => inputs[file].bytesInOutput > 0));
  return [...new Set(held.flatMap(file => /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []))];
}

/**
 * One text with the licence of each package; those that have the same text share it.
 *
 * @throws where a package has none
 */
export function licensesOf(directories) {
  const texts = new Map();
  for (const directory of directories.toSorted()) {
    const { name, version, license } = JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8'));
    const text = licenseText(directory, license);
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...texts].map(([text, names]) => `${names.join('\n')}\n\n${text}`);
  return `Podstead holds code of these packages, each under its own licence.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

function licenseText(directory, license) {
  const file = readdirSync(join(root, directory)).find(name => /^licen[cs]e/i.test(name));
  if (file !== undefined) return `${readFileSync(join(root, directory, file), 'utf8').trim()}\n`;
  // Named alone: its text is ours, too.
  if (license === 'Apache-2.0') return `${readFileSync(join(root, 'LICENSE'), 'utf8').trim()}\n`;
  throw new Error(`Cannot ship ${directory}: it has no file with its licence (${license})`);
}
