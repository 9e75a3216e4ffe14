import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../src/engine/engine.ts';
import { readFrames } from '../../src/podman/frames.ts';
import { firstDocument } from '../../src/podman/json.ts';
import { portIn } from '../../src/podman/port-holder.ts';
import { path } from '../../src/podman/query.ts';
import { registryFailure, registryHeaders } from '../../src/podman/registry-error.ts';
import { retryEngineError } from '../../src/podman/retry.ts';
import { checkVersion } from '../../src/podman/version.ts';
import { check } from '../arbitraries/property.ts';

const { signal } = new AbortController();

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test('readFrames() finds the same pieces however the bytes are cut', async () => {
  const piece = fc.record(
    { stream: fc.constantFrom('stdout', 'stderr'), text: fc.string() },
    { noNullPrototype: true },
  );
  const property = fc.asyncProperty(fc.array(piece), fc.array(fc.nat(20)), async (pieces, sizes) => {
    const frames = pieces.map(({ stream, text }) => {
      const header = Buffer.from([stream === 'stderr' ? 2 : 1, 0, 0, 0, 0, 0, 0, 0]);
      header.writeUInt32BE(Buffer.byteLength(text), 4);
      return Buffer.concat([header, Buffer.from(text)]);
    });
    const seen: unknown[] = [];
    for await (const { stream, data } of readFrames(cut(Buffer.concat(frames), sizes)))
      seen.push({ stream, text: Buffer.from(data).toString() });
    assert.deepEqual(seen, pieces);
  });
  await check(property);
});

test('firstDocument() reads the first of two, braces in strings and all', () => {
  assert.deepEqual(firstDocument('{"a":"}{"}{"b":1}'), { a: '}{' });
  assert.deepEqual(firstDocument('[1]'), [1]);
  assert.equal(firstDocument('Not Found }'), undefined);
});

test('path`` keeps a name in its place', () => {
  assert.equal(path`/images/${'a/b:1?x=#'}/json`, '/images/a%2Fb%3A1%3Fx%3D%23/json');
});

test('retryEngineError() tries again only what may pass, and stops by its signal', async () => {
  let tries = 0;
  const failing = (code: 'ENGINE_ERROR' | 'IN_USE', times: number) => async () => {
    if (tries++ < times) throw new EngineError(code, 'x', { transient: true });
    return tries;
  };
  assert.equal(await retryEngineError(signal, failing('ENGINE_ERROR', 1)), 2);
  tries = 0;
  await assert.rejects(retryEngineError(signal, failing('IN_USE', 1)), { code: 'IN_USE' });
  assert.equal(tries, 1);
  const controller = new AbortController();
  const call = retryEngineError(controller.signal, failing('ENGINE_ERROR', 9));
  controller.abort();
  await assert.rejects(call, { name: 'AbortError' });
});

const versions = [
  ['4.3.1', false, true],
  ['5.8.2-dev', false, true],
  ['4.2.0', false, false],
  ['4.2.0', true, false],
  ['6.0.0', false, false],
  ['6.0.0', true, true],
  ['', false, false],
] as const;
for (const [text, unsupported, fits] of versions) {
  test(`checkVersion() ${fits ? 'takes' : 'refuses'} "${text}"${unsupported ? ' when told to try' : ''}`, () => {
    const check = () => checkVersion(text, { unsupported });
    if (fits) assert.equal(check().text, text);
    else assert.throws(check, { code: 'ENGINE_UNSUITABLE' });
  });
}

const ports = [
  ['cannot listen on the TCP port: listen tcp4 :8080: bind: address already in use', { protocol: 'tcp', number: 8080 }],
  [
    'cannot listen on the UDP port: listen udp4 127.0.0.1:53: bind: address already in use',
    { protocol: 'udp', number: 53 },
  ],
  ['rootlessport listen tcp 0.0.0.0:80: bind: address already in use', { protocol: 'tcp', number: 80 }],
  ['listen tcp [::1]:443: bind: address already in use', { protocol: 'tcp', number: 443 }],
  ['something else', undefined],
] as const;
for (const [message, want] of ports) test(`portIn() reads "${message}"`, () => assert.deepEqual(portIn(message), want));

/** As Podman 4.3.1 words them. */
const pulls = [
  [
    'initializing source docker://h/x:1: reading manifest 1 in h/x: manifest unknown: manifest unknown',
    'IMAGE_NOT_FOUND',
  ],
  [
    'short-name "a/b" did not resolve to an alias and no unqualified-search registries are defined in "/x"',
    'IMAGE_NOT_FOUND',
  ],
  [
    'initializing source docker://h/x:1: reading manifest 1 in h/x: unauthorized: authentication required',
    'REGISTRY_REFUSED',
  ],
  [
    'pinging container registry h: Get "https://h/v2/": dial tcp: lookup h on 192.0.2.1:53: no such host',
    'REGISTRY_UNREACHABLE',
  ],
  [
    'pinging container registry h: Get "https://h/v2/": http: server gave HTTP response to HTTPS client',
    'REGISTRY_UNREACHABLE',
  ],
  [
    'storing blob to file "/x": happened during read: unexpected EOF (after reconnecting, server did not process a Range: header, status 200)',
    'REGISTRY_UNREACHABLE',
  ],
  ['reading manifest 1 in docker.io/x: toomanyrequests: You have reached your pull rate limit', 'REGISTRY_REFUSED'],
  [
    'copying system image from manifest list: Source image rejected: Running image docker://h/x:1 is rejected by policy.',
    'UNTRUSTED',
  ],
  ['Source image rejected: A signature was required, but no signature exists', 'UNTRUSTED'],
  ['Running image docker://h/x:1 is rejected by policy.', 'UNTRUSTED'],
  ['A signature was required, but no signature exists', 'UNTRUSTED'],
  ['Signature for identity "quay.io/team/app:test" is not accepted', 'UNTRUSTED'],
  ['Signature by key 0123456789ABCDEF is not accepted', 'UNTRUSTED'],
  ['List of verification policy requirements must not be empty', 'UNTRUSTED'],
  ['open /etc/containers/policy.json: no such file or directory', 'UNTRUSTED'],
  ['writing blob: storing blob: write /x: no space left on device', 'DISK_FULL'],
] as const;
for (const [words, code] of pulls) {
  test(`registryFailure() makes ${code} of "${words.slice(0, 60)}"`, () =>
    assert.equal(registryFailure('Cannot pull', words)?.code, code));
}

test('registryHeaders() are what Go decodes: URL-safe, padded', () => {
  const map = { h: { username: 'u', password: '>>>???~~' } };
  const { 'x-registry-config': header = '' } = registryHeaders(map);
  assert.match(header, /^[\w-]+=*$/);
  assert.equal(header.length % 4, 0);
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), map);
  assert.deepEqual(registryHeaders(undefined), {});
});
