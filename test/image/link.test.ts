import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { download, upload } from '../../src/image/blob.ts';
import { openHttp } from '../../src/image/http.ts';
import { fetchManifest, listTags, type Repository } from '../../src/image/repository.ts';
import { blobOf, descriptorOf, sampleImage } from './samples.ts';
import { type Handler, hasty, registryOn, type Server, serve } from './server.ts';

const { manifest } = sampleImage();
const sendManifest: Handler = (_, response) => {
  response.writeHead(200, { 'content-type': manifest.mediaType });
  response.end(manifest.bytes);
};

function repositoryOn(t: TestContext, server: Server, more: Parameters<typeof registryOn>[2] = {}): Repository {
  return { registry: registryOn(t, server, more), path: 'team/web' };
}

test('a registry that wants to know its clients is shown the certificate that is kept for it', async t => {
  const server = await serve(t, sendManifest, { tls: 'mutual' });
  const { ca: cert = '', key = '' } = server;
  const strict = { verifyTls: true, retries: hasty(0) };
  const known = repositoryOn(t, server, {
    ...strict,
    certificates: async () => ({ ca: [cert], client: { cert, key } }),
  });
  assert.equal((await fetchManifest(known, '1')).digest, manifest.digest);
  await assert.rejects(fetchManifest(repositoryOn(t, server, strict), '1'), { code: 'REGISTRY_UNREACHABLE' });
});

test('what broke is told in words, on one line', async t => {
  const strict = { verifyTls: true, retries: hasty(0) };
  const plain = await serve(t, sendManifest);
  const tls = fetchManifest(repositoryOn(t, plain, strict), '1');
  await assert.rejects(tls, { message: /: wrong version number$/, hint: /--tls-verify=false/ });
  const rude = await serve(t, request => void request.socket.destroy());
  const closed = fetchManifest(repositoryOn(t, rude, { retries: hasty(0) }), '1');
  await assert.rejects(closed, { message: /closed without an answer$/ });
  const blob = descriptorOf(blobOf(randomBytes(1000)));
  const short = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('x', () => response.destroy());
  });
  const broken = Readable.from(download(repositoryOn(t, short, { retries: hasty(0) }), blob)).toArray();
  await assert.rejects(broken, { message: /broke off$/ });
});

test('requests one after the other share a connection', async t => {
  const ports = new Set<number | undefined>();
  const server = await serve(t, (request, response, body) => {
    ports.add(request.socket.remotePort);
    sendManifest(request, response, body);
  });
  const repository = repositoryOn(t, server, { certificates: async () => ({ ca: [], client: undefined }) });
  for (const tag of ['1', '2', '3']) await fetchManifest(repository, tag);
  assert.equal(ports.size, 1);
});

test('a registry that answers before it has the whole body is heard', async t => {
  const server = await serve(t, (_, response) => void response.end());
  const early = createServer(socket => {
    socket.on('error', () => socket.destroy());
    socket.once('data', head => {
      const isBegin = head.toString('latin1').startsWith('POST');
      const answer = isBegin ? '202 Accepted\r\nlocation: /up\r\nconnection: close' : '403 Forbidden';
      const body = isBegin ? '' : '{"errors":[{"code":"DENIED"}]}';
      // What comes meanwhile is read, as by registries, but never to its end.
      socket.on('data', () => undefined);
      socket.write(`HTTP/1.1 ${answer}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      if (isBegin) socket.end();
    });
  }).listen(0, '127.0.0.1');
  await once(early, 'listening');
  t.after(() => early.close());
  const address = early.address();
  const host = `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  const blob = descriptorOf(blobOf(randomBytes(64)));
  let left = false;
  async function* content(): AsyncGenerator<Uint8Array, void> {
    try {
      yield Buffer.alloc(64);
      // More than any buffer between takes at once.
      for (;;) yield Buffer.alloc(65_536);
    } finally {
      left = true;
    }
  }
  const wish = { blob: { ...blob, size: 2 ** 40 }, content, mountFrom: undefined };
  await assert.rejects(upload(repositoryOn(t, { ...server, host }), wish), {
    code: 'REGISTRY_REFUSED',
    message: /403, DENIED/,
  });
  // Nothing reads on for an upload that is over.
  while (!left) await new Promise(setImmediate);
});

test('what the body of an upload fails with is what is told', async t => {
  const server = await serve(t, (request, response) => {
    if (request.method === 'POST') response.writeHead(202, { location: '/up' }).end();
  });
  const blob = descriptorOf(blobOf(randomBytes(1000)));
  const failure = new RangeError('the disk is on fire');
  const content = (): AsyncIterable<Uint8Array> =>
    Readable.from(
      (async function* () {
        yield Buffer.alloc(10);
        throw failure;
      })(),
    );
  const failed = upload(repositoryOn(t, server), { blob, content, mountFrom: undefined });
  await assert.rejects(failed, failure);
});

test('a stop in the middle of a body is told as one, and not as a broken connection', async t => {
  const server = await serve(t, (_, response) => void response.writeHead(200).write('x'));
  const controller = new AbortController();
  const retries = hasty();
  const repository = repositoryOn(t, server, { signal: controller.signal, retries });
  const content = download(repository, descriptorOf(blobOf(randomBytes(1000))));
  const failed = (async () => {
    for await (const _ of content) controller.abort();
  })();
  await assert.rejects(failed, { name: 'AbortError' });
  assert.deepEqual(retries.waits, []);
});

test('twenty requests at once are stopped by one signal, without a warning', async t => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  const server = await serve(t, () => undefined);
  const controller = new AbortController();
  const repository = repositoryOn(t, server, { signal: controller.signal });
  // The first finds out that nothing speaks TLS there.
  const all = Array.from({ length: 20 }, (_, tag) => fetchManifest(repository, String(tag)));
  const settled = Promise.allSettled(all);
  while (server.asked.length < 20) await new Promise(setImmediate);
  controller.abort();
  for (const result of await settled) assert.equal(result.status === 'rejected' && result.reason.name, 'AbortError');
  assert.deepEqual(warnings, []);
});

test('a name and password in an address that a registry gives are not sent', async t => {
  const elsewhere = await serve(t, (_, response) => void response.end('{"tags":["a"]}'));
  const server = await serve(t, (_, response) => {
    response.writeHead(302, { location: `http://ann:pa55@${elsewhere.host}/tags` }).end();
  });
  assert.deepEqual(await listTags(repositoryOn(t, server)), ['a']);
  assert.equal(elsewhere.asked[0]?.headers.authorization, undefined);
});

test('a header that comes twice is one list', async t => {
  const server = await serve(t, (_, response) => {
    response.setHeader('www-authenticate', ['Negotiate', 'Basic realm="x"']);
    response.end();
  });
  const signal = new AbortController().signal;
  const certificates = async () => ({ ca: [], client: undefined });
  const http = openHttp({ verifyTls: false, env: {}, signal, certificates });
  t.after(() => http.close());
  const answer = await http.send({ method: 'GET', url: new URL(`http://${server.host}/`), what: 'ask' });
  await answer.drop();
  assert.equal(answer.header('www-authenticate'), 'Negotiate, Basic realm="x"');
});
