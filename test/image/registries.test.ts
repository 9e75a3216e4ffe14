import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { formatName, parseName } from '../../src/image/name.ts';
import { pullSources, type Registries, readRegistries, rowFor } from '../../src/image/registries.ts';
import { resolveName } from '../../src/image/short-name.ts';

/** Files of a host and of its user, and what they say together. */
async function read(t: TestContext, files: Readonly<Record<string, string>>, given?: string): Promise<Registries> {
  const dir = await mkdtemp(join(tmpdir(), 'pdr-'));
  t.after(() => rm(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  const env = { HOME: join(dir, 'home'), CONTAINERS_REGISTRIES_CONF: given && join(dir, given) };
  return readRegistries({ env, uid: 1000, systemDir: join(dir, 'etc') });
}

const fromThese = ({ name, insecure }: { name: Parameters<typeof formatName>[0]; insecure: boolean }): string =>
  `${formatName(name)}${insecure ? ' insecure' : ''}`;

/** The example of containers-registries.conf(5), and more. */
const conf = `
[[registry]]
prefix = "example.com/foo"
location = "internal.example.net/bar"
[[registry.mirror]]
location = "mirror-0.example/for-foo"
[[registry.mirror]]
location = "mirror-1.example/mirrors/foo/"
insecure = true

[[registry]]
prefix = "example.com/foo/locked"
location = "example.com/foo/locked"
blocked = true

[[registry]]
prefix = "*.example.org"
insecure = true

[[registry]]
prefix = "*.deep.example.org"
location = "deep.example"

[[registry]]
location = "digests.example"
mirror-by-digest-only = true
[[registry.mirror]]
location = "copies.example"

[[registry]]
location = "kinds.example"
[[registry.mirror]]
location = "tags.example"
pull-from-mirror = "tag-only"
[[registry.mirror]]
location = "hashes.example"
pull-from-mirror = "digest-only"

[[registry]]
prefix = "docker.io/library"
location = "hub.example/official"

[[registry]]
prefix = "moved.example"
location = "example.com/foo/locked"
`;
const digest = `sha256:${'a'.repeat(64)}`;
const pulls: readonly (readonly [string, readonly string[]])[] = [
  [
    'example.com/foo/image:1',
    [
      'mirror-0.example/for-foo/image:1',
      'mirror-1.example/mirrors/foo/image:1 insecure',
      'internal.example.net/bar/image:1',
    ],
  ],
  ['example.com/foobar/image:1', ['example.com/foobar/image:1']],
  ['a.example.org/x:1', ['a.example.org/x:1 insecure']],
  ['a.b.example.org:5000/x:1', ['a.b.example.org:5000/x:1 insecure']],
  ['example.org/x:1', ['example.org/x:1']],
  ['other.example/a.example.org/x:1', ['other.example/a.example.org/x:1']],
  ['c.deep.example.org/x:1', ['deep.example/x:1']],
  ['digests.example/x:1', ['digests.example/x:1']],
  [`digests.example/x@${digest}`, [`copies.example/x@${digest}`, `digests.example/x@${digest}`]],
  ['kinds.example/x:1', ['tags.example/x:1', 'kinds.example/x:1']],
  [`kinds.example/x@${digest}`, [`hashes.example/x@${digest}`, `kinds.example/x@${digest}`]],
  ['busybox', ['hub.example/official/busybox:latest']],
  ['kinds.example:5000/x:1', ['tags.example:5000/x:1', 'kinds.example:5000/x:1']],
];
for (const [name, want] of pulls) {
  test(`pullSources() looks for ${name.slice(0, 40)} at ${want.length === 1 ? 'one place' : 'its mirrors first'}`, async t => {
    const registries = await read(t, { 'etc/registries.conf': conf });
    assert.deepEqual(pullSources(registries, parseName(name)).map(fromThese), want);
  });
}

test('pullSources() refuses what is blocked, by its name or by its location', async t => {
  const registries = await read(t, { 'etc/registries.conf': conf });
  for (const name of ['example.com/foo/locked/x:1', 'moved.example/x:1']) {
    assert.throws(() => pullSources(registries, parseName(name)), {
      code: 'REGISTRY_BLOCKED',
      hint: /registries\.conf"/,
    });
  }
});

test('readRegistries() takes the later of two files, and the file of the user instead of that of the host', async t => {
  const files = {
    'etc/registries.conf':
      'unqualified-search-registries = ["a.example"]\n[aliases]\nweb = "a.example/web"\nold = "x.example/y"\n[[registry]]\nlocation = "a.example"\ninsecure = true',
    'etc/registries.conf.d/10.conf':
      '[aliases]\nweb = "b.example/web"\nold = ""\n[[registry]]\nlocation = "a.example"\nblocked = true',
    'etc/registries.conf.d/20.conf': 'short-name-mode = "enforcing"',
    'etc/registries.conf.d/notes.txt': 'no TOML',
    'home/.config/containers/registries.conf.d/x.conf': 'unqualified-search-registries = ["u.example"]',
  };
  const all = await read(t, files);
  assert.deepEqual({ search: all.search, mode: all.mode }, { search: ['u.example'], mode: 'enforcing' });
  assert.deepEqual([...all.aliases], [['web', 'b.example/web']]);
  const row = rowFor(all, parseName('a.example/x'));
  assert.deepEqual([row?.blocked, row?.insecure], [true, false]);
  const own = await read(t, { ...files, 'home/.config/containers/registries.conf': 'short-name-mode = "disabled"' });
  const helpers = ['containers-auth.json'];
  assert.deepEqual(own, { rows: [], search: ['u.example'], mode: 'disabled', aliases: new Map(), helpers });
  const given = await read(t, { ...files, 'mine.conf': '' }, 'mine.conf');
  assert.equal(given.mode, 'enforcing');
  assert.equal((await read(t, {})).mode, 'permissive');
  await assert.rejects(read(t, {}, 'none.conf'), { code: 'REGISTRIES_INVALID', message: /none\.conf/ });
});

const faults: readonly (readonly [string, RegExp])[] = [
  ['unqualified-search-registries = [', /registries\.conf:1:\d+: /],
  ['\n[[registry]]\nlocation = "a.example\n', /registries\.conf:3:\d+: /],
  ['short-name-mode = "loose"', /registries\.conf:1:1: in "short-name-mode" expected one of/],
  [
    '[[registry]]\nlocation = "a.example"\n[[registry]]\n  insecure = true',
    /registries\.conf:3:1: in "registry" expected a prefix/,
  ],
  [
    '[[registry]]\nlocation = "a.example"\n[[registry]]\nlocation = "b"\n  insecure = "yes"',
    /:5:3: in "registry\.insecure" expected true/,
  ],
  ['[[registry]]\nlocation = "https://a.example"', /:2:1: in "registry\.location" expected no scheme/],
  ['[[registry]]\nprefix = "a.*.example"\nlocation = "b"', /:2:1: in "registry\.prefix" expected a "\*"/],
  ['[[registry]]\nprefix = "a.example"', /:2:1: in "registry\.prefix" expected a location/],
  [
    '[[registry]]\nlocation = "a"\n[[registry.mirror]]\nlocation = "b"\n[[registry.mirror]]\ninsecure = true',
    /:5:1: in "registry\.mirror" expected a location/,
  ],
  [
    '[[registry]]\nlocation = "a"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "b"\npull-from-mirror = "all"',
    /:6:1: in "registry\.mirror\.pull-from-mirror" expected none/,
  ],
  ['short-name-mode = "disabled"\n\n[aliases]\n\nweb = 1', /:5:1: in "aliases\.web" expected a text/],
  ['[registries.search]\nregistries = ["a"]', /:1:1: in "registries" it is of the first format/],
];
for (const [text, message] of faults) {
  test(`readRegistries() tells where the fault is: ${message.source.slice(0, 60)}`, async t => {
    await assert.rejects(read(t, { 'etc/registries.conf': text }), { code: 'REGISTRIES_INVALID', message });
  });
}

const names: readonly (readonly [string, string, readonly string[]])[] = [
  ['[aliases]\nweb = "a.example/team/web"', 'web:2', ['a.example/team/web:2']],
  ['[aliases]\n"team/web" = "a.example/x"', `team/web@${digest}`, [`a.example/x@${digest}`]],
  ['[aliases]\nweb = "a.example/team/web"', 'b.example/web:2', ['b.example/web:2']],
  ['', 'web', ['docker.io/library/web:latest']],
  [
    'unqualified-search-registries = ["a.example", "docker.io"]',
    'web:2',
    ['a.example/web:2', 'docker.io/library/web:2'],
  ],
  ['short-name-mode = "enforcing"\nunqualified-search-registries = ["a.example"]', 'web', ['a.example/web:latest']],
];
for (const [text, name, want] of names) {
  test(`resolveName() makes ${want.join(' or ').slice(0, 60)} of ${name.slice(0, 20)}`, async t => {
    const registries = await read(t, { 'etc/registries.conf': text });
    assert.deepEqual(resolveName(registries, name).map(formatName), want);
  });
}

test('resolveName() does not guess between registries where the mode forbids it', async t => {
  const text = 'short-name-mode = "enforcing"\nunqualified-search-registries = ["a.example", "b.example"]';
  const registries = await read(t, { 'etc/registries.conf': text });
  assert.throws(() => resolveName(registries, 'web'), { code: 'NAME_INVALID', message: /a\.example, b\.example/ });
});
