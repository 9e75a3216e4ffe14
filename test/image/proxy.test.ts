import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { proxyFor } from '../../src/image/proxy.ts';
import { fetchManifest } from '../../src/image/repository.ts';
import { sampleImage } from './samples.ts';
import { type Handler, hasty, registryOn, serve } from './server.ts';

const { manifest } = sampleImage();
const sendManifest: Handler = (_, response) => {
  response.writeHead(200, { 'content-type': manifest.mediaType });
  response.end(manifest.bytes);
};

const env = { HTTP_PROXY: 'http://plain:1', HTTPS_PROXY: 'http://tls:2' };
const cases: readonly (readonly [string, string, Readonly<Record<string, string>>, string | undefined])[] = [
  ['nothing', 'https://r.io/', {}, undefined],
  ['the proxy of the scheme', 'https://r.io/', env, 'http://tls:2/'],
  ['the proxy of the other scheme', 'http://r.io/', env, 'http://plain:1/'],
  ['the name in lower case first', 'http://r.io/', { ...env, http_proxy: 'http://low:3' }, 'http://low:3/'],
  ['a proxy without a scheme', 'http://r.io/', { HTTP_PROXY: 'plain:8080' }, 'http://plain:8080/'],
  ['what is no proxy', 'http://r.io/', { HTTP_PROXY: 'socks5://plain:8080' }, undefined],
  ['an empty name', 'http://r.io/', { HTTP_PROXY: '' }, undefined],
];
for (const [name, url, given, expected] of cases) {
  test(`proxyFor() takes ${name}`, () => assert.equal(proxyFor(new URL(url), given)?.href, expected));
}

const exempt: readonly (readonly [list: string, url: string, isExempt: boolean])[] = [
  ['*', 'https://r.io/', true],
  ['q.io, R.io', 'https://r.io/', true],
  ['q.io r.io', 'https://a.b.r.io/', true],
  ['.r.io', 'https://a.r.io/', true],
  ['.r.io', 'https://r.io/', false],
  ['*.r.io', 'https://a.r.io/', true],
  ['r.io', 'https://other.io/', false],
  ['r.io', 'https://bar.io/', false],
  ['r.io:5000', 'https://r.io:5000/', true],
  ['r.io:5000', 'https://r.io/', false],
  ['r.io:443', 'https://r.io/', true],
  ['127.0.0.1', 'http://127.0.0.1:5000/', true],
  ['10.0.0.0/8', 'http://10.1.2.3:5000/', true],
  ['10.0.0.0/8', 'http://11.1.2.3:5000/', false],
  ['10.0.0.0/99', 'http://10.1.2.3:5000/', false],
  ['fd00::/8', 'http://[fd12::1]:5000/', true],
  ['::1', 'http://[::1]:5000/', true],
  ['[::1]', 'http://[::1]:5000/', true],
  ['10.0.0.0/8', 'http://r.io/', false],
];
for (const [list, url, isExempt] of exempt) {
  test(`NO_PROXY=${list} ${isExempt ? 'leaves' : 'does not leave'} ${url} alone`, () => {
    assert.equal(proxyFor(new URL(url), { ...env, NO_PROXY: list }) === undefined, isExempt);
  });
}

/** A proxy that tunnels, or that answers with a status. @returns its address, and what was asked of it */
async function tunnel(t: TestContext, status = 200): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const proxy = createServer().on('connect', (request, socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
    socket.on('error', () => socket.destroy());
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const { hostname, port } = new URL(`http://${request.url}`);
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const address = proxy.address();
  return { url: `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, asked };
}

test('TLS goes through a proxy to the registry itself, whose certificate counts, with the password for the proxy', async t => {
  const server = await serve(t, sendManifest, { tls: true });
  const { url, asked } = await tunnel(t);
  const proxied = { verifyTls: true, retries: hasty(0), env: { HTTPS_PROXY: `http://ann:pa%20ss@${url}` } };
  const repository = { registry: registryOn(t, server, proxied), path: 'team/web' };
  for (const tag of ['1', '2']) assert.equal((await fetchManifest(repository, tag)).digest, manifest.digest);
  const authorization = `Basic ${Buffer.from('ann:pa ss').toString('base64')}`;
  assert.deepEqual(asked, [`${server.host} ${authorization}`], 'one tunnel, which is kept');
  assert.ok(!server.asked.some(({ headers }) => 'proxy-authorization' in headers), 'the registry sees none of it');
  const certificates = async () => ({ ca: [], client: undefined });
  const strict = { registry: registryOn(t, server, { ...proxied, certificates }), path: 'team/web' };
  await assert.rejects(fetchManifest(strict, '1'), { code: 'REGISTRY_UNREACHABLE', hint: /certificate/ });
});

test('a proxy that refuses is told as one', async t => {
  const server = await serve(t, sendManifest, { tls: true });
  const { url } = await tunnel(t, 407);
  const proxied = { verifyTls: true, retries: hasty(0), env: { HTTPS_PROXY: url } };
  const repository = { registry: registryOn(t, server, proxied), path: 'team/web' };
  await assert.rejects(fetchManifest(repository, '1'), {
    code: 'REGISTRY_UNREACHABLE',
    message: /the proxy answers 407$/,
    hint: /NO_PROXY/,
  });
  assert.deepEqual(server.asked, []);
});
