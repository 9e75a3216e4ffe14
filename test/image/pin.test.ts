import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseName } from '../../src/image/name.ts';
import { pinAll } from '../../src/image/pin-all.ts';
import type { Policy } from '../../src/image/policy.ts';
import type { DesiredImage } from '../../src/model/desired.ts';
import type { PinnedImage, Unpinned } from '../../src/model/pinned.ts';
import { seal } from '../../src/model/sealed.ts';
import { sampleImage, sampleIndex } from './samples.ts';
import { type Handler, hasty, openAccess, type Server, serve } from './server.ts';

const platform = { os: 'linux', architecture: 'amd64', variant: undefined };
const imageOf = (reference: string, credentials?: DesiredImage['credentials']): DesiredImage => ({
  ...{ reference, build: undefined, credentials },
});

/** Asks for one image, with what the access is to have besides. */
async function pinOne(
  image: DesiredImage,
  more: Partial<ReturnType<typeof openAccess>> = {},
): Promise<PinnedImage | Unpinned | undefined> {
  const { signal } = new AbortController();
  const makeAccess = (signal: AbortSignal): ReturnType<typeof openAccess> => ({
    ...{ ...openAccess(hasty(0)), ...more, signal },
  });
  const { found } = await pinAll([image], makeAccess, { platform, withinMs: 60_000, signal });
  return found.get(image.reference);
}

const amd64 = sampleImage({ sizes: [1000, 2000] });
const arm64 = sampleImage({ architecture: 'arm64', sizes: [10] });
const index = sampleIndex({ amd64, arm64 });

/** A registry that has the index under every tag. */
const registry: Handler = ({ url = '' }, response) => {
  const wanted = [index, amd64.manifest, arm64.manifest].find(({ digest }) => url.endsWith(digest)) ?? index;
  response.writeHead(200, { 'content-type': wanted.mediaType }).end(wanted.bytes);
};

test('an image is pinned by the digest of its index, with the bytes of the image for this host', async t => {
  const { host } = await serve(t, registry);
  const { layers, config } = amd64;
  const bytes = [...layers, config].reduce((sum, blob) => sum + blob.bytes.length, 0);
  const rest = { digest: index.digest, bytes, isPresent: false, byTag: false };
  assert.deepEqual(await pinOne(imageOf(`${host}/a`)), { repository: `${host}/a`, tag: 'latest', ...rest });
  const pinned = imageOf(`${host}/a:1@${index.digest}`);
  assert.deepEqual(await pinOne(pinned), { repository: `${host}/a`, tag: undefined, ...rest });
});

test('what is no name, and what has no image for this host, says so', async t => {
  const { host } = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-type': arm64.manifest.mediaType }).end(sampleIndex({ arm64 }).bytes);
  });
  assert.match(JSON.stringify(await pinOne(imageOf('docker-archive:/srv/a.tar'))), /expected the name of an image/);
  assert.match(JSON.stringify(await pinOne(imageOf(`${host}/a:1`))), /for linux\/amd64/);
});

/** A policy whose docker: part has these scopes; what it does not name is rejected. */
const policyOf = (scopes: Readonly<Record<string, Policy['byDefault']>>): Policy => ({
  file: 'policy.json',
  byDefault: [{ at: 'policy.json:1:1', type: 'reject' }],
  transports: new Map([['docker', new Map(Object.entries(scopes))]]),
});
const accept: Policy['byDefault'] = [{ at: 'policy.json:1:1', type: 'insecureAcceptAnything' }];

test('where a policy may judge the digest otherwise than the tag, the tag is what is pulled', async t => {
  const { host } = await serve(t, registry);
  const byTag = async (policy: Policy | undefined): Promise<boolean> => {
    const trust = { ...openAccess().trust, policy: async () => policy };
    const pinned = await pinOne(imageOf(`${host}/team/a:1`), { trust });
    assert.ok(pinned !== undefined && 'digest' in pinned);
    return pinned.byTag;
  };
  assert.equal(await byTag(undefined), false);
  assert.equal(await byTag(policyOf({ '': accept })), false);
  assert.equal(await byTag(policyOf({ [`${host}/team`]: accept })), false);
  assert.equal(await byTag(policyOf({})), true);
  assert.equal(await byTag(policyOf({ [`${host}/team/a:1`]: accept })), true);
  assert.equal(await byTag(policyOf({ '': accept, [`${host}/team/a@${index.digest}`]: policyOf({}).byDefault })), true);
  assert.equal(await byTag(policyOf({ '': accept, [`${host}/team/a:1`]: policyOf({}).byDefault })), true);
  const name = parseName('localhost/key');
  const identity = { type: 'exactRepository', name } as const;
  const signed = { at: 'policy.json:1:1', type: 'signedBy', keys: [], identity } as const;
  assert.equal(await byTag(policyOf({ '': [...accept, signed] })), true);
});

/** A registry that wants to know who asks. */
const guarded: Handler = (request, response, body) => {
  if (request.headers.authorization !== undefined) return registry(request, response, body);
  response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
};

test('each image is asked for with its own credentials, by their most exact key, over shared connections', async t => {
  const server = await serve(t, guarded);
  const { host } = server;
  const login = (password: string): { username: string; password: string } => ({ username: 'ann', password });
  const images = [
    imageOf(`${host}/team/a:1`, seal({ [host]: login('wide'), [`${host}/team`]: login('exact') })),
    imageOf(`${host}/other:1`, seal({ [host]: login('wide'), [`${host}/team`]: login('exact') })),
    imageOf(`${host}/team/b:1`, seal({ 'other.example': login('other') })),
    imageOf(`${host}/team/a:2`),
  ];
  const { signal } = new AbortController();
  const makeAccess = (signal: AbortSignal): ReturnType<typeof openAccess> => ({ ...openAccess(hasty(0)), signal });
  const { found } = await pinAll(images, makeAccess, { platform, withinMs: 60_000, signal });
  const isPinned = images.map(({ reference }) => 'digest' in (found.get(reference) ?? {}));
  assert.deepEqual(isPinned, [true, true, false, false]);
  assert.deepEqual(passwords(server), { '/v2/other/manifests/1': 'ann:wide', '/v2/team/a/manifests/1': 'ann:exact' });
});

function passwords({ asked }: Server): Readonly<Record<string, string>> {
  const shown = asked.flatMap(({ path, headers }) => {
    const [, base64] = headers.authorization?.split(' ') ?? [];
    return base64 === undefined || path.includes('sha256') ? [] : [[path, Buffer.from(base64, 'base64').toString()]];
  });
  return Object.fromEntries(shown.toSorted());
}

/** Answers nothing, ever. */
const silent: Handler = () => undefined;

test('time is up for all together: what was told by then counts, and the rest is late', async (t: TestContext) => {
  const [quick, slow] = [await serve(t, registry), await serve(t, silent)];
  const images = [`${quick.host}/a:1`, `${slow.host}/a:1`, `${slow.host}/b:1`].map(reference => imageOf(reference));
  const { signal } = new AbortController();
  const makeAccess = (signal: AbortSignal): ReturnType<typeof openAccess> => ({ ...openAccess(hasty(0)), signal });
  const { found, late } = await pinAll(images, makeAccess, { platform, withinMs: 4000, signal });
  assert.ok('digest' in (found.get(`${quick.host}/a:1`) ?? {}));
  assert.deepEqual(found.get(`${slow.host}/a:1`), { why: 'its registry did not tell within 4 s' });
  assert.deepEqual([...late].sort(), [`${slow.host}/a:1`, `${slow.host}/b:1`].sort());
});

test('a registry that hangs holds up no other, and of its own images only those that were asked for are late', async t => {
  const [quick, slow] = [await serve(t, registry), await serve(t, silent)];
  const hanging = Array.from({ length: 9 }, (_, number) => `${slow.host}/a${number}:1`);
  const images = [...hanging, `${quick.host}/a:1`].map(reference => imageOf(reference));
  const { signal } = new AbortController();
  const makeAccess = (signal: AbortSignal): ReturnType<typeof openAccess> => ({ ...openAccess(hasty(0)), signal });
  const { found, late } = await pinAll(images, makeAccess, { platform, withinMs: 2000, signal });
  assert.ok('digest' in (found.get(`${quick.host}/a:1`) ?? {}));
  assert.deepEqual([...late].sort(), hanging.slice(0, 8));
  assert.deepEqual(found.get(hanging[8] ?? ''), {
    why: 'nobody asked its registry within 2 s, as it was still to tell of others',
  });
  const asked = new Set(slow.asked.map(({ path }) => path));
  assert.ok(!asked.has('/v2/a8/manifests/1'), [...asked].join());
});

test('a helper for credentials that hangs costs no more than the time either', async () => {
  const { signal } = new AbortController();
  const makeAccess = (signal: AbortSignal): ReturnType<typeof openAccess> => ({
    ...{ ...openAccess(hasty(0)), signal },
    // It does not listen to the signal.
    registries: () => new Promise(() => undefined),
  });
  const { late } = await pinAll([imageOf('registry.example/a:1')], makeAccess, { platform, withinMs: 200, signal });
  assert.deepEqual(late, ['registry.example/a:1']);
});

test('a signal ends it, and is the only thing that makes it fail', async t => {
  const slow = await serve(t, silent);
  const controller = new AbortController();
  const makeAccess = (signal: AbortSignal): ReturnType<typeof openAccess> => ({ ...openAccess(hasty(0)), signal });
  const opts = { platform, withinMs: 60_000, signal: controller.signal };
  const asking = pinAll([imageOf(`${slow.host}/a:1`)], makeAccess, opts);
  setTimeout(() => controller.abort(new Error('enough')), 100);
  await assert.rejects(asking, /enough/);
});
