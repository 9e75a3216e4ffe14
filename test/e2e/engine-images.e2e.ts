import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DesiredBuild, DesiredImage } from '../../src/model/desired.ts';
import type { Progress } from '../../src/model/event.ts';
import { seal } from '../../src/model/sealed.ts';
import { type Bench, bench, cleanups, fails } from './bench.ts';
import { container, pod } from './desired.ts';
import { registry } from './host.ts';
import { slowed } from './slow.ts';

const later = cleanups();
let on: Bench;
let dir: string;
before(async () => {
  on = await bench(later);
  dir = await mkdtemp(join(tmpdir(), 'pdb-'));
  later.after(() => rm(dir, { recursive: true, force: true }));
});
after(() => later.run());

function image(reference: string, more: Partial<DesiredImage> = {}): DesiredImage {
  return { reference, build: undefined, credentials: undefined, ...more };
}

test('pull() gets an image once, and asks again only when told to', async () => {
  const { host } = await registry(later);
  const reference = `${host}/team/bb:1`;
  await on.podman('push', '--digestfile', join(dir, 'digest'), 'localhost/bb:1', reference);
  const seen: string[] = [];
  const say = ({ message }: { readonly message: string }): void => void seen.push(message);
  await on.do({ verb: 'pull', image: image(reference), always: false }, say);
  assert.equal(seen.at(-1), '2 of 2 blobs are there');
  assert.ok((await on.observe()).images.has(reference));
  seen.length = 0;
  await on.do({ verb: 'pull', image: image(reference), always: false }, say);
  assert.deepEqual(seen, []);
  await on.do({ verb: 'pull', image: image(reference), always: true }, say);
  assert.ok(seen.length > 0);

  const digest = await readFile(join(dir, 'digest'), 'utf8');
  const both = `${reference}@${digest}`;
  await on.podman('rmi', reference);
  await on.do({ verb: 'pull', image: image(both), always: false });
  await on.do({ verb: 'pull', image: image(both), always: true });
  assert.ok((await on.observe()).images.has(`${host}/team/bb@${digest}`));
  await on.make(pod('web', { containers: [container('web', 'main', { image: both })] }), 'uid-1');
  await on.drop('Pod/default/web');
  const other = `${host}/team/bb@sha256:${'0'.repeat(64)}`;
  await fails(on.do({ verb: 'pull', image: image(other), always: false }), 'IMAGE_NOT_FOUND', /manifest unknown/);
});

test('pull() counts bytes that rise to the total', async () => {
  const source = await context('big', { Containerfile: 'FROM localhost/bb:1\nCOPY a /a\nCOPY b /b\n' });
  const sizes = { a: 3_000_000, b: 5_000_000 };
  for (const [name, size] of Object.entries(sizes)) await writeFile(join(source.directory, name), randomBytes(size));
  await on.podman('build', '--layers', '--tag', 'localhost/big:1', source.directory);
  const real = await registry(later);
  await on.podman('push', 'localhost/big:1', `${real.host}/big:1`);
  const fresh = await bench(later);
  // The engine tells a blob's bytes once a second: it takes about three.
  const slow = await slowed(later, real.host, 2_500_000);
  const seen: Progress[] = [];
  await fresh.do({ verb: 'pull', image: image(`${slow}/big:1`), always: false }, each => void seen.push(each));
  const counted = seen.filter(({ doneBytes }) => doneBytes !== undefined);
  const done = counted.map(({ doneBytes = 0 }) => doneBytes);
  const totals = counted.map(({ totalBytes = 0 }) => totalBytes);
  assert.ok(new Set(done).size >= 3, `several steps: ${done}`);
  assert.deepEqual(
    done,
    done.toSorted((a, b) => a - b),
  );
  assert.deepEqual(
    totals,
    totals.toSorted((a, b) => a - b),
  );
  assert.ok(counted.every(({ doneBytes = 0, totalBytes = 0 }) => doneBytes <= totalBytes));
  assert.equal(done.at(-1), totals.at(-1));
  assert.ok((totals.at(-1) ?? 0) >= sizes.b, `at least the largest blob: ${totals}`);
});

test('pull() tells an image that is not there from a registry that refuses or is away', async () => {
  const { host, stop } = await registry(later, { htpasswd: { user: 'me', password: 'pass?word>' } });
  const reference = `${host}/team/bb:1`;
  await on.podman('push', '--creds', 'me:pass?word>', 'localhost/bb:1', reference);
  const pull = (reference: string, password?: string): Promise<void> => {
    const credentials = password === undefined ? undefined : seal({ [host]: { username: 'me', password } });
    return on.do({ verb: 'pull', image: image(reference, { credentials }), always: true });
  };
  const refused = await fails(pull(reference), 'REGISTRY_REFUSED', /unauthorized/);
  assert.match(refused.hint ?? '', /imagePullSecrets/);
  const wrong = await fails(pull(reference, 'wrong-secret'), 'REGISTRY_REFUSED', /unauthorized/);
  assert.doesNotMatch(`${wrong.message}${wrong.stack}${JSON.stringify(wrong.cause)}`, /wrong-secret/);
  await pull(reference, 'pass?word>');
  const missing = await fails(pull(`${host}/team/none:1`, 'pass?word>'), 'IMAGE_NOT_FOUND', /none:1.*manifest unknown/);
  assert.equal(missing.transient, false);
  for (const always of [true, false]) {
    const odd = on.do({ verb: 'pull', image: image('team/UPPER'), always });
    await fails(odd, 'IMAGE_NOT_FOUND', /must be lowercase/);
  }
  await stop();
  const away = await fails(pull(reference, 'pass?word>'), 'REGISTRY_UNREACHABLE', /connection refused/);
  assert.equal(away.transient, true);
});

test('pull() of a short name that registries.conf does not know asks Docker Hub, as Kubernetes does', async () => {
  const error = await on
    .do({ verb: 'pull', image: image('nobody/nothing:1'), always: false })
    .catch((error: unknown) => error);
  assert.match(String(error), /docker\.io\/nobody\/nothing:1|registry-1\.docker\.io/);
});

async function context(name: string, files: Readonly<Record<string, string>>): Promise<DesiredBuild> {
  const directory = join(dir, name);
  await mkdir(directory, { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(directory, path), text);
  return { directory, file: 'Containerfile', digest: `digest-of-${name}` };
}

test('build() makes an image under the short name, from its cache the second time, and observe() knows its context', async () => {
  const source = await context('site', {
    Containerfile: 'FROM localhost/bb:1\nCOPY index.html /srv/\nRUN echo built > /srv/stamp\n',
    'index.html': 'hello',
    secret: 'not for the image',
    '.containerignore': 'secret\n',
  });
  const seen: string[] = [];
  const build = () =>
    on.do({ verb: 'build', image: image('site:1', { build: source }) }, ({ message }) => void seen.push(message));
  await build();
  assert.ok(seen.includes('STEP 1/4: FROM localhost/bb:1'), seen.join('\n'));
  const first = (await on.observe()).images.get('site:1');
  assert.equal(first?.context, 'digest-of-site');
  assert.equal((await on.observe()).images.get('localhost/site:1')?.id, first.id);
  await build();
  // A step that is done anew makes a layer of other times, and so another image.
  assert.equal((await on.observe()).images.get('site:1')?.id, first.id);
  assert.equal((await on.podman('ps', '-aq', '--external')).trim(), '');

  await on.make(pod('web', { containers: [container('web', 'main', { image: 'site:1' })] }), 'uid-1');
  assert.equal(await on.exec('web-main', 'cat /srv/index.html /srv/stamp; ls /srv'), 'hellobuilt\nindex.html\nstamp\n');
  assert.equal((await on.pod('Pod/default/web')).containers.get('main')?.imageId, first.id);
  await on.drop('Pod/default/web');
});

test('build() that fails repeats the last lines of its output, and leaves no container behind', async () => {
  const source = await context('bad', { Containerfile: 'FROM localhost/bb:1\nRUN echo about to fail && exit 3\n' });
  const error = await fails(
    on.do({ verb: 'build', image: image('bad', { build: source }) }),
    'BUILD_FAILED',
    /about to fail/,
  );
  assert.match(error.message, /exit status 3/);
  assert.equal((await on.podman('ps', '-aq', '--external')).trim(), '');
  const none = await context('none', { Containerfile: 'FROM localhost/absent:1\n' });
  await assert.rejects(on.do({ verb: 'build', image: image('none', { build: none }) }), /localhost\/absent/);
  const gone = { ...source, file: 'Nofile' };
  await fails(on.do({ verb: 'build', image: image('bad', { build: gone }) }), 'BUILD_FAILED', /Nofile/);
});
