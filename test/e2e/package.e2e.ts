import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { before, describe, test } from 'node:test';
import { sampleImage } from '../image/samples.ts';
import { type Ran, run } from './host.ts';
import { scratch, writeLayout } from './oci-layout.ts';
import { cleanUps, type Host, host, writeFiles } from './podstead.ts';

const root = resolve(import.meta.dirname, '../..');
const pod = `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec: { containers: [{ name: main, image: localhost/bb:1, command: [sleep, '1000'] }] }
`;
const other = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: all }
spec: { podSelector: {} }
`;

/** The Debian of the matrix has Node alone; what is tested here goes by no version of the engine. */
const lacking = spawnSync('npm', ['--version']).status === 0 ? false : 'there is no npm here';

describe('the package, installed from its tarball alone', { skip: lacking }, () => {
  const cleaning = cleanUps();
  let on: Host;
  let dir = '';
  let installed = '';
  before(async () => {
    on = await host(cleaning);
    dir = await scratch(cleaning);
    const npm = async (...args: string[]): Promise<void> => {
      const { code, stderr } = await run('npm', [...args, '--cache', join(dir, 'cache'), '--offline']);
      assert.equal(code, 0, stderr);
    };
    // A build meanwhile would take dist/ away from other tests.
    await npm('pack', root, '--ignore-scripts', '--pack-destination', dir);
    const tarball = (await readdir(dir)).find(name => name.endsWith('.tgz')) ?? '';
    // Offline, with a cache that has nothing: what is fetched fails.
    await npm('install', '--global', '--prefix', join(dir, 'prefix'), join(dir, tarball));
    installed = join(dir, 'prefix/lib/node_modules/podstead');
    await writeFiles(dir, { 'pod.yaml': pod, 'other.yaml': other, 'site/Containerfile': 'FROM localhost/bb:1\n' });
    await writeLayout(join(dir, 'layout'), '1', [sampleImage()]);
  });
  const podstead = (...args: readonly string[]): Promise<Ran> =>
    run('env', ['--chdir', dir, join(dir, 'prefix/bin/podstead'), ...args], on.env);

  test('brings no other package', async () => {
    assert.deepEqual(await readdir(join(dir, 'prefix/lib/node_modules')), ['podstead']);
    assert.equal((await readdir(installed)).includes('node_modules'), false);
  });

  test('requires what Node has, and files beside it', async () => {
    const names = await readdir(join(installed, 'dist'));
    const files = names.filter(name => name.endsWith('.cjs'));
    assert.ok(files.length >= 5);
    for (const file of files) {
      const text = await readFile(join(installed, 'dist', file), 'utf8');
      // Not in the strings from which ajv makes validators: those are made already.
      const wanted = [...text.matchAll(/(?<!['"`\w.])require\(["']([^"']+)["']\)/g)].map(([, name = '']) => name);
      const missing = wanted.filter(name => !isBuiltin(name) && !names.includes(name.replace(/^\.\//, '')));
      assert.deepEqual(missing, [], file);
    }
  });

  // Where no code is expected, it is this host's to say.
  const commands: readonly (readonly [words: string, code: number | undefined, says: RegExp])[] = [
    ['--version', 0, /^\d/],
    ['validate other.yaml', 1, /NetworkPolicy/],
    ['plan pod.yaml', 2, /create/],
    ['apply pod.yaml', 0, /1 created/],
    ['status', 0, /web/],
    ['logs web', 0, /^$/],
    ['doctor', undefined, /podman/i],
    ['generate kube web', 0, /kind: Pod/],
    ['generate systemd web', 0, /\[Service\]/],
    ['down --all', 0, /removed/],
    ['build -t localhost/site:1 site', 0, /^[0-9a-f]{64}$/m],
    ['image digest layout/index.json', 0, /^sha256:/],
    ['image copy oci:layout:1 oci-archive:image.tar:1', 0, /sha256|Copied|copied/],
    ['image inspect oci-archive:image.tar:1', 0, /Digest/],
    ['bundle create pod.yaml -f site.bundle', 1, /localhost/],
  ];
  for (const [words, wanted, says] of commands) {
    test(`podstead ${words}`, async () => {
      const { code, stdout, stderr } = await podstead(...words.split(' '));
      assert.equal(code, wanted ?? code, stderr);
      assert.match(stdout + stderr, says);
    });
  }

  test('has the licence of every package that the program imports', async () => {
    const text = await readFile(join(installed, 'dist/licenses.txt'), 'utf8');
    const sources = (await readdir(join(root, 'src'), { recursive: true })).filter(name => name.endsWith('.ts'));
    const names = new Set<string>();
    for (const source of sources) {
      const code = await readFile(join(root, 'src', source), 'utf8');
      const imports = code.matchAll(/^(?:import(?! type)[^;]*? from|.*\bimport\() ?'((?:@[^/']+\/)?[^./'][^/']*)/gm);
      for (const [, name = ''] of imports) if (!isBuiltin(name)) names.add(name);
    }
    assert.ok(names.size >= 12, [...names].join(' '));
    // What those bring with them, and what validators are made with and of.
    for (const name of [...names, 'readdirp', 'sonic-boom', 'vscode-languageserver-types', 'ajv'])
      assert.match(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)$`, 'm'), name);
    assert.match(text, /^@kubernetes\/client-node /m);
  });
});
