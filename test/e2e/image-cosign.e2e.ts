import assert from 'node:assert/strict';
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { initializeCA } from '@sigstore/mock';
import { assertSchema } from '../cli/schemas.ts';
import {
  type CosignLayer,
  certificateLog,
  cosignPayloadOf,
  type KeyPair,
  keyPairs,
  pemOf,
  rekorBundle,
  signatureImage,
  signedBy,
} from '../image/cosign.ts';
import { type Blob, blobOf, type SampleImage, sampleImage } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

const names = { signature: 'dev.cosignproject.cosign/signature', certificate: 'dev.sigstore.cosign/certificate' };
const more = { chain: 'dev.sigstore.cosign/chain', bundle: 'dev.sigstore.cosign/bundle' };
const ec = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

// Debian builds podman and skopeo without sigstore, and there is no cosign: what cosign would write is written by hand.
describe('podstead image honours signatures of cosign', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let dir = '';
  let sample: SampleImage;
  const log = ec();
  const own = keyPairs['ECDSA P-256'];
  const other = ec();
  before(async () => {
    server = await registry(cleaning);
    dir = await scratch(cleaning);
    sample = sampleImage();
    await writeLayout(join(dir, 'one'), '1', [sample]);
    await writeFile(join(dir, 'here.yaml'), `docker:\n  ${server.host}:\n    use-sigstore-attachments: true\n`);
    for (const [name, key] of Object.entries({ own: own.publicKey, other: other.publicKey, log: log.publicKey })) {
      await writeFile(join(dir, `${name}.pub`), pemOf(key));
    }
  });

  const image = (name: string): string => `docker://${server.host}/${name}`;
  const ours = (...args: readonly string[]): Promise<Ran> =>
    run('node', [program, 'image', ...args], { HOME: dir, NO_COLOR: '1' });

  /** Puts an image there, and what cosign would put beside it. */
  const push = async (name: string, layers: readonly CosignLayer[]): Promise<void> => {
    await skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${join(dir, 'one')}:1`, image(`${name}:1`));
    const { manifest, blobs } = signatureImage(layers);
    await put(name, `sha256-${sample.manifest.digest.slice('sha256:'.length)}.sig`, manifest, blobs);
  };
  const put = async (name: string, tag: string, manifest: Blob, blobs: readonly Blob[]): Promise<void> => {
    const base = `http://${server.host}/v2/${name}`;
    for (const { digest, bytes } of blobs) {
      const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
      const url = new URL(begun.headers.get('location') ?? '', base);
      url.searchParams.set('digest', digest);
      const headers = { 'content-type': 'application/octet-stream' };
      assert.equal((await fetch(url, { method: 'PUT', body: new Uint8Array(bytes), headers })).status, 201);
    }
    const type = JSON.parse(manifest.bytes.toString()).mediaType;
    const body = { method: 'PUT', body: new Uint8Array(manifest.bytes), headers: { 'content-type': type } };
    assert.equal((await fetch(`${base}/manifests/${tag}`, body)).status, 201);
  };
  const claim = (name: string, digest = sample.manifest.digest): Buffer =>
    cosignPayloadOf(digest, `${server.host}/${name}`);
  const layer = (
    payload: Buffer,
    { privateKey }: KeyPair,
    notes: Readonly<Record<string, string>> = {},
  ): CosignLayer => ({
    payload,
    annotations: { [names.signature]: signedBy(privateKey, payload).toString('base64'), ...notes },
  });

  const policy = async (requirement: object): Promise<string> => {
    const file = join(dir, 'policy.json');
    const identity = { type: 'matchRepository' };
    const list = [{ type: 'sigstoreSigned', signedIdentity: identity, ...requirement }];
    await writeFile(file, JSON.stringify({ default: list }));
    return file;
  };
  /** Copies it by a policy; what is said of it. */
  const judged = async (requirement: object, name: string, isTaken: boolean): Promise<string> => {
    const flags = ['--policy', await policy(requirement), '--src-tls-verify=false', '--registries.d', dir];
    const ran = await ours('copy', ...flags, image(`${name}:1`), `dir:${join(dir, 'ours')}`);
    assert.equal(ran.code === 0, isTaken, ran.stderr);
    return ran.stderr;
  };
  const key = (name: string): string => join(dir, `${name}.pub`);

  for (const [kind, pair] of Object.entries(keyPairs)) {
    test(`a signature by a key of ${kind} is taken by that key, and by no other`, async () => {
      const name = `kind/${kind.replace(' ', '-').toLowerCase()}`;
      await push(name, [layer(claim(name), pair)]);
      await judged({ keyData: Buffer.from(pemOf(pair.publicKey)).toString('base64') }, name, true);
      assert.match(await judged({ keyPath: key('other') }, name, false), /no key of the policy made it/);
      await judged({ keyPaths: [key('other'), key('own')] }, name, kind === 'ECDSA P-256');
    });
  }

  test('a signature for another image or name, of another kind or with changed bytes is refused', async () => {
    const wanted = { keyPath: key('own') };
    await push('bare', []);
    assert.match(await judged(wanted, 'bare', false), /it has no signature of sigstore/);
    const cases: readonly (readonly [string, readonly CosignLayer[], RegExp])[] = [
      ['digest', [layer(claim('digest', `sha256:${'a'.repeat(64)}`), own)], /it is for sha256:aaaa/],
      ['name', [layer(claim('elsewhere'), own)], /it is for ".*elsewhere", expected ".*name"/],
      [
        'kind',
        [layer(Buffer.from(claim('kind').toString().replace('cosign container', 'atomic container')), own)],
        /it is of type/,
      ],
      ['bytes', [{ ...layer(claim('bytes'), own), payload: claim('byte5') }], /no key of the policy made it/],
      ['field', [layer(Buffer.from(claim('field').toString().replace('"type"', '"until":1,"type"')), own)], /no claim/],
    ];
    for (const [name, layers, why] of cases) {
      await push(name, layers);
      assert.match(await judged(wanted, name, false), why);
    }
    await push('one-of-two', [layer(claim('one-of-two'), other), layer(claim('one-of-two'), own)]);
    await judged(wanted, 'one-of-two', true);
    // A name without a tag fits no tag, which is what holds where the policy says nothing.
    await judged({ ...wanted, signedIdentity: { type: 'matchRepoDigestOrExact' } }, 'one-of-two', false);
  });

  test('verify --key finds the signature, and fails without one', async () => {
    await push('verify', [layer(claim('verify'), own)]);
    const args = ['verify', '--tls-verify=false', '--key'];
    const good = await ours(...args, key('own'), image('verify:1'), '-o', 'json');
    assert.equal(good.code, 0, good.stderr);
    const document = JSON.parse(good.stdout);
    assertSchema('image-verify', document);
    assert.deepEqual(document, {
      Name: image('verify:1'),
      Digest: sample.manifest.digest,
      Policy: null,
      Signatures: [{ Kind: 'cosign', Reference: `${server.host}/verify`, Identity: null, Issuer: null }],
    });
    const text = await ours(...args, key('own'), image('verify:1'));
    assert.match(text.stdout, /is signed\n {2}sha256:[0-9a-f]{64}\n {2}by the key, as .*\/verify \(cosign\)\n/);
    const bad = await ours(...args, key('other'), image('verify:1'), '-o', 'json');
    assert.deepEqual([bad.code, bad.stdout], [1, '']);
    assert.match(bad.stderr, /its signature does not hold: the key did not make it/);
    const none = await ours(...args, join(dir, 'here.yaml'), image('verify:1'));
    assert.match(none.stderr, /expected a public key as PEM/);
    const unasked = await ours('verify', '--insecure-policy', image('verify:1'));
    assert.match(unasked.stderr, /nothing says who must have signed it/);
    const byPolicy = await ours(
      'verify',
      '--tls-verify=false',
      '--policy',
      await policy({ keyPath: key('own') }),
      image('verify:1'),
    );
    assert.equal(byPolicy.code, 0, byPolicy.stderr);
  });

  test('verify fails by a policy that asks for no signature, and says that it does not', async () => {
    await push('unasked', []);
    const file = join(dir, 'anything.json');
    const elsewhere = { docker: { 'elsewhere.example': [{ type: 'reject' }] } };
    await writeFile(file, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }], transports: elsewhere }));
    const ran = await ours('verify', '--tls-verify=false', '--policy', file, image('unasked:1'), '-o', 'json');
    assert.deepEqual([ran.code, ran.stdout], [1, '']);
    assert.match(
      ran.stderr,
      /the policy takes it, and asks for no signature\n {2}the default takes anything \(.*:1:\d+\)/,
    );
  });

  test('where a policy names a log, the log must have promised this very signature', async () => {
    const wanted = { keyPath: key('own'), rekorPublicKeyPath: key('log') };
    const payload = claim('log');
    const signature = signedBy(own.privateKey, payload);
    const entry = { payload, signature, pem: pemOf(own.publicKey), seconds: nowSeconds() };
    const notes = (bundle: string): CosignLayer => ({
      payload,
      annotations: { [names.signature]: signature.toString('base64'), [more.bundle]: bundle },
    });
    const cases: readonly (readonly [string, boolean])[] = [
      [rekorBundle(log, entry), true],
      ['', false],
      ['{}', false],
      [rekorBundle(other, entry), false],
      [rekorBundle(log, { ...entry, signature: signedBy(own.privateKey, payload) }), false],
      [rekorBundle(log, { ...entry, pem: pemOf(other.publicKey) }), false],
      [rekorBundle(log, { ...entry, payload: claim('other') }), false],
      [rekorBundle(log, entry).replace('"logIndex":7', '"logIndex":8'), false],
    ];
    for (const [bundle, isTaken] of cases) {
      await push('log', [notes(bundle)]);
      await judged(wanted, 'log', isTaken);
    }
  });

  test('a certificate of the authority of a policy is taken for the address that it names', async () => {
    const openssl = async (...args: readonly string[]): Promise<void> => {
      const ran = await run('openssl', args);
      assert.equal(ran.code, 0, ran.stderr);
    };
    const file = (name: string): string => join(dir, name);
    const pair = (name: string): Promise<void> =>
      openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file(`${name}.key`));
    const issue = async (name: string, ca: string | undefined, extensions: string): Promise<string> => {
      await pair(name);
      await openssl('req', '-new', '-key', file(`${name}.key`), '-subj', `/CN=${name}`, '-out', file(`${name}.csr`));
      await writeFile(file(`${name}.ext`), extensions);
      const by =
        ca === undefined ? ['-signkey', file(`${name}.key`)] : ['-CA', file(`${ca}.crt`), '-CAkey', file(`${ca}.key`)];
      const out = ['-extfile', file(`${name}.ext`), '-days', '2', '-out', file(`${name}.crt`)];
      await openssl('x509', '-req', '-in', file(`${name}.csr`), '-CAcreateserial', ...by, ...out);
      return readFile(file(`${name}.crt`), 'utf8');
    };
    const isCa = 'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\nkeyUsage=critical,keyCertSign\n';
    const issuer = 'https://accounts.example';
    const ann =
      `basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n` +
      `subjectAltName=critical,email:ann@example.com\n1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:${issuer}\n`;
    await issue('root', undefined, isCa);
    const between = await issue('between', 'root', isCa);
    const direct = await issue('direct', 'root', ann);
    const below = await issue('below', 'between', ann);
    await issue('false-root', undefined, isCa);
    const forged = await issue('forged', 'false-root', ann);
    const falseRoot = await readFile(file('false-root.crt'), 'utf8');

    const signedWith = async (
      name: string,
      pem: string,
      chain: string,
      seconds = nowSeconds() + 60,
    ): Promise<CosignLayer> => {
      const payload = claim('mail');
      const signature = signedBy(createPrivateKey(await readFile(file(`${name}.key`))), payload);
      const bundle = rekorBundle(log, { payload, signature, pem, seconds });
      const notes = { [names.certificate]: pem, [more.chain]: chain, [more.bundle]: bundle };
      return { payload, annotations: { [names.signature]: signature.toString('base64'), ...notes } };
    };
    const fulcio = { caPath: file('root.crt'), oidcIssuer: issuer, subjectEmail: 'ann@example.com' };
    const rekor = { rekorPublicKeyPath: key('log') };
    const cases: readonly (readonly [CosignLayer, object, boolean, RegExp])[] = [
      [await signedWith('direct', direct, ''), fulcio, true, /./],
      [await signedWith('below', below, between), fulcio, true, /./],
      [await signedWith('below', below, ''), fulcio, false, /certificate/],
      [await signedWith('forged', forged, ''), fulcio, false, /certificate/],
      // What comes with a signature is believed of nothing.
      [await signedWith('forged', forged, falseRoot), fulcio, false, /certificate/],
      [
        await signedWith('direct', direct, ''),
        { ...fulcio, subjectEmail: 'bob@example.com' },
        false,
        /"ann@example.com" signed/,
      ],
      [await signedWith('direct', direct, ''), { ...fulcio, oidcIssuer: 'https://x.example' }, false, /vouched for/],
      [await signedWith('direct', direct, '', nowSeconds() - 9e6), fulcio, false, /certificate/],
      [await signedWith('below', direct, ''), fulcio, false, /signature/],
      [layer(claim('mail'), own), fulcio, false, /it has no certificate/],
    ];
    for (const [signature, wanted, isTaken, why] of cases) {
      await push('mail', [signature]);
      assert.match(await judged({ fulcio: wanted, ...rekor }, 'mail', isTaken), why);
    }
  });

  test('verify --trust-root proves who signed without a key, offline', async () => {
    const [ctKeys, caKeys, leaf] = [ec(), generateKeyPairSync('ec', { namedCurve: 'P-384' }), ec()];
    const ctlog = certificateLog(ctKeys);
    const ca = await initializeCA(caKeys, ctlog);
    const issuer = 'https://issuer.example';
    const identity = 'https://ci.example/team/web/.ci/release.yml@main';
    const spki = (pair: KeyPair): Buffer => pair.publicKey.export({ type: 'spki', format: 'der' });
    const issued = async (authority: typeof ca): Promise<string> => {
      const extensions = [{ oid: '1.3.6.1.4.1.57264.1.8', value: issuer }];
      const der = await authority.issueCertificate({ publicKey: spki(leaf), subjectAltName: identity, extensions });
      return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
    };
    const entry = (pair: KeyPair): object => ({
      baseUrl: 'https://log.example',
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes: spki(pair).toString('base64'),
        keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        validFor: { start: '2020-01-01T00:00:00Z' },
      },
      logId: { keyId: createHash('sha256').update(spki(pair)).digest('base64') },
    });
    const root = {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [entry(log)],
      ctlogs: [entry(ctKeys)],
      certificateAuthorities: [
        {
          subject: {},
          uri: 'https://ca.example',
          certChain: { certificates: [{ rawBytes: ca.rootCertificate.toString('base64') }] },
          validFor: { start: '2020-01-01T00:00:00Z' },
        },
      ],
      timestampAuthorities: [],
    };
    await writeFile(join(dir, 'root.json'), JSON.stringify(root));
    const pem = await issued(ca);
    const payload = claim('keyless');
    const signature = signedBy(leaf.privateKey, payload);
    const noted = (certificate: string, seconds = nowSeconds() + 5): CosignLayer => {
      const bundle = rekorBundle(log, { payload, signature, pem: certificate, seconds });
      const annotations = { [names.signature]: signature.toString('base64'), [names.certificate]: certificate };
      return { payload, annotations: { ...annotations, [more.bundle]: bundle } };
    };
    const verify = (who = identity, by = issuer): Promise<Ran> =>
      ours(
        ...['verify', '--tls-verify=false', '--trust-root', join(dir, 'root.json'), '--certificate-identity', who],
        ...['--certificate-oidc-issuer', by, image('keyless:1'), '-o', 'json'],
      );
    await push('keyless', [noted(pem)]);
    const good = await verify();
    assert.equal(good.code, 0, good.stderr);
    const document = JSON.parse(good.stdout);
    assertSchema('image-verify', document);
    const reference = `${server.host}/keyless`;
    assert.deepEqual(document.Signatures, [
      { Kind: 'cosign', Reference: reference, Identity: identity, Issuer: issuer },
    ]);
    // A name is no pattern.
    for (const who of ['https://ci.example/team/web/.ci/release.yml', identity.replace('.example', 'xexample'), '.*']) {
      assert.match((await verify(who)).stderr, /signed it, expected/);
    }
    assert.match((await verify(identity, 'https://other.example')).stderr, /vouched for the signer/);
    const half = await ours('verify', '--trust-root', join(dir, 'root.json'), image('keyless:1'));
    assert.match(half.stderr, /--certificate-identity and --certificate-oidc-issuer together/);
    // Outside of its ten minutes, of another authority, and of one that no log of certificates has seen.
    await push('keyless', [noted(pem, nowSeconds() + 3600)]);
    assert.equal((await verify()).code, 1);
    await push('keyless', [
      noted(await issued(await initializeCA(generateKeyPairSync('ec', { namedCurve: 'P-384' }), ctlog))),
    ]);
    assert.equal((await verify()).code, 1);
    await push('keyless', [noted(await issued(await initializeCA(caKeys)))]);
    assert.match((await verify()).stderr, /SCT/);
  });

  test('a bundle that refers to the image is found and proven', async () => {
    await skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${join(dir, 'one')}:1`, image('bundled:1'));
    const hex = sample.manifest.digest.slice('sha256:'.length);
    const attach = async (statement: object, pair: KeyPair): Promise<void> => {
      const body = Buffer.from(JSON.stringify(statement));
      const type = 'application/vnd.in-toto+json';
      const signed = Buffer.from(`DSSEv1 ${type.length} ${type} ${body.length} ${body}`);
      const envelope = {
        payload: body.toString('base64'),
        payloadType: type,
        signatures: [{ sig: signedBy(pair.privateKey, signed).toString('base64'), keyid: '' }],
      };
      const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
      const material = { publicKey: { hint: 'key' }, tlogEntries: [] };
      const bundle = blobOf(JSON.stringify({ mediaType, verificationMaterial: material, dsseEnvelope: envelope }));
      const config = blobOf('{}');
      const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
      const artifact = blobOf(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: ociManifest,
          artifactType: mediaType,
          config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config.digest, size: config.bytes.length },
          layers: [{ mediaType, digest: bundle.digest, size: bundle.bytes.length }],
          subject: { mediaType: ociManifest, digest: sample.manifest.digest, size: sample.manifest.bytes.length },
        }),
      );
      await put('bundled', artifact.digest, artifact, [config, bundle]);
      const named = {
        mediaType: ociManifest,
        digest: artifact.digest,
        size: artifact.bytes.length,
        artifactType: mediaType,
      };
      const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [named] };
      // Debian's registry has no referrers API: then the tag counts.
      await put('bundled', `sha256-${hex}`, blobOf(JSON.stringify(index)), []);
    };
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      subject: [{ digest: { sha256: hex } }],
      predicate: {},
    };
    const verify = (): Promise<Ran> => ours('verify', '--tls-verify=false', '--key', key('own'), image('bundled:1'));
    await attach(statement, own);
    const good = await verify();
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /by the key \(bundle\)/);
    await attach(statement, other);
    assert.equal((await verify()).code, 1);
    await attach({ ...statement, subject: [{ digest: { sha256: 'a'.repeat(64) } }] }, own);
    assert.match((await verify()).stderr, /it is for another image/);
    await attach({ ...statement, predicateType: 'https://slsa.dev/provenance/v1' }, own);
    assert.match((await verify()).stderr, /provenance\/v1", which is no signature/);
  });
});
