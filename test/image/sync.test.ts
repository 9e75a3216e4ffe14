import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Access } from '../../src/image/access.ts';
import type { Manifest } from '../../src/image/manifest.ts';
import { parsePlatform } from '../../src/image/platform.ts';
import type { Policy } from '../../src/image/policy.ts';
import type { SignatureStorage } from '../../src/image/registries-d.ts';
import { signImage } from '../../src/image/sign.ts';
import { cosignNotes, cosignPayload } from '../../src/image/signature-cosign.ts';
import { formatSignature } from '../../src/image/signature-store.ts';
import type { Signer } from '../../src/image/signer.ts';
import { sigstoreSigner } from '../../src/image/signer-sigstore.ts';
import type { Signing } from '../../src/image/signing.ts';
import type { SyncPlace } from '../../src/image/standing.ts';
import { type Synced, syncImages } from '../../src/image/sync.ts';
import { parsePlace } from '../../src/image/transport.ts';
import { cosignPayloadOf, keyPairs, signedBy } from './cosign.ts';
import { answer, type Keeping, keepingRegistry } from './keeping.ts';
import { type SampleImage, sampleImage, sampleIndex } from './samples.ts';
import { hasty, openAccess } from './server.ts';

const { privateKey } = keyPairs['ECDSA P-256'];

async function scratch(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pdy-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function ownSigner(t: TestContext): Promise<Signer> {
  const path = join(await scratch(t), 'key.pem');
  await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return sigstoreSigner({ path, passphrase: undefined }, { creator: 'podstead', nowMs: 1_700_000_000_000 });
}

const keep: Signing = { keep: true, signers: [], reference: undefined };
const rejecting: Policy = {
  file: 'policy.json',
  byDefault: [{ type: 'reject', at: 'policy.json:1:1' }],
  transports: new Map(),
};

/** By which policy images are taken, and where their signatures are. */
function accessBy(policy?: Policy, storage: Partial<SignatureStorage> = {}): Access {
  const access = openAccess(hasty(0));
  const here = { lookaside: 'file:///nowhere', staging: 'file:///nowhere', attachments: undefined, ...storage };
  return { ...access, trust: { ...access.trust, policy: async () => policy, storage: async () => here } };
}

interface Wish {
  readonly signing: Signing | undefined;
  readonly access?: Access;
  readonly to?: Access;
  readonly all?: boolean;
}

async function sync(
  pairs: Readonly<Record<string, string>>,
  { signing, access = accessBy(), to = accessBy(), all = false }: Wish,
): Promise<readonly Synced[]> {
  const items = Object.entries(pairs).map(([from, to]) => {
    return { source: parsePlace(from) as SyncPlace, destination: parsePlace(to) as SyncPlace, from: access };
  });
  return syncImages(items, {
    to,
    all,
    platform: parsePlatform('linux/amd64'),
    preserveDigests: false,
    signing,
    dryRun: false,
    keepGoing: true,
    onProgress: () => undefined,
    onDone: () => undefined,
    signal: new AbortController().signal,
  });
}

function outcomes(all: readonly Synced[]): readonly string[] {
  return all.map(each =>
    each.outcome === 'failed' ? `failed ${(each.error as { code?: string }).code}` : each.outcome,
  );
}

/** An image without layers: of documents alone. */
const small = (label: string): SampleImage => sampleImage({ sizes: [], label });

/** Files of dir:. */
async function writeDirectory(path: string, { manifest, config }: SampleImage): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'version'), 'Directory Transport Version: 1.1\n');
  await writeFile(join(path, 'manifest.json'), manifest.bytes);
  await writeFile(join(path, config.digest.slice('sha256:'.length)), config.bytes);
}

/** Somebody else's signature, in a file or beside the image. */
function signatureFor({ digest }: Pick<Manifest, 'digest'>, reference = 'example.com/web:1'): Buffer {
  const payload = cosignPayloadOf(digest, reference);
  const annotations = { [cosignNotes.signature]: signedBy(privateKey, payload).toString('base64') };
  return Buffer.from(formatSignature({ kind: 'sigstore', mediaType: cosignPayload, payload, annotations }));
}

/** A registry with an image in `from:1` and in `to:1`. */
async function twoSides(t: TestContext, image: SampleImage): Promise<Keeping> {
  const registry = await keepingRegistry(t);
  for (const repository of ['from', 'to']) registry.keep(repository, '1', image.manifest.bytes);
  return registry;
}

/** The same with an index of two images. */
async function twoIndexes(
  t: TestContext,
): Promise<{ readonly registry: Keeping; readonly index: Manifest; readonly images: readonly Manifest[] }> {
  const [amd64, arm64] = [small('amd64'), small('arm64')];
  const index = sampleIndex({ amd64, arm64 });
  const registry = await keepingRegistry(t);
  for (const repository of ['from', 'to']) {
    for (const { manifest } of [amd64, arm64]) registry.keep(repository, manifest.digest, manifest.bytes);
    registry.keep(repository, '1', index.bytes);
  }
  return { registry, index, images: [amd64.manifest, arm64.manifest] };
}

const good = small('good');
const evil = small('evil');

for (const hasIt of [true, false]) {
  test(`sync signs what the source has, where a tag there gives another image and its digest ${hasIt ? 'that one' : 'none'}`, async t => {
    const registry = await keepingRegistry(t, (request, response) => {
      if (!request.url?.endsWith('/to/manifests/1')) return false;
      answer(request, response, request.method === 'HEAD' ? good.manifest.bytes : evil.manifest.bytes);
      return true;
    });
    registry.keep('from', '1', good.manifest.bytes);
    if (hasIt) registry.keep('to', '1', good.manifest.bytes);
    const { host } = registry.server;
    const signing = { ...keep, signers: [await ownSigner(t)] };
    const done = await sync({ [`docker://${host}/from:1`]: `docker://${host}/to:1` }, { signing });
    assert.deepEqual(outcomes(done), [hasIt ? 'present' : 'failed IMAGE_NOT_FOUND']);
    assert.deepEqual(registry.claims('to', evil.manifest.digest), []);
    const claim = { digest: good.manifest.digest, reference: `${host}/to:1` };
    assert.deepEqual(registry.claims('to', good.manifest.digest), hasIt ? [claim] : []);
  });
}

test('sync signs nothing that is there already where the policy would not take it', async t => {
  const registry = await twoSides(t, good);
  const { host } = registry.server;
  const pair = { [`docker://${host}/from:1`]: `docker://${host}/to:1` };
  const signing = { ...keep, signers: [await ownSigner(t)] };
  const access = accessBy(rejecting);
  assert.deepEqual(outcomes(await sync(pair, { signing, access })), ['failed UNTRUSTED']);
  assert.deepEqual(registry.claims('to', good.manifest.digest), []);
  assert.deepEqual(outcomes(await sync(pair, { signing: keep, access })), ['present']);
});

test('of an index that is there sync signs every image, once, if the policy takes them', async t => {
  const { registry, index, images } = await twoIndexes(t);
  const { host } = registry.server;
  const pair = { [`docker://${host}/from:1`]: `docker://${host}/to:1` };
  const signing = { ...keep, signers: [await ownSigner(t)] };
  const refused = await sync(pair, { signing, all: true, access: accessBy(rejecting) });
  assert.deepEqual(outcomes(refused), ['failed UNTRUSTED']);
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(outcomes(await sync(pair, { signing, all: true })), ['present']);
    for (const { digest } of [index, ...images]) {
      assert.deepEqual(registry.claims('to', digest), [{ digest, reference: `${host}/to:1` }]);
    }
  }
});

/** Signs many tags of one image in one sync, and once more; gives the names that the signatures have then. */
async function signTags(
  t: TestContext,
  { isThere, reference }: { readonly isThere: boolean; readonly reference: string | undefined },
): Promise<{ readonly signed: readonly string[]; readonly names: readonly string[] }> {
  const [registry, dir] = [await keepingRegistry(t), await scratch(t)];
  const tags = ['1', '2', '3', '4', '5', '6'];
  for (const tag of tags) {
    await writeDirectory(join(dir, `web:${tag}`), good);
    if (isThere) registry.keep('web', tag, good.manifest.bytes);
  }
  const names = tags.map(tag => `${registry.server.host}/web:${tag}`);
  const pairs = Object.fromEntries(names.map((name, at) => [`dir:${dir}/web:${tags[at]}`, `docker://${name}`]));
  const signing = { ...keep, signers: [await ownSigner(t)], reference };
  for (const round of ['first', 'second']) {
    const outcome = isThere || round === 'second' ? 'present' : 'copied';
    assert.deepEqual(outcomes(await sync(pairs, { signing })), Array(tags.length).fill(outcome));
  }
  const claims = registry.claims('web', good.manifest.digest);
  return { names, signed: claims.map(claim => (typeof claim === 'string' ? claim : claim.reference)).toSorted() };
}

for (const isThere of [false, true]) {
  const which = isThere ? 'that is there' : 'that sync copies';
  test(`every tag of one image ${which} is signed, several at once`, async t => {
    const { signed, names } = await signTags(t, { isThere, reference: undefined });
    assert.deepEqual(signed, names);
  });

  test(`one name for every tag of one image ${which} is signed once`, async t => {
    const { signed } = await signTags(t, { isThere, reference: 'example.com/web:1' });
    assert.deepEqual(signed, ['example.com/web:1']);
  });
}

test('sync takes along what was signed after the first sync, once; not with --remove-signatures', async t => {
  const registry = await keepingRegistry(t);
  const dir = await scratch(t);
  await writeDirectory(join(dir, 'web:1'), good);
  const { host } = registry.server;
  const pair = { [`dir:${dir}/web:1`]: `docker://${host}/web:1` };
  assert.deepEqual(outcomes(await sync(pair, { signing: keep })), ['copied']);
  await writeFile(join(dir, 'web:1/signature-1'), signatureFor(good.manifest));
  assert.deepEqual(outcomes(await sync(pair, { signing: undefined })), ['present']);
  const bare = { ...keep, keep: false, signers: [await ownSigner(t)] };
  assert.deepEqual(outcomes(await sync(pair, { signing: bare })), ['present']);
  const own = { digest: good.manifest.digest, reference: `${host}/web:1` };
  assert.deepEqual(registry.claims('web', good.manifest.digest), [own]);
  const refused = await sync(pair, { signing: keep, access: accessBy(rejecting) });
  assert.deepEqual(outcomes(refused), ['failed UNTRUSTED']);
  for (const isFirst of [true, false]) {
    registry.asked();
    assert.deepEqual(outcomes(await sync(pair, { signing: keep })), ['present']);
    assert.equal(
      registry.asked().some(each => each.startsWith('PUT')),
      isFirst,
    );
    const theirs = { digest: good.manifest.digest, reference: 'example.com/web:1' };
    assert.deepEqual(registry.claims('web', good.manifest.digest), [own, theirs]);
  }
});

test('from a registry to a directory they come along later, too, of an index also those of its images', async t => {
  const [amd64, arm64] = [small('amd64'), small('arm64')];
  const index = sampleIndex({ amd64, arm64 });
  const registry = await keepingRegistry(t);
  for (const { manifest, config } of [amd64, arm64]) {
    registry.keep('web', manifest.digest, manifest.bytes);
    registry.blobs.set(config.digest, config.bytes);
  }
  registry.keep('web', '1', index.bytes);
  const dir = await scratch(t);
  const wish: Wish = { signing: keep, all: true, access: accessBy(undefined, { attachments: true }) };
  const pair = { [`docker://${registry.server.host}/web:1`]: `dir:${dir}/web:1` };
  assert.deepEqual(outcomes(await sync(pair, wish)), ['copied']);
  const signers = [await ownSigner(t)];
  await signImage(parsePlace(`docker://${registry.server.host}/web:1`), accessBy(), { signers, reference: undefined });
  assert.deepEqual(outcomes(await sync(pair, wish)), ['present']);
  await cp(join(dir, 'web:1'), join(dir, 'copy'), { recursive: true });
  const back = { [`dir:${dir}/copy`]: `docker://${registry.server.host}/back:1` };
  assert.deepEqual(outcomes(await sync(back, wish)), ['copied']);
  for (const { digest } of [index, amd64.manifest, arm64.manifest]) {
    assert.equal(registry.claims('back', digest).length, 1);
  }
});

test('a second sync asks no more than it must for signatures of an image that has none', async t => {
  const registry = await twoSides(t, good);
  const { host } = registry.server;
  const pair = { [`docker://${host}/from:1`]: `docker://${host}/to:1` };
  const digests = ['HEAD to/manifests/1', 'HEAD from/manifests/1'];
  const tag = `sha256-${good.manifest.digest.slice('sha256:'.length)}.sig`;
  for (const [attachments, signing, more] of [
    [undefined, keep, []],
    [false, keep, []],
    [true, undefined, []],
    [true, keep, [`HEAD from/manifests/${tag}`]],
  ] as const) {
    registry.asked();
    const done = await sync(pair, { signing, access: accessBy(undefined, { attachments }) });
    assert.deepEqual(outcomes(done), ['present']);
    assert.deepEqual(registry.asked(), [...digests, ...more]);
  }
});

test('of an index a second sync asks for digests alone, and reads it where it goes if its images may be signed', async t => {
  const { registry, index, images } = await twoIndexes(t);
  const { host } = registry.server;
  const pair = { [`docker://${host}/from:1`]: `docker://${host}/to:1` };
  const digests = ['HEAD to/manifests/1', 'HEAD from/manifests/1'];
  const tags = [...images.map(({ digest }) => digest), index.digest].map(digest => `${digest.replace(':', '-')}.sig`);
  for (const [attachments, more] of [
    [undefined, []],
    [true, [`GET to/manifests/${index.digest}`, ...tags.map(tag => `HEAD from/manifests/${tag}`)]],
  ] as const) {
    registry.asked();
    const access = accessBy(undefined, { attachments });
    assert.deepEqual(outcomes(await sync(pair, { signing: keep, all: true, access })), ['present']);
    assert.deepEqual(registry.asked(), [...digests, ...more]);
  }
});

test('from one lookaside storage to another they come along later, too', async t => {
  const registry = await twoSides(t, good);
  const dir = await scratch(t);
  const { host } = registry.server;
  const at = good.manifest.digest.replace(':', '=');
  const access = accessBy(undefined, { lookaside: `file://${dir}/from` });
  const to = accessBy(undefined, { staging: `file://${dir}/to` });
  const again = (): ReturnType<typeof sync> =>
    sync({ [`docker://${host}/from:1`]: `docker://${host}/to:1` }, { signing: keep, access, to });
  await mkdir(join(dir, `from@${at}`));
  assert.deepEqual(outcomes(await again()), ['present']);
  assert.deepEqual(await readdir(dir), [`from@${at}`]);
  await writeFile(join(dir, `from@${at}/signature-1`), 'by OpenPGP');
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(outcomes(await again()), ['present']);
    assert.deepEqual(await readdir(join(dir, `to@${at}`)), ['signature-1']);
  }
});
