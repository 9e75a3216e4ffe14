// Bundles the program into dist/, with its code cache and the launcher that runs it from there.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleShipped, tools } from './bundle.mjs';
import { licensesOf } from './licenses.mjs';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Swapped in whole: what runs from dist/ meanwhile keeps finding it. */
const next = join(root, 'dist-next');

generate();
rmSync(next, { recursive: true, force: true });
mkdirSync(next);
const packages = await bundleShipped(next);
writeFileSync(join(next, 'licenses.txt'), licensesOf(packages));
const entry = join(next, 'podstead.cjs');
const launcher = readFileSync(join(root, 'scripts/launcher.cjs'), 'utf8');
writeFileSync(entry, launcher.replace("['tools']", JSON.stringify(Object.keys(tools))));
chmodSync(entry, 0o755);
// `podstead install` takes them from there.
cpSync(join(root, 'systemd'), join(next, 'systemd'), { recursive: true });
for (const name of ['main', 'tools']) {
  const words = [join(root, 'scripts/warm.mjs'), next, name];
  execFileSync(process.execPath, words, { cwd: root, stdio: ['ignore', 'ignore', 2] });
}
rmSync(dist, { recursive: true, force: true });
renameSync(next, dist);

/** Validators of manifests, as code, so that no schema is compiled at start. */
function generate() {
  const made = modified('src/manifest/generated/others.cjs');
  const inputs = [
    'schema/kubernetes.json',
    'schema/imagebuild.schema.json',
    'scripts/schema.ts',
    'scripts/schema-overlay.ts',
  ];
  if (made > Math.max(...inputs.map(modified))) return;
  const program =
    "const{generateValidators}=await import('./scripts/schema.ts');await generateValidators('src/manifest/generated')";
  const words = ['--import', 'tsx', '--input-type=module', '--eval', program];
  execFileSync(process.execPath, words, { cwd: root, stdio: ['inherit', 2, 2] });
}

function modified(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
