import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { Login } from '../../src/image/authorize.ts';
import { download, upload } from '../../src/image/blob.ts';
import { fetchManifest, listTags, type Repository } from '../../src/image/repository.ts';
import { seal } from '../../src/model/sealed.ts';
import { blobOf, descriptorOf, sampleImage } from './samples.ts';
import { type Handler, hasty, registryOn, type Server, serve } from './server.ts';

const { manifest } = sampleImage();
const ann: Login = {
  kind: 'password',
  credential: seal({ username: 'ann', password: 'pa55' }),
  whence: 'of "ann.json"',
};
const blob = blobOf(randomBytes(3_000_000));
const descriptor = descriptorOf(blob);

function repositoryOn(t: TestContext, server: Server, more: Parameters<typeof registryOn>[2] = {}): Repository {
  return { registry: registryOn(t, server, more), path: 'team/web' };
}

async function read(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const isAuthorized = (server: Server): boolean =>
  server.asked.some(({ headers }) => headers.authorization !== undefined);

test('credentials do not follow a redirect to another origin, and do follow one within it', async t => {
  const elsewhere = await serve(t, (_, response) => void response.end(blob.bytes));
  const server = await serve(t, (request, response) => {
    const { authorization } = request.headers;
    if (authorization === undefined) return void response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
    if (request.url === '/inside')
      return void response.writeHead(302, { location: `http://${elsewhere.host}/x` }).end();
    response.writeHead(307, { location: '/inside' }).end();
  });
  const got = await read(download(repositoryOn(t, server, { login: async () => ann }), descriptor));
  assert.equal(Buffer.compare(got, blob.bytes), 0);
  assert.equal(elsewhere.asked.length, 1);
  assert.ok(!isAuthorized(elsewhere));
});

test('an upload that the registry wants elsewhere goes there without credentials, and never from TLS to plain HTTP', async t => {
  const store = await serve(t, (_, response) => void response.writeHead(201).end());
  const begin: Handler = (request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
    } else response.writeHead(202, { location: `http://${store.host}/bytes?state=1` }).end();
  };
  const wish = { blob: descriptor, content: () => Readable.from([blob.bytes]), mountFrom: undefined };
  const plain = repositoryOn(t, await serve(t, begin), { login: async () => ann });
  assert.equal(await upload(plain, wish), 'sent');
  assert.deepEqual(
    store.asked.map(({ method, path }) => `${method} ${path}`),
    [`PUT /bytes?state=1&digest=${encodeURIComponent(blob.digest)}`],
  );
  assert.ok(!isAuthorized(store));
  const strict = repositoryOn(t, await serve(t, begin, { tls: true }), { login: async () => ann, verifyTls: true });
  await assert.rejects(upload(strict, wish), { code: 'REGISTRY_INVALID', message: /leads from TLS to/ });
  assert.equal(store.asked.length, 1);
});

test('a redirect in a circle, or to no address of the web, ends', async t => {
  const circle = await serve(t, (request, response) => void response.writeHead(302, { location: request.url }).end());
  const retries = hasty();
  await assert.rejects(read(download(repositoryOn(t, circle, { retries }), descriptor)), {
    code: 'REGISTRY_INVALID',
    message: /leads on more than 5 times/,
  });
  assert.deepEqual(retries.waits, []);
  assert.equal(circle.asked.length, 6);
  for (const location of ['file:///etc/shadow', 'http://[', undefined]) {
    const server = await serve(t, (_, response) => {
      response.writeHead(302, location === undefined ? {} : { location }).end();
    });
    await assert.rejects(read(download(repositoryOn(t, server), descriptor)), { message: /leads nowhere/ });
  }
});

test('a redirect from TLS to plain HTTP is refused where TLS counts', async t => {
  const plain = await serve(t, (_, response) => void response.end(blob.bytes));
  const leadOn: Handler = (_, response) => void response.writeHead(302, { location: `http://${plain.host}/` }).end();
  const server = await serve(t, leadOn, { tls: true });
  const strict = repositoryOn(t, server, { verifyTls: true });
  await assert.rejects(read(download(strict, descriptor)), { code: 'REGISTRY_INVALID', message: /leads from TLS to/ });
  assert.deepEqual(plain.asked, []);
  assert.equal((await read(download(repositoryOn(t, server), descriptor))).length, blob.bytes.length);
});

test('a password is not sent without TLS to log in elsewhere', async t => {
  const thief = await serve(t, (_, response) => void response.end('{"token":"x"}'));
  const server = await serve(
    t,
    (_, response) => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${thief.host}/token"` }).end();
    },
    { tls: true },
  );
  const repository = repositoryOn(t, server, { login: async () => ann });
  await assert.rejects(fetchManifest(repository, '1'), { code: 'REGISTRY_REFUSED', message: /without TLS/ });
  assert.deepEqual(thief.asked, []);
});

test('a token that is no text of a header is refused', async t => {
  const server: Server = await serve(t, (request, response) => {
    if (request.url?.startsWith('/token')) return void response.end('{"token":"x\\r\\nhost: y"}');
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${server.host}/token"` }).end();
  });
  await assert.rejects(fetchManifest(repositoryOn(t, server), '1'), { code: 'REGISTRY_INVALID', message: /no token/ });
});

const bad: readonly (readonly [string, Handler, string])[] = [
  [
    'other bytes than the digest says',
    (_, response) => void response.end(randomBytes(blob.bytes.length)),
    'CONTENT_WRONG',
  ],
  [
    'more than the size says',
    (_, response) => void response.end(Buffer.concat([blob.bytes, blob.bytes])),
    'CONTENT_WRONG',
  ],
  ['less than the size says', (_, response) => void response.end(blob.bytes.subarray(1)), 'CONTENT_WRONG'],
  ['nothing', (_, response) => void response.end(), 'CONTENT_WRONG'],
  [
    'headers without end',
    (_, response) => void response.writeHead(200, { 'x-large': 'x'.repeat(200_000) }).end(),
    'REGISTRY_INVALID',
  ],
];
for (const [name, handler, code] of bad) {
  test(`a blob of ${name} is refused, and not asked for again`, async t => {
    const server = await serve(t, handler);
    const retries = hasty();
    await assert.rejects(read(download(repositoryOn(t, server, { retries }), descriptor)), { code });
    assert.deepEqual(retries.waits, []);
  });
}

test('what sends a blob without end is left once it is too long', async t => {
  let sent = 0;
  const server = await serve(t, (_, response) => {
    const more = (): void => {
      sent += 65_536;
      if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(more));
    };
    more();
  });
  const failed = read(download(repositoryOn(t, server), descriptor));
  await assert.rejects(failed, { code: 'CONTENT_WRONG', message: /more than 3000000 bytes/ });
  assert.ok(sent < 50_000_000, String(sent));
});

test('a manifest without end is left at its limit; so is an index of another digest', async t => {
  const endless = await serve(t, (_, response) => {
    const more = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(65_536, ' '), () => setImmediate(more));
    };
    more();
  });
  await assert.rejects(fetchManifest(repositoryOn(t, endless), '1'), {
    code: 'REGISTRY_INVALID',
    message: /more than/,
  });
  const other = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-type': manifest.mediaType, 'docker-content-digest': blob.digest });
    response.end(manifest.bytes);
  });
  await assert.rejects(fetchManifest(repositoryOn(t, other), '1'), { code: 'CONTENT_WRONG' });
  const lying = await serve(t, (_, response) => void response.end(manifest.bytes));
  await assert.rejects(fetchManifest(repositoryOn(t, lying), blob.digest), { code: 'CONTENT_WRONG' });
});

/** Sends a blob in pieces: each answer is cut off after so many bytes of it. */
function cutting(cuts: number[], ranges: 'known' | 'unknown' | 'wrong'): Handler {
  return (request, response) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const from = ranges === 'known' ? start : ranges === 'wrong' && start > 0 ? start + 1 : 0;
    const length = blob.bytes.length - from;
    const isPart = ranges !== 'unknown' && start > 0;
    const range = { 'content-range': `bytes ${from}-${blob.bytes.length - 1}/${blob.bytes.length}` };
    response.writeHead(isPart ? 206 : 200, { 'content-length': length, ...(isPart ? range : {}) });
    const cut = cuts.shift();
    if (cut === undefined) return void response.end(blob.bytes.subarray(from));
    response.write(blob.bytes.subarray(from, from + cut), () => response.destroy());
  };
}

for (const ranges of ['known', 'unknown'] as const) {
  test(`a blob that breaks off goes on where it was, by ranges that are ${ranges}`, async t => {
    const server = await serve(t, cutting([500_000, 700_000], ranges));
    const retries = hasty();
    const got = await read(download(repositoryOn(t, server, { retries }), descriptor));
    assert.equal(Buffer.compare(got, blob.bytes), 0);
    assert.equal(retries.waits.length, 2);
    const starts = server.asked.map(({ headers }) => Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0));
    assert.ok((starts[1] ?? 0) > 0 && (starts[2] ?? 0) > (starts[1] ?? 0), starts.join(' '));
  });
}

test('a registry that goes on at another byte is refused', async t => {
  const server = await serve(t, cutting([500_000], 'wrong'));
  await assert.rejects(read(download(repositoryOn(t, server), descriptor)), { code: 'REGISTRY_INVALID' });
});

test('a registry that cuts off again and again is given up, and one that gets on is not', async t => {
  const stuck = await serve(t, cutting(Array(50).fill(1000), 'known'));
  await assert.rejects(read(download(repositoryOn(t, stuck), descriptor)), { code: 'REGISTRY_UNREACHABLE' });
  assert.equal(stuck.asked.length, 4);
  const slow = await serve(t, cutting([1_100_000, 1_100_000], 'known'));
  const retries = hasty(1);
  await read(download(repositoryOn(t, slow, { retries }), descriptor));
  assert.equal(retries.waits.length, 2);
});

const tagPages = [
  ['in a circle', (path: string) => path, /no end/],
  ['of somebody else', () => 'http://registry.invalid/v2/team/web/tags/list', /leads to "http:\/\/registry.invalid"/],
] as const;
for (const [name, next, message] of tagPages) {
  test(`listTags() leaves pages ${name}`, async t => {
    const server = await serve(t, (request, response) => {
      response.writeHead(200, { link: `<${next(request.url ?? '')}>; rel="next"` }).end('{"tags":["a"]}');
    });
    await assert.rejects(listTags(repositoryOn(t, server)), { code: 'REGISTRY_INVALID', message });
  });
}
