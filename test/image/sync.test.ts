import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Access } from '../../src/image/access.ts';
import { parsePlatform } from '../../src/image/platform.ts';
import type { Policy } from '../../src/image/policy.ts';
import type { Signer } from '../../src/image/signer.ts';
import { sigstoreSigner } from '../../src/image/signer-sigstore.ts';
import type { Signing } from '../../src/image/signing.ts';
import type { SyncPlace } from '../../src/image/standing.ts';
import { type Synced, syncImages } from '../../src/image/sync.ts';
import { parsePlace } from '../../src/image/transport.ts';
import { keyPairs } from './cosign.ts';
import { keepingRegistry } from './keeping.ts';
import { type SampleImage, sampleImage } from './samples.ts';
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
/** Where signatures beside images are used, and by which policy images are taken. */
function accessBy(policy?: Policy, attachments?: boolean): Access {
  const access = openAccess(hasty(0));
  const nowhere = { lookaside: 'file:///nowhere', staging: 'file:///nowhere', attachments };
  return { ...access, trust: { ...access.trust, policy: async () => policy, storage: async () => nowhere } };
}

interface Wish {
  readonly signing: Signing | undefined;
  readonly access?: Access;
  readonly all?: boolean;
}

async function sync(
  pairs: Readonly<Record<string, string>>,
  { signing, access = accessBy(), all = false }: Wish,
): Promise<readonly Synced[]> {
  const items = Object.entries(pairs).map(([from, to]) => {
    return { source: parsePlace(from) as SyncPlace, destination: parsePlace(to) as SyncPlace, from: access };
  });
  return syncImages(items, {
    to: accessBy(undefined),
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

const good = small('good');

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

for (const isThere of [false]) {
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
