import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Registry, registry } from './host.ts';
import { scratch } from './oci-layout.ts';
import { cleanUps, eventually, type Host, host, writeFiles } from './podstead.ts';

const head = (name: string): string =>
  `apiVersion: podstead.dev/v1alpha1\nkind: ImageBuild\nmetadata: { name: ${name} }\nspec:\n`;
const pod = (name: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 0
  containers: [{ name: main, image: 'localhost/${name}:1', command: [sh, -c, 'cat /made; exec sleep 10000'] }]
`;

/** Images that are built, of bases and tools that two registries have. */
function manifests(bases: string, tools: string): Readonly<Record<string, string>> {
  return {
    'pods.yaml': [pod('site'), pod('plain'), pod('beside')].join('---\n'),
    'site.yaml': `${head('site')}  context: files
  steps:
  - from: { image: ${bases}/team/base:1 }
  - copy: { sources: [.], to: /files }
  - copy: { from: ${tools}/team/tools:1, sources: [/motd], to: /tool }
  - run: { script: cat /motd /tool /files/alias > /made }
  - commit: { tags: ['localhost/site:1'] }
`,
    'files/words': 'words',
    'files/no-manifest.yaml': 'neither: a manifest',
    // Nothing is copied from a directory: there is no context.
    'plain.yaml': `${head('plain')}  steps:
  - from: { image: ${bases}/team/base:1 }
  - run: { script: cat /motd > /made; echo -n plain >> /made }
  - commit: { tags: ['localhost/plain:1'] }
`,
    'beside/Containerfile': `FROM ${bases}/team/base:1\nCOPY --from=${tools}/team/tools:1 /motd /made\n`,
  };
}

describe('a bundle carries what images are built from to an engine that reaches no registry', () => {
  const cleaning = cleanUps();
  let [bases, tools]: Registry[] = [];
  let maker: Host;
  let target: Host;
  let bundle = '';

  before(async () => {
    maker = await host(cleaning);
    [bases, tools] = [await registry(cleaning), await registry(cleaning)];
    const dir = await scratch(cleaning);
    bundle = join(dir, 'site.bundle');
    for (const [name, at] of [
      ['base', bases],
      ['tools', tools],
    ] as const) {
      await writeFiles(join(dir, name), { Containerfile: 'FROM localhost/bb:1\nCOPY motd /motd\n', motd: `${name},` });
      for (const args of [
        ['build', '-q', '-t', `localhost/${name}:1`, join(dir, name)],
        ['push', '--tls-verify=false', `localhost/${name}:1`, `${at.host}/team/${name}:1`],
      ]) {
        const { code, stderr } = await maker.engine.podman(...args);
        assert.equal(code, 0, stderr);
      }
    }
    await maker.write(manifests(bases.host, tools.host));
    await symlink('words', join(maker.source, 'files/alias'));
    await symlink('nowhere', join(maker.source, 'files/dangling.yaml'));
    const made = await maker.podstead('bundle', 'create', maker.source, '-f', bundle, '--tls-verify=false');
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /Wrote .*site\.bundle: 3 manifests, 2 images, 3 to build/);
    for (const each of [bases, tools]) await each.stop();
    target = await host(cleaning);
    assert.equal((await target.engine.podman('rmi', '-af')).code, 0);
  });

  test('each is built there, with links as they were, and again it changes nothing', async () => {
    const applied = await target.podstead('bundle', 'apply', bundle);
    assert.equal(applied.code, 0, applied.stderr);
    for (const [name, words] of [
      ['site', 'base,tools,words'],
      ['plain', 'base,plain'],
      ['beside', 'tools,'],
    ] as const) {
      const log = async (): Promise<string> => (await target.engine.podman('logs', `${name}-main`)).stdout;
      assert.equal(await eventually(`${name} says`, log, text => text !== ''), words);
    }
    const link = await target.engine.podman('exec', 'site-main', 'readlink', '/files/dangling.yaml');
    assert.equal(link.stdout, 'nowhere\n');
    const again = await target.podstead('bundle', 'apply', bundle, '-o', 'json');
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(JSON.parse(again.stdout).changes, []);
  });

  test('a link that leads out of what an ImageBuild copies is told where the bundle is made', async () => {
    await symlink('/etc', join(maker.source, 'files/out'));
    const made = await maker.podstead('bundle', 'create', maker.source, '-f', `${bundle}.2`, '--tls-verify=false');
    assert.equal(made.code, 1);
    assert.match(made.stderr, /Cannot bundle ".*files\/out": it is a link that leads out/);
  });
});
