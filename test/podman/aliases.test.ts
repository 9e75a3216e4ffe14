import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { aliasOf, readAliases } from '../../src/podman/aliases.ts';
import { readImages } from '../../src/podman/images.ts';

function places(t: TestContext, files: Readonly<Record<string, string>>) {
  const dir = mkdtempSync(join(tmpdir(), 'pda-'));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return { env: { HOME: join(dir, 'home') } as Record<string, string>, uid: 1000, systemDir: join(dir, 'etc'), dir };
}

test('readAliases() takes the aliases alone, and the later file over the earlier', async t => {
  const { dir, ...found } = places(t, {
    'etc/registries.conf': '[aliases]\n"a" = "one.example/a"\n"b" = "one.example/b"\n',
    'etc/registries.conf.d/10.conf':
      '# "x" = "y"\nshort = "no"\n[aliases] # these\n  # "c" = "no"\n  a = \'two.example/a\'\n"n/b" = "two.example/b"\n[[registry]]\nprefix = "no"\n',
    'etc/registries.conf.d/20.txt': '[aliases]\n"a" = "no"\n',
    'home/.config/containers/registries.conf.d/1.conf': '[aliases]\n"u" = "user.example/u"\n',
    'home/.cache/containers/short-name-aliases.conf': '[aliases]\n  "b" = "three.example/b"\n',
  });
  const want = { a: 'two.example/a', b: 'three.example/b', 'n/b': 'two.example/b', u: 'user.example/u' };
  assert.deepEqual(Object.fromEntries(await readAliases(found)), want);
  assert.deepEqual(Object.fromEntries(await readAliases({ ...found, env: { HOME: dir } })), {
    a: 'two.example/a',
    b: 'one.example/b',
    'n/b': 'two.example/b',
  });
});

test("readAliases() lets a user's own registries.conf, or the one that is named, stand for the host's", async t => {
  const { dir, ...found } = places(t, {
    'etc/registries.conf': '[aliases]\n"a" = "host.example/a"\n',
    'etc/registries.conf.d/1.conf': '[aliases]\n"d" = "host.example/d"\n',
    'home/.config/containers/registries.conf': '[aliases]\n"a" = "user.example/a"\n',
    'named.conf': '[aliases]\n"a" = "named.example/a"\n',
  });
  assert.deepEqual([...(await readAliases(found))], [['a', 'user.example/a']]);
  const env = { ...found.env, CONTAINERS_REGISTRIES_CONF: join(dir, 'named.conf') };
  assert.deepEqual(Object.fromEntries(await readAliases({ ...found, env })), {
    a: 'named.example/a',
    d: 'host.example/d',
  });
});

const aliases = new Map([
  ['a', 'one.example/team/a'],
  ['off', ''],
]);
const digest = `sha256:${'0'.repeat(64)}`;
const cases = [
  ['a', 'one.example/team/a:latest'],
  ['a:2', 'one.example/team/a:2'],
  [`a@${digest}`, `one.example/team/a@${digest}`],
  ['team/a', undefined],
  ['other.example/a', undefined],
  ['off', undefined],
] as const;
for (const [short, want] of cases) {
  test(`aliasOf() makes ${want} of ${short.slice(0, 20)}`, () => assert.equal(aliasOf(short, aliases), want));
}

test('readImages() finds an image by its alias, after one of this host and before one of the hub', () => {
  const image = (Id: string, ...Names: readonly string[]) => ({ Id, Names, RepoDigests: [] });
  const hub = image('1', 'docker.io/library/a:latest', 'docker.io/library/a:2');
  const aliased = image('2', 'one.example/team/a:latest', 'one.example/team/a:2', 'one.example/team/b:1');
  const local = image('3', 'localhost/a:2');
  const byName = readImages([hub, aliased, local], aliases);
  const ids = ['a', 'a:latest', 'a:2', 'docker.io/a', 'b:1'].map(name => byName.get(name)?.id);
  assert.deepEqual(ids, ['2', '2', '3', '1', undefined]);
});
