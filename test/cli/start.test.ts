import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { tools } from '../../scripts/bundle.mjs';

const dist = resolve(import.meta.dirname, '../../dist');
const cli = resolve(import.meta.dirname, '../../src/cli');

/** What V8 says of a code cache in a process that nobody has changed the flags of, as that of a command. */
const check = `
  const { readFileSync } = require('node:fs');
  const [filename, cache] = process.argv.slice(1);
  const script = new (require('node:vm').Script)(readFileSync(filename, 'latin1'), { filename, cachedData: readFileSync(cache) });
  process.stdout.write(script.cachedDataRejected ? 'refused' : 'taken');
`;

for (const name of ['main', 'tools']) {
  test(`V8 takes the code cache of ${name}.cjs as it is shipped`, () => {
    const words = ['--eval', check, `${dist}/${name}.cjs`, `${dist}/${name}.cache`];
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    assert.equal(stdout, 'taken', stderr);
  });
}

test('what main.cjs lacks is done by commands that have tools.cjs, and by no other', () => {
  const declarations = readdirSync(cli).filter(file => /commands(-files)?\.ts$/.test(file));
  const bodies = declarations.flatMap(file => {
    const text = readFileSync(join(cli, file), 'utf8');
    return [...text.matchAll(/usage: ['`](\w+)[\s\S]*?import\('\.\/([\w-]+)\.ts'\)/g)].map(
      ([, word = '', module = '']) => ({ word, module }),
    );
  });
  const inTools = new Set(Object.values(tools).flat());
  const declared = new Map(Object.keys(tools).map(word => [word, new Set<string>()]));
  for (const { word, module } of bodies) {
    if (inTools.has(module)) assert.ok(word in tools, `podstead ${word} runs without ${module}.ts`);
    declared.get(word)?.add(module);
  }
  assert.deepEqual(Object.fromEntries([...declared].map(([word, names]) => [word, [...names].sort()])), tools);
});

const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${'0'.repeat(64)}`, size: 1 };
const manifest = JSON.stringify({ schemaVersion: 2, config, layers: [] });

/** Options before the command, and values that are words of commands. */
const lines: readonly (readonly [words: readonly string[], bundle: string])[] = [
  [['--version'], 'main'],
  [['validate', '--owner', 'a', '-'], 'main'],
  [['--owner', 'a', 'image', 'digest', 'manifest.json'], 'tools'],
  [['validate', '--owner', 'image', '-'], 'tools'],
];
for (const [words, bundle] of lines) {
  test(`podstead ${words.slice(0, 4).join(' ')} is run by ${bundle}.cjs`, t => {
    const dir = mkdtempSync(join(tmpdir(), 'podstead-start-'));
    t.after(() => rmSync(dir, { recursive: true }));
    // Without the other bundle, and without caches.
    for (const file of ['podstead.cjs', 'momoa.cjs', `${bundle}.cjs`]) copyFileSync(join(dist, file), join(dir, file));
    writeFileSync(join(dir, 'manifest.json'), manifest);
    const { status, stderr } = spawnSync(process.execPath, ['podstead.cjs', ...words], {
      cwd: dir,
      input: 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n',
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  });
}

/** Tells at its end which of Node's modules a process has loaded. */
const tell = `process.on('exit', () => process.stderr.write(process.moduleLoadList.join('\\n')));`;

test('a start loads none of the modules of Node that copies of images need', t => {
  const dir = mkdtempSync(join(tmpdir(), 'podstead-start-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'tell.cjs'), tell);
  for (const words of [['--version'], ['image', '--help']]) {
    const args = ['--require', join(dir, 'tell.cjs'), join(dist, 'podstead.cjs'), ...words];
    const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const loaded = stderr.split('\n');
    assert.ok(loaded.includes('NativeModule fs'), stderr.slice(0, 200));
    for (const name of ['zlib', 'tls', 'https', 'http']) {
      assert.ok(!loaded.includes(`NativeModule ${name}`), `${words.join(' ')} loads ${name}`);
    }
  }
});
