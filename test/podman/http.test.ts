import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createNetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EngineError } from '../../src/engine/engine.ts';
import { type Call, type Http, openHttp } from '../../src/podman/http.ts';

const { signal } = new AbortController();
const ping: Call = { method: 'GET', path: '/x', what: 'Cannot ask', signal };

async function serve(t: TestContext, answer: RequestListener | ((socket: Socket) => void), raw = false): Promise<Http> {
  const dir = await mkdtemp(join(tmpdir(), 'pdu-'));
  const server: Server | ReturnType<typeof createNetServer> = raw
    ? createNetServer(answer as (socket: Socket) => void)
    : createServer(answer as RequestListener);
  await new Promise<void>(resolve => server.listen(join(dir, 's'), () => resolve()));
  const http = openHttp(join(dir, 's'));
  t.after(async () => {
    await http.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    await rm(dir, { recursive: true });
  });
  return http;
}

test('call() encodes its query: repeated keys, filters as JSON, nothing for undefined', async t => {
  const http = await serve(t, (request, response) => response.end(JSON.stringify({ url: request.url })));
  const query = { all: true, n: 2, names: ['a&b', 'c'], filters: { label: ['x=y z'] }, none: undefined };
  const { body } = await http.call({ ...ping, query });
  const { url } = body as { readonly url: string };
  assert.equal(
    url,
    '/v4.0.0/libpod/x?all=true&n=2&names=a%26b&names=c&filters=%7B%22label%22%3A%5B%22x%3Dy+z%22%5D%7D',
  );
});

test('call() sends a body as JSON with its type, and none without', async t => {
  const http = await serve(t, (request, response) => {
    let text = '';
    request.on('data', chunk => {
      text += chunk;
    });
    request.on('end', () => response.end(JSON.stringify({ text, type: request.headers['content-type'] })));
  });
  const sent = await http.call({ ...ping, method: 'POST', body: { a: 1 } });
  assert.deepEqual(sent.body, { text: '{"a":1}', type: 'application/json' });
  assert.deepEqual((await http.call({ ...ping, method: 'POST' })).body, { text: '' });
});

const refusals: readonly (readonly [number, string, string, boolean])[] = [
  [404, '{"cause":"no such pod","message":"m: no such pod","response":404}', 'GONE', true],
  // 4.3 writes the second document after the first.
  [
    500,
    '{"cause":"pod has been removed","message":"m {} }","response":500}\n{"cause":"no such pod","message":"x","response":404}',
    'GONE',
    true,
  ],
  [500, '{"cause":"image not known","message":"x: image not known","response":500}', 'IMAGE_NOT_FOUND', false],
  [409, '{"cause":"pod already exists","message":"m","response":409}', 'NAME_TAKEN', false],
  [500, '{"cause":"that name is already in use","message":"m","response":500}', 'NAME_TAKEN', false],
  [500, '{"cause":"UNIQUE constraint failed: ContainerConfig.Name","message":"m","response":500}', 'NAME_TAKEN', false],
  [409, '{"cause":"volume is being used","message":"m","response":409}', 'IN_USE', true],
  [500, '{"cause":"no space left on device","message":"m","response":500}', 'DISK_FULL', true],
  [400, '{"cause":"bad parameter","message":"m","response":400}', 'REFUSED', false],
  [500, '{"cause":"something","message":"m","response":500}', 'ENGINE_ERROR', true],
  [404, 'Not Found', 'GONE', true],
];
for (const [status, body, code, transient] of refusals) {
  test(`call() makes ${code} of ${status} ${body.slice(0, 40)}`, async t => {
    const http = await serve(t, (_request, response) => response.writeHead(status).end(body));
    const want = (error: unknown): boolean =>
      error instanceof EngineError &&
      error.code === code &&
      error.transient === transient &&
      error.message.startsWith('Cannot ask: ');
    await assert.rejects(http.call(ping), want);
    assert.equal((await http.call({ ...ping, accept: [status] })).status, status);
  });
}

/** Answers the first request of each connection and closes it at the second, as a service that idles out does. */
function idlesOut(seen: string[]): (socket: Socket) => void {
  return socket => {
    let count = 0;
    socket.on('error', () => undefined);
    socket.on('data', data => {
      seen.push(String(data).split(' ')[0] ?? '');
      if (count++ > 0) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    });
  };
}

test('call() sends again, once, what a kept connection lost, if twice is as good as once', async t => {
  const seen: string[] = [];
  const http = await serve(t, idlesOut(seen), true);
  await http.call(ping);
  // The pool takes a connection for free again a turn after its reply was read.
  const idle = () => new Promise(resolve => setImmediate(resolve));
  await idle();
  await http.call(ping);
  assert.deepEqual(seen, ['GET', 'GET', 'GET']);
  await idle();
  await assert.rejects(http.call({ ...ping, method: 'POST' }), { code: 'ENGINE_UNREACHABLE' });
  assert.deepEqual(seen.slice(3), ['POST']);
  await http.call(ping);
  await idle();
  await http.call({ ...ping, method: 'DELETE', idempotent: true });
  assert.deepEqual(seen.slice(4), ['GET', 'DELETE', 'DELETE']);
});

test('call() ends by its timeout as TIMEOUT, and by its signal with the reason', async t => {
  const http = await serve(t, () => undefined);
  await assert.rejects(http.call({ ...ping, timeoutMs: 20 }), { code: 'TIMEOUT', transient: true });
  const controller = new AbortController();
  const call = http.call({ ...ping, signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  await assert.rejects(http.call({ ...ping, signal: controller.signal }), /enough/);
});

test('documents() gives each line as it comes, across chunks, and a last one without newline', async t => {
  const http = await serve(t, (_request, response) => {
    response.write('{"a":1}\n\n{"b":"\u00e4');
    setImmediate(() => response.end('"}\n{"c":3}'));
  });
  const seen: unknown[] = [];
  for await (const document of http.documents(ping)) seen.push(document);
  assert.deepEqual(seen, [{ a: 1 }, { b: 'ä' }, { c: 3 }]);
});

test('documents() frees its connection when its reader stops, and fails where the stream breaks', async t => {
  let closed: () => void = () => undefined;
  const isClosed = new Promise<void>(resolve => {
    closed = resolve;
  });
  const http = await serve(t, (request, response) => {
    response.on('close', closed);
    response.write('{"a":1}\n');
    if (request.url?.includes('break') === true) setTimeout(() => response.destroy(), 10);
  });
  for await (const _ of http.documents(ping)) break;
  await isClosed;
  const reading = (async () => {
    for await (const _ of http.documents({ ...ping, query: { break: true } }));
  })();
  await assert.rejects(reading, { code: 'ENGINE_UNREACHABLE' });
});

test('documents() gives up a stream that is silent for too long, however long it has lasted', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const sent: (() => void)[] = [];
  const http = await serve(t, (_request, response) => {
    sent.push(() => void response.write('{}\n'));
    response.write('{}\n');
  });
  let seen = 0;
  const read = async (): Promise<void> => {
    for await (const _ of http.documents({ ...ping, silenceMs: 1000 })) {
      seen += 1;
      t.mock.timers.tick(900);
      if (seen < 4) sent[0]?.();
      else t.mock.timers.tick(100);
    }
  };
  await assert.rejects(read, error => error instanceof EngineError && error.code === 'TIMEOUT' && error.transient);
  assert.equal(seen, 4);
});
