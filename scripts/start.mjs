// `npm start`: sets up this host, then keeps manifests/ running in the foreground, in this very process.
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findFiles, isStatic } from './host.mjs';
import { root, setUp } from './setup.mjs';

/** The sample's image is built from nothing but this program, so that no registry is needed. */
function copyBusybox(directory) {
  const from = findFiles('busybox').find(isStatic);
  const to = join(directory, 'busybox');
  if (from === undefined || isSame(from, to)) return;
  copyFileSync(from, to);
}

function isSame(a, b) {
  const size = statSync(b, { throwIfNoEntry: false })?.size;
  return size === statSync(a).size && readFileSync(a).equals(readFileSync(b));
}

setUp({ tests: false });
copyBusybox(join(root, 'manifests/hello'));

const program = join(root, 'dist/podstead.cjs');
process.chdir(root);
process.argv = [process.execPath, program, 'run', 'manifests', ...process.argv.slice(2)];
await import(program);
