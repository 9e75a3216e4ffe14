import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseName } from '../../src/image/name.ts';
import type { SignedIdentity } from '../../src/image/policy.ts';
import { findPolicy } from '../../src/image/policy-file.ts';
import { mismatch } from '../../src/image/policy-identity.ts';
import { readPolicy } from '../../src/image/policy-read.ts';
import { registryScopes, sectionFor } from '../../src/image/policy-scope.ts';
import { parsePlace } from '../../src/image/transport.ts';

const accept = { type: 'insecureAcceptAnything' };
const gpg = { type: 'signedBy', keyType: 'GPGKeys' };
const cosign = { type: 'sigstoreSigned' };
const rekor = { rekorPublicKeyPath: '/rekor.pub' };
const fulcio = { caPath: '/ca.pem', oidcIssuer: 'https://issuer.example', subjectEmail: 'ann@example.com' };

const good: readonly object[] = [
  { default: [accept] },
  { default: [{ type: 'reject' }], transports: { docker: { '': [accept] }, elsewhere: { any: [accept] } } },
  { default: [{ ...gpg, keyPath: '/key.gpg' }] },
  { default: [{ ...gpg, keyPaths: ['/a.gpg', '/b.gpg'], signedIdentity: { type: 'matchExact' } }] },
  { default: [{ ...gpg, keyData: 'AQID', signedIdentity: { type: 'exactReference', dockerReference: 'a/b:1' } }] },
  { default: [{ type: 'signedBaseLayer', baseLayerIdentity: { type: 'matchRepository' } }] },
  { default: [{ ...cosign, keyPath: '/key.pub' }] },
  { default: [{ ...cosign, keyDatas: ['AQID'], ...rekor }] },
  { default: [{ ...cosign, fulcio, ...rekor }] },
  { default: [accept], transports: { dir: { '/srv/images': [accept] }, 'docker-archive': { '': [accept] } } },
];
for (const document of good) {
  const text = JSON.stringify(document);
  test(`readPolicy() takes ${text}`, () => {
    assert.equal(readPolicy('policy.json', text).file, 'policy.json');
  });
}

const bad: readonly (readonly [string, RegExp])[] = [
  ['{', /policy\.json:1:\d+: /],
  ['[]', /:1:1: expected an object/],
  ['{}', /:1:1: expected "default"/],
  ['{"default":[]}', /:1:12: found an empty list/],
  ['{"default":[{"type":"reject"}],\n  "more": 1}', /policy\.json:2:3: found the unknown field "more"/],
  ['{"default":[{"type":"reject"}],"default":[{"type":"reject"}]}', /found "default" a second time/],
  ['{"default":[{"type":"reject"},]}', /:1:\d+: /],
  ['{"default":[{"type":"reject"}]} // no', /:1:\d+: /],
  ['{"default":[{"type":"reject","keyPath":"/k"}]}', /:1:30: found the unknown field "keyPath"/],
  ['{"default":[{"type":"trust"}]}', /unknown requirement "trust"/],
  ['{"default":[{"type":"constructor"}]}', /unknown requirement "constructor"/],
  ['{"default":[{"type":1}]}', /expected a text/],
  ['{"default":[{"type":"signedBy","keyPath":"/k"}]}', /expected "keyType"/],
  ['{"default":[{"type":"signedBy","keyType":"GPGKeys"}]}', /it names no keys/],
  ['{"default":[{"type":"signedBy","keyType":"PGP","keyPath":"/k"}]}', /unknown type of keys "PGP"/],
  ['{"default":[{"type":"signedBy","keyType":"GPGKeys","keyPath":"/k","keyData":"AQID"}]}', /more than one way/],
  ['{"default":[{"type":"signedBy","keyType":"GPGKeys","keyPaths":[]}]}', /found an empty list/],
  ['{"default":[{"type":"signedBy","keyType":"GPGKeys","keyData":"%"}]}', /expected base64/],
  ['{"default":[{"type":"sigstoreSigned"}]}', /expected one of "keyPath"/],
  [`{"default":[{"type":"sigstoreSigned","fulcio":${JSON.stringify(fulcio)}}]}`, /expected "rekorPublicKeyPath"/],
  ['{"default":[{"type":"reject"}],"transports":{"dir":{"srv":[{"type":"reject"}]}}}', /expected an absolute path/],
  ['{"default":[{"type":"reject"}],"transports":{"dir":{"/":[{"type":"reject"}]}}}', /expected "" for all/],
  ['{"default":[{"type":"reject"}],"transports":{"oci":{"/a/../b":[{"type":"reject"}]}}}', /expected a path without/],
  ['{"default":[{"type":"reject"}],"transports":{"docker-archive":{"/a":[{"type":"reject"}]}}}', /has none but ""/],
];
for (const [text, message] of bad) {
  test(`readPolicy() refuses ${text.slice(0, 90)}`, () => {
    assert.throws(() => readPolicy('policy.json', text), { code: 'TRUST_INVALID', message });
  });
}

const identities: readonly (readonly [object, RegExp | undefined])[] = [
  [{ type: 'matchExact' }, undefined],
  [{ type: 'matchExact', prefix: 'a' }, /unknown field "prefix"/],
  [{ type: 'exactReference', dockerReference: 'quay.io/a' }, /expected a tag or a digest/],
  [{ type: 'exactReference' }, /expected "dockerReference"/],
  [{ type: 'exactRepository', dockerRepository: 'A' }, /expected the name of an image/],
  [{ type: 'remapIdentity', prefix: 'mirror:5000', signedPrefix: 'quay.io/team' }, undefined],
  [{ type: 'remapIdentity', prefix: 'mirror:5000' }, /expected "signedPrefix"/],
  [{ type: 'remapIdentity', prefix: 'quay.io/busybox:1', signedPrefix: 'quay.io' }, /expected a registry or the start/],
  [{ type: 'anyhow' }, /unknown identity "anyhow"/],
];
for (const [signedIdentity, message] of identities) {
  const text = JSON.stringify({ default: [{ ...gpg, keyPath: '/k', signedIdentity }] });
  test(`readPolicy() ${message ? 'refuses' : 'takes'} the identity ${JSON.stringify(signedIdentity)}`, () => {
    if (message === undefined) assert.ok(readPolicy('policy.json', text));
    else assert.throws(() => readPolicy('policy.json', text), { code: 'TRUST_INVALID', message });
  });
}

const digest = `sha256:${'a'.repeat(64)}`;
const remap: SignedIdentity = { type: 'remapIdentity', prefix: 'mirror.example/hub', signedPrefix: 'docker.io' };
/** What is wanted, the name in the signature, the image's name, and whether they fit. */
const matches: readonly (readonly [SignedIdentity, string, string | undefined, boolean])[] = [
  [{ type: 'matchExact' }, 'quay.io/a:1', 'quay.io/a:1', true],
  [{ type: 'matchExact' }, 'quay.io/a:2', 'quay.io/a:1', false],
  [{ type: 'matchExact' }, 'quay.io/a', 'quay.io/a', false],
  [{ type: 'matchExact' }, 'quay.io/a:1', `quay.io/a@${digest}`, false],
  [{ type: 'matchRepoDigestOrExact' }, 'quay.io/a:1', `quay.io/a@${digest}`, true],
  [{ type: 'matchRepoDigestOrExact' }, 'quay.io/b:1', `quay.io/a@${digest}`, false],
  [{ type: 'matchRepoDigestOrExact' }, 'quay.io/a:2', 'quay.io/a:1', false],
  [{ type: 'matchRepoDigestOrExact' }, 'quay.io/a', 'quay.io/a:latest', false],
  [{ type: 'matchRepoDigestOrExact' }, 'busybox:latest', 'busybox', true],
  [{ type: 'matchRepository' }, 'quay.io/a', 'quay.io/a:1', true],
  [{ type: 'matchRepository' }, 'quay.io/a/b', 'quay.io/a:1', false],
  [{ type: 'matchRepository' }, 'No Name', 'quay.io/a:1', false],
  [{ type: 'matchRepository' }, 'quay.io/a', undefined, false],
  [{ type: 'exactReference', name: parseName('quay.io/a:1') }, 'quay.io/a:1', undefined, true],
  [{ type: 'exactReference', name: parseName('quay.io/a:1') }, 'quay.io/a:2', 'quay.io/a:2', false],
  [{ type: 'exactRepository', name: parseName('quay.io/a') }, 'quay.io/a:2', undefined, true],
  [remap, 'docker.io/library/busybox:1', 'mirror.example/hub/library/busybox:1', true],
  [remap, 'docker.io/library/busybox:1', 'mirror.example/hubs/library/busybox:1', false],
  [remap, 'quay.io/a:1', 'quay.io/a:1', true],
];
for (const [wanted, signed, image, isFit] of matches) {
  test(`mismatch() with ${wanted.type}: "${signed}" is ${isFit ? '' : 'not '}for ${image}`, () => {
    const found = mismatch(wanted, signed, image === undefined ? undefined : parseName(image));
    assert.equal(found === undefined, isFit, found);
  });
}

test('registryScopes() goes from the image to the domains of its registry', () => {
  const scopes = registryScopes(parseName('eu.quay.example:5000/team/web:1'));
  assert.deepEqual(scopes, [
    'eu.quay.example:5000/team/web:1',
    'eu.quay.example:5000/team/web',
    'eu.quay.example:5000/team',
    'eu.quay.example:5000',
    '*.quay.example',
    '*.example',
  ]);
  assert.equal(registryScopes(parseName(`quay.io/a:1@${digest}`))[0], `quay.io/a@${digest}`);
  assert.deepEqual(registryScopes(parseName('busybox')).slice(0, 3), [
    'docker.io/library/busybox:latest',
    'docker.io/library/busybox',
    'docker.io/library',
  ]);
});

test('sectionFor() takes the most exact scope alone, then that of the transport, then the default', async () => {
  const one = [accept];
  const policy = readPolicy(
    'policy.json',
    JSON.stringify({
      default: one,
      transports: { docker: { '': one, 'quay.io': one, 'quay.io/team/web:1': one }, dir: { '/srv': one } },
    }),
  );
  const named = async (place: string): Promise<string> => (await sectionFor(policy, parsePlace(place))).name;
  assert.equal(await named('docker://quay.io/team/web:1'), 'scope "quay.io/team/web:1" of docker:');
  assert.equal(await named('docker://quay.io/team/web:2'), 'scope "quay.io" of docker:');
  assert.equal(await named('docker://other.example/web'), 'the default of docker:');
  assert.equal(await named('dir:/srv/images/web'), 'scope "/srv" of dir:');
  assert.equal(await named('dir:/srvx/web'), 'the default');
  assert.equal(await named('docker-archive:/srv/web.tar'), 'the default');
});

test("findPolicy() takes the given file alone, else the user's", async t => {
  const home = await mkdtemp(join(tmpdir(), 'pdp-'));
  t.after(() => rm(home, { recursive: true }));
  const own = join(home, '.config/containers/policy.json');
  await mkdir(join(home, '.config/containers'), { recursive: true });
  await writeFile(own, JSON.stringify({ default: [accept] }));
  assert.equal((await findPolicy({ file: undefined, env: { HOME: home } }))?.file, own);
  await assert.rejects(findPolicy({ file: join(home, 'none.json'), env: { HOME: home } }), { code: 'TRUST_INVALID' });
  await rm(own);
  await mkdir(own);
  // What is there and cannot be read is not absent.
  await assert.rejects(findPolicy({ file: undefined, env: { HOME: home } }), { code: 'TRUST_INVALID' });
});
