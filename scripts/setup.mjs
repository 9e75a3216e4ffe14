// Sets up what running (and with --tests, testing) needs: Debian's packages, npm's packages, the bundle.
// Safe to repeat; looks at a few files and does nothing when all is there.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { canInstall, install, installCommand, keepRegistryStopped, missingPackages, run } from './host.mjs';

export const root = resolve(import.meta.dirname, '..');

/** Ends the process with a message where something is missing that it cannot get. */
export function setUp({ tests }) {
  needNode();
  needPackages({ tests });
  needModules();
  needBundle();
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(...lines) {
  for (const line of lines) say(line);
  process.exit(1);
}

function needNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Cannot start: Node ${process.versions.node} is too old, 20.19 or later is needed`);
}

function needPackages({ tests }) {
  const missing = missingPackages({ tests });
  if (missing.length === 0) return;
  const command = installCommand(missing);
  if (!canInstall()) fail(`Missing on this host: ${missing.join(' ')}`, `Install them, then try again: ${command}`);
  say(`Installing Debian packages: ${missing.join(' ')}`);
  if (keepRegistryStopped(missing)) say('Masked docker-registry.service: the tests start a registry of their own');
  install(missing);
  const left = missingPackages({ tests });
  if (left.length > 0) fail(`Still missing on this host: ${left.join(' ')}`, `Try by hand: ${installCommand(left)}`);
}

function needModules() {
  if (modulesMatch()) return;
  say('Installing npm packages: npm ci');
  const npm = process.env.npm_execpath;
  try {
    if (npm?.endsWith('.js')) run(process.execPath, [npm, 'ci'], { cwd: root });
    else run('npm', ['ci'], { cwd: root });
  } catch {
    fail('Cannot install the npm packages: `npm ci` failed, see above');
  }
}

/** Compares what the lockfile asks for with what npm noted that it installed: times say nothing after a checkout. */
function modulesMatch() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages ?? {};
  const installed = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  if (installed === undefined) return false;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

function needBundle() {
  if (isFresh()) return;
  say('Building dist/podstead.cjs');
  try {
    run(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root });
  } catch {
    fail('Cannot build dist/podstead.cjs: `node scripts/build.mjs` failed, see above');
  }
}

function isFresh() {
  const built = modified(join(root, 'dist/podstead.cjs'));
  const inputs = [
    'node_modules/.package-lock.json',
    'schema/kubernetes.json',
    ...['build.mjs', 'bundle.mjs', 'launcher.cjs', 'licenses.mjs', 'schema.ts', 'schema-overlay.ts', 'warm.mjs'].map(
      file => `scripts/${file}`,
    ),
  ];
  return (
    built >
    Math.max(
      newest(join(root, 'src')),
      newest(join(root, 'systemd')),
      ...inputs.map(file => modified(join(root, file))),
    )
  );
}

function newest(directory) {
  const times = readdirSync(directory, { withFileTypes: true, recursive: true })
    // The build writes validators there itself.
    .filter(entry => !join(entry.parentPath, entry.name).startsWith(join(directory, 'manifest/generated')))
    .filter(entry => entry.name !== 'manifest')
    // Of folders too: that a file was removed shows there.
    .map(entry => modified(join(entry.parentPath, entry.name)));
  return Math.max(0, ...times);
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  setUp({ tests: process.argv.includes('--tests') });
}
