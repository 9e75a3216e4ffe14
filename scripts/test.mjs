// `npm test [-- --unit --e2e --machine] [--check] [--long] [--matrix] [FILTER...]`: sets up what the tests need, runs them
// (of the first three options those that are named, else all), and ends with the plain line `N passed, N failed`.
// --check counts types and style as tests too; --long runs each property twenty times as often (docs/reliability.md);
// --matrix runs the end-to-end tests in the newest Debian that we support.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { openHost, openRoot } from './inside.mjs';
import { failuresOf, totalsOf } from './report.mjs';
import { root, setUp } from './setup.mjs';

const args = process.argv.slice(2);
const options = ['--unit', '--e2e', '--machine', '--check', '--long', '--matrix'];
const unknown = args.find(arg => arg.startsWith('-') && !options.includes(arg));
if (unknown !== undefined) {
  process.stderr.write(`Cannot use "${unknown}": expected ${options.join(', ')}, or a part of a file's name\n`);
  process.exit(2);
}
const only = ['--unit', '--e2e', '--machine'].filter(option => args.includes(option));
const filters = args.filter(arg => !arg.startsWith('--'));
const cache = join(root, '.cache');
const inherited = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] };
/** One file of tests that takes longer hangs: it is ended, and fails, where it would hold up all others for ever. */
const fileLimitMs = args.includes('--long') ? 0 : 20 * 60_000;
if (args.includes('--long')) process.env.TEST_SCALE ??= '20';

setUp({ tests: true });
mkdirSync(cache, { recursive: true });
const all = readdirSync(join(root, 'test'), { withFileTypes: true, recursive: true })
  .filter(entry => entry.isFile())
  .map(entry => relative(root, join(entry.parentPath, entry.name)))
  .filter(file => filters.length === 0 || filters.some(filter => file.includes(filter)))
  .sort();

const matrix = args.includes('--matrix');
const inside = matrix ? openRoot(root) : openHost();
const endToEnd = all.filter(file => file.endsWith('.e2e.ts'));
const bootsMachine = file => basename(file).startsWith('machine');
const suites = [
  { name: 'unit', option: '--unit', files: all.filter(file => file.endsWith('.test.ts')), atOnce: () => 2 },
  // They share one host's ports, locks and disk.
  { name: 'e2e', option: '--e2e', files: endToEnd.filter(file => !bootsMachine(file)), atOnce: () => 1, place: inside },
  // Each names the Debian that it boots itself.
  { name: 'machine', option: '--machine', files: longestFirst(endToEnd.filter(bootsMachine)), atOnce: machinesAtOnce },
];
const totals = [
  ...(args.includes('--check')
    ? [runCheck('tsc', ['-p', '.']), runCheck('biome', ['ci', '.']), runCheck('tsx', ['scripts/schema.ts', '--check'])]
    : []),
  ...suites.filter(suite => only.length === 0 || only.includes(suite.option)).map(runSuite),
];
inside.close();
const sum = field => totals.reduce((total, one) => total + one[field], 0);
const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
if (passed + failed + skipped === 0) process.stderr.write('No test ran\n');
for (const failure of totals.flatMap(one => one.failures)) process.stdout.write(`Failed: ${failure}\n`);
if (sum('runs') > 0) process.stdout.write(`${sum('runs')} runs of properties\n`);
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
// All of them skipped is no failure: each said what this host lacks.
process.exitCode = failed > 0 || passed + skipped === 0 ? 1 : 0;

function runCheck(command, words) {
  const program = join(root, 'node_modules/.bin', command);
  const { status } = spawnSync(program, words, inherited);
  process.stdout.write(`${status === 0 ? 'ok' : 'not ok'}: ${command}\n`);
  const found = { passed: 0, failed: 0, skipped: 0, runs: 0, failures: [] };
  return status === 0 ? { ...found, passed: 1 } : { ...found, failed: 1, failures: [command] };
}

/** As it was measured; in between, the others in any order. What is begun last would run on alone. */
function longestFirst(files) {
  const long = ['machine-units-cut', 'machine', 'machine-docs', 'machine-cut', 'machine-user', 'machine-upgrade'];
  const place = file => long.indexOf(basename(file, '.e2e.ts')) + 1 || long.length + 1;
  return files.toSorted((one, other) => place(one) - place(other));
}

/** Begins to make what they all need, which takes minutes where `.cache/` has nothing. */
function machinesAtOnce() {
  if (filters.length === 0) spawn(process.execPath, ['--import', 'tsx', 'test/machine/prepare.ts'], inherited);
  return execFileSync(process.execPath, ['--import', 'tsx', 'test/machine/at-once.ts'], { cwd: root })
    .toString()
    .trim();
}

function runSuite({ name, files, atOnce, place = { words: [] } }) {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0, runs: 0, failures: [] };
  const report = join('.cache', `${name}${matrix ? '-matrix' : ''}.tap`);
  // Node 20 finds no TypeScript by itself, and given none it runs nothing and calls that success: name each file.
  const limit = fileLimitMs > 0 ? [`--test-timeout=${fileLimitMs}`] : [];
  const node = ['--import', 'tsx', ...limit, 'scripts/run-tests.mjs', report, atOnce(), fileLimitMs, ...files].map(
    String,
  );
  const [command, ...words] = [...place.words, matrix ? 'node' : process.execPath, ...node];
  const { status } = spawnSync(command, words, inherited);
  const text = readFileSync(join(root, report), 'utf8');
  const found = { ...totalsOf(text), failures: failuresOf(text) };
  // A runner that broke down without counting a failure is a failure.
  return status !== 0 && found.failed === 0 ? { ...found, failed: 1, failures: [`the runner of ${name}`] } : found;
}
