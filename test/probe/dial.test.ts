import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Handler } from '../../src/model/probe.ts';
import { dialNetwork } from '../../src/probe/dial.ts';
import type { ProbeResult } from '../../src/probe/fold.ts';

type HttpHandler = Handler & { readonly type: 'httpGet' };

const host = '127.0.0.1';

function listening(t: TestContext, server: Server | TcpServer): Promise<number> {
  t.after(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return new Promise(resolve => server.listen(0, host, () => resolve((server.address() as AddressInfo).port)));
}

const get = (port: number, more: Partial<HttpHandler> = {}, timeoutMs = 20_000): Promise<ProbeResult> => {
  const handler: HttpHandler = {
    type: 'httpGet',
    scheme: 'HTTP',
    host: undefined,
    port,
    path: '/',
    headers: [],
    ...more,
  };
  return dialNetwork({ handler, host, port, timeoutMs });
};

test('httpGet: 200 to 399 is success, everything else is not', async t => {
  const port = await listening(
    t,
    createServer((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end();
    }),
  );
  for (const status of [200, 204, 304, 399])
    assert.deepEqual(await get(port, { path: `/${status}` }), { ok: true, message: '' });
  for (const status of [400, 404, 500, 503]) {
    assert.deepEqual(await get(port, { path: `/${status}` }), { ok: false, message: `HTTP ${status}` });
  }
});

test('httpGet sends what the kubelet sends, and what the manifest says', async t => {
  const seen: { url: string | undefined; raw: Record<string, string[]> }[] = [];
  const port = await listening(
    t,
    createServer((request, response) => {
      const raw: Record<string, string[]> = {};
      for (let at = 0; at < request.rawHeaders.length; at += 2) {
        const name = request.rawHeaders[at]?.toLowerCase() ?? '';
        raw[name] = [...(raw[name] ?? []), request.rawHeaders[at + 1] ?? ''];
      }
      seen.push({ url: request.url, raw });
      response.end('ok');
    }),
  );
  await get(port, { path: '/a b?c=d#e' });
  await get(port, {
    path: 'x',
    headers: [
      { name: 'Host', value: 'shop.example' },
      { name: 'X-A', value: '1' },
      { name: 'x-a', value: '2' },
      { name: 'User-Agent', value: 'mine' },
      { name: 'Accept', value: '' },
      { name: 'X-Name', value: 'käse' },
    ],
  });
  assert.equal(seen[0]?.url, '/a%20b?c=d');
  assert.deepEqual(seen[0]?.raw, {
    host: [`${host}:${port}`],
    'user-agent': ['kube-probe/1.36'],
    accept: ['*/*'],
    connection: ['close'],
  });
  assert.equal(seen[1]?.url, '/x');
  assert.deepEqual(seen[1]?.raw, {
    host: ['shop.example'],
    'user-agent': ['mine'],
    'x-a': ['1', '2'],
    'x-name': [Buffer.from('käse').toString('latin1')],
    connection: ['close'],
  });
});

test('httpGet follows redirects on the same host alone, and not for ever', async t => {
  const hits: string[] = [];
  const routes: RequestListener = (request, response) => {
    hits.push(request.url ?? '');
    const to: Readonly<Record<string, string>> = {
      '/bad': '/500',
      '/away': 'http://elsewhere.invalid/500',
      '/loop': '/loop',
      '/absolute': `http://${request.headers['x-at']}/500`,
    };
    const location = to[request.url ?? ''];
    if (location !== undefined) response.writeHead(302, { location }).end();
    else response.writeHead(request.url === '/500' ? 500 : 200).end();
  };
  const port = await listening(t, createServer(routes));
  assert.deepEqual(await get(port, { path: '/bad' }), { ok: false, message: 'HTTP 500' });
  assert.equal((await get(port, { path: '/away' })).ok, true);
  const at = { name: 'x-at', value: `${host}:${port}` };
  assert.equal((await get(port, { path: '/absolute', headers: [at] })).ok, false);
  hits.length = 0;
  assert.deepEqual(await get(port, { path: '/loop' }), { ok: false, message: 'redirected more than 10 times' });
  assert.equal(hits.length, 11);
});

test('httpGet reads no more than it needs of a long body, and a broken one is a failure', async t => {
  const port = await listening(
    t,
    createServer((request, response) => {
      if (request.url === '/endless') {
        response.write(Buffer.alloc(64 * 1024));
        return;
      }
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setImmediate(() => response.destroy());
    }),
  );
  assert.equal((await get(port, { path: '/endless' })).ok, true);
  assert.equal((await get(port, { path: '/broken' })).ok, false);
});

test('httpGet takes each way in which a body may end, in any pieces, and refuses what is no HTTP', async t => {
  const answers: Readonly<Record<string, readonly string[]>> = {
    '/close': ['HTTP/1.0 200 OK\r\n', '\r\nbody'],
    '/chunks': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r', '\n4\r\nbo', 'dy\r\n', '0\r\n\r\n'],
    '/trailers': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n'],
    '/zeros': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n000;c\r\n\r\n'],
    '/feeds': ['HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    '/within': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\nab\r\n0\r\n\r\n'],
    '/none': ['HTTP/1.1 204\r\n\r\n'],
    '/interim': ['HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'],
    '/cut': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbo'],
    '/ssh': ['SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  };
  // Connections stay open where the answer tells its own end.
  const stays = ['/chunks', '/trailers', '/zeros', '/feeds', '/none', '/interim'];
  const server = createTcp(socket => {
    socket.on('error', () => undefined);
    socket.once('data', async (data: Buffer) => {
      const path = data.toString().split(' ')[1] ?? '';
      for (const piece of answers[path] ?? []) {
        socket.write(piece);
        await new Promise(resolve => setTimeout(resolve, 5));
      }
      if (!stays.includes(path)) socket.end();
    });
  });
  const port = await listening(t, server);
  const found: Record<string, boolean | undefined> = {};
  for (const path of Object.keys(answers)) found[path] = (await get(port, { path })).ok;
  const wanted = Object.keys(answers).map(path => [path, !['/interim', '/cut', '/within', '/ssh'].includes(path)]);
  assert.deepEqual(found, Object.fromEntries(wanted));
  const split = { name: 'x', value: 'a\r\nb: c' };
  assert.deepEqual(await get(port, { headers: [split] }), {
    ok: false,
    message: 'cannot get an answer: Invalid character in header content ["x"]',
  });
});

test('httpGet and tcpSocket give up when their time is over', async t => {
  const port = await listening(
    t,
    createServer(() => {}),
  );
  assert.deepEqual(await get(port, {}, 50), { ok: false, message: 'no answer within 0.05 s' });
});

test('an answer that was there in time counts, though this process was held up', async t => {
  const port = await listening(
    t,
    createServer((_request, response) => void response.end('ok')),
  );
  const pending = get(port, {}, 300);
  await new Promise(resolve => setTimeout(resolve, 20));
  for (const until = performance.now() + 600; performance.now() < until; );
  assert.equal((await pending).ok, true);
});

test('https whose time is over while TLS is loaded leaves no connection open', async t => {
  const open = new Set<Socket>();
  const server = createTcp(socket => {
    open.add(socket);
    socket
      .resume()
      .on('error', () => undefined)
      .on('close', () => open.delete(socket));
  });
  const port = await listening(t, server);
  assert.deepEqual(await get(port, { scheme: 'HTTPS' }, 0), { ok: false, message: 'no answer within 0 s' });
  await import('node:tls');
  // A connection that is made later than this one is known to be there once that is.
  await get(port, {}, 50);
  for (let looks = 0; open.size > 0 && looks < 100; looks++) await new Promise(resolve => setTimeout(resolve, 20));
  assert.equal(open.size, 0);
});

test('https takes any certificate', async t => {
  const pem = execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=other', '-keyout', '-', '-out', '-'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const port = await listening(
    t,
    createHttps({ key: pem, cert: pem }, (_request, response) => void response.end('ok')),
  );
  assert.deepEqual(await get(port, { scheme: 'HTTPS' }), { ok: true, message: '' });
  assert.equal((await get(port)).ok, false);
});

test('tcpSocket succeeds with a connection and names what stood against it', async t => {
  const server = createTcp(socket => socket.on('error', () => undefined));
  const port = await listening(t, server);
  const dial = (): Promise<ProbeResult> =>
    dialNetwork({ handler: { type: 'tcpSocket', host: undefined, port }, host, port, timeoutMs: 20_000 });
  assert.deepEqual(await dial(), { ok: true, message: '' });
  await new Promise(resolve => server.close(resolve));
  assert.deepEqual(await dial(), { ok: false, message: 'cannot connect: connection refused' });
});

test('grpc asks the health service by name and knows its answers', async t => {
  const server = createHttp2();
  const asked: string[] = [];
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const body = Buffer.concat(chunks);
      const service = body.subarray(7).toString();
      asked.push(`${headers[':path']} ${headers['content-type']} ${headers.te} ${body.readUInt32BE(1)} ${service}`);
      if (service === 'missing') {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true });
        return;
      }
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from(service === 'down' ? [0, 0, 0, 0, 2, 8, 2] : [0, 0, 0, 0, 2, 8, 1]));
    });
  });
  t.after(() => server.close());
  const port = await new Promise<number>(resolve =>
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port)),
  );
  const ask = (service: string, timeoutMs = 20_000): Promise<ProbeResult> =>
    dialNetwork({ handler: { type: 'grpc', port, service }, host, port, timeoutMs });
  assert.deepEqual(await ask(''), { ok: true, message: '' });
  assert.deepEqual(await ask('shop.Cart'), { ok: true, message: '' });
  assert.deepEqual(await ask('down'), { ok: false, message: 'NOT_SERVING' });
  assert.deepEqual(await ask('missing'), { ok: false, message: 'the service is not known there' });
  assert.equal(asked[1], '/grpc.health.v1.Health/Check application/grpc trailers 11 shop.Cart');
  const silent = await listening(
    t,
    createTcp(() => {}),
  );
  const dial = { handler: { type: 'grpc', port: silent, service: '' }, host, port: silent, timeoutMs: 50 } as const;
  assert.deepEqual(await dialNetwork(dial), { ok: false, message: 'no answer within 0.05 s' });
});
