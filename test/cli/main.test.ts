import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { version } from '../../src/cli/version.ts';
import { assertSchema } from './schemas.ts';

const root = resolve(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'podstead-cli-'));
after(() => rmSync(dir, { recursive: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function podstead(args: readonly string[], input = ''): Ran {
  const words = ['--import', 'tsx', join(root, 'src/cli/main.ts'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, input, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - {name: a, image: b}\n';

test('podstead --version tells the version of package.json', () => {
  const { version: packaged } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(version, packaged);
  assert.deepEqual(podstead(['--version']), { code: 0, out: `${version}\n`, err: '' });
});

const commands = ['run', 'apply', 'plan', 'diff', 'validate', 'status', 'why', 'logs', 'exec', 'down', 'doctor'];
for (const command of [...commands, 'generate systemd']) {
  test(`podstead ${command} --help shows examples and the global options on standard output`, () => {
    const { code, out, err } = podstead([...command.split(' '), '--help']);
    assert.deepEqual({ code, err }, { code: 0, err: '' });
    assert.match(out, new RegExp(`\nExamples:\n.*podstead ${command}`));
    assert.match(out, /\nGlobal options:\n/);
  });
}

const misuse: readonly (readonly [readonly string[], number])[] = [
  [['frobnicate'], 1],
  [['plan'], 1],
  [['diff'], 2],
  [['diff', '--nonsense', 'x'], 2],
  [['validate', '-o', 'xml', 'x'], 1],
  [['status', '--owner', 'Not A Name'], 1],
  [['down'], 1],
  [['apply', 'x', '--timeout', 'soon'], 1],
];
for (const [args, want] of misuse) {
  test(`podstead ${args.join(' ')} exits with ${want} and explains on standard error`, () => {
    const { code, out, err } = podstead(args);
    assert.deepEqual({ code, out }, { code: want, out: '' });
    assert.notEqual(err, '');
  });
}

test('podstead validate is silent on standard output and exits with 0 when clean', () => {
  assert.deepEqual(podstead(['validate', '-'], pod), { code: 0, out: '', err: '1 object: no problems\n' });
});

const build = `apiVersion: podstead.dev/v1alpha1
kind: ImageBuild
metadata: { name: site }
spec: { steps: [{ from: { image: a } }, { commit: { tags: [localhost/site:1] } }] }
`;

test('podstead validate counts what makes images', () => {
  assert.deepEqual(podstead(['validate', '-'], build), { code: 0, out: '', err: '1 object: no problems\n' });
  const { out } = podstead(['validate', '-', '-o', 'json'], `${build}---\n${pod}`);
  assert.deepEqual(JSON.parse(out).objects, ['ImageBuild/default/site', 'Pod/default/web']);
});

test('podstead validate exits with 1, and shows file, line and column with a caret', () => {
  const file = join(dir, 'bad.yaml');
  writeFileSync(file, `${pod}      imag: c\n`.replace('{name: a, image: b}', 'name: a\n      image: b'));
  const { code, out, err } = podstead(['validate', file]);
  assert.deepEqual({ code, out }, { code: 1, out: '' });
  assert.match(err, /bad\.yaml:8:7: error FIELD_UNKNOWN: .*\n.*imag: c\n +\^\n/);
});

test('podstead validate -o json fits its schema, and alone is on standard output', () => {
  for (const [input, valid] of [
    [pod, true],
    ['kind: Pod\n\tx', false],
  ] as const) {
    const { code, out, err } = podstead(['validate', '-', '-o', 'json'], input);
    const document = JSON.parse(out);
    assertSchema('validate', document);
    assert.deepEqual({ code, err, valid: document.valid }, { code: valid ? 0 : 1, err: '', valid });
  }
});

test('podstead validate finds nothing wrong with the sample', () => {
  const { code, err } = podstead(['validate', '--strict', 'manifests']);
  assert.equal(code, 0, err);
});

test('podstead says in one line and a hint what a path lacks, without a stack', () => {
  const { code, err } = podstead(['validate', join(dir, 'nothing')]);
  assert.equal(code, 1);
  assert.match(err, /^podstead: Cannot read .*nothing'.*\n {2}\S.*\n$/);
});

/** Runs it by a shell, for what only a shell opens. */
function byShell(script: string): Ran {
  const podstead = [process.execPath, '--import', 'tsx', join(root, 'src/cli/main.ts')].map(word => `'${word}'`);
  const words = ['-c', script.replaceAll('podstead ', `${podstead.join(' ')} `)];
  const { status, stdout, stderr } = spawnSync('bash', words, { cwd: root, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

for (const words of ['validate -o json manifests', 'validate -o yaml manifests', '--version', 'apply --help']) {
  test(`podstead ${words} says that standard output takes nothing, and fails`, () => {
    const { code, err } = byShell(`podstead ${words} >/dev/full`);
    assert.equal(code, 1);
    assert.match(err, /^podstead: Cannot write to standard output: .*ENOSPC.*\n$/);
  });
}

test('podstead says that a file has room for a part of its output alone, and fails', () => {
  const [file, manifests] = [join(dir, 'out.json'), join(dir, 'many.yaml')];
  writeFileSync(
    manifests,
    [...Array(30).keys()].map(index => pod.replace('image: b', `imag: b${index}`)).join('---\n'),
  );
  const whole = byShell(`podstead validate -o json '${manifests}'`);
  assert.ok(whole.out.length > 2048);
  // In KiB; tsx keeps what it made of a file in another one, which must be there by now.
  const { code, err } = byShell(`ulimit -f 2; podstead validate -o json '${manifests}' >'${file}'`);
  assert.deepEqual([code, statSync(file).size], [1, 2048]);
  assert.match(err, /^podstead: Cannot write to standard output: .*EFBIG.*\n$/);
});

test('podstead is silent where whoever read its output left', () => {
  const { code, out, err } = byShell('podstead validate -o json manifests | true; exit $PIPESTATUS');
  assert.deepEqual({ code, out, err }, { code: 0, out: '', err: '' });
});

test('podstead does its work where standard error takes nothing', () => {
  const { code, out } = byShell('podstead validate -o json manifests 2>/dev/full');
  assert.deepEqual([code, JSON.parse(out).valid], [0, true]);
});
