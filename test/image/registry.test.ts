import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Login } from '../../src/image/authorize.ts';
import { parseChallenges } from '../../src/image/challenge.ts';
import { fetchManifest, listTags, type Repository } from '../../src/image/repository.ts';
import { seal } from '../../src/model/sealed.ts';
import { sampleImage } from './samples.ts';
import { type Handler, hasty, registryOn, type Server, serve } from './server.ts';

const { manifest } = sampleImage();
const ann: Login = {
  kind: 'password',
  credential: seal({ username: 'ann', password: 'pa55' }),
  whence: 'of "ann.json"',
};
const basic = `Basic ${Buffer.from('ann:pa55').toString('base64')}`;

const sendManifest: Handler = (_, response) => {
  response.writeHead(200, { 'content-type': manifest.mediaType, 'docker-content-digest': manifest.digest });
  response.end(manifest.bytes);
};

type More = Parameters<typeof registryOn>[2];

function repositoryOn(t: TestContext, server: Server, more: More = {}): Repository {
  return { registry: registryOn(t, server, more), path: 'team/web' };
}

const challenges = [
  ['Basic realm="a, b"', [{ scheme: 'basic', params: { realm: 'a, b' } }]],
  [
    'Bearer realm="https://x/t",service="s",scope="repository:a:pull,push"',
    [{ scheme: 'bearer', params: { realm: 'https://x/t', service: 's', scope: 'repository:a:pull,push' } }],
  ],
  [
    'Negotiate, Basic realm="a \\"b\\"", Bearer realm=x',
    [
      { scheme: 'negotiate', params: {} },
      { scheme: 'basic', params: { realm: 'a "b"' } },
      { scheme: 'bearer', params: { realm: 'x' } },
    ],
  ],
  ['', []],
  ['"', []],
] as const;
for (const [header, expected] of challenges) {
  test(`parseChallenges() reads ${header || 'an empty header'}`, () => {
    assert.deepEqual(parseChallenges(header), expected);
  });
}

test('a password goes to a registry that asks for it, and then with every request', async t => {
  const server = await serve(t, (request, response, body) => {
    if (request.headers.authorization === basic) return sendManifest(request, response, body);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  });
  const repository = repositoryOn(t, server, { login: async () => ann });
  for (let times = 0; times < 2; times++) assert.equal((await fetchManifest(repository, '1')).digest, manifest.digest);
  assert.deepEqual(
    server.asked.map(({ headers }) => headers.authorization),
    [undefined, basic, basic],
  );
});

/** A token server and its registry in one; tokens are good for `uses` requests each. */
async function tokenServer(t: TestContext, uses: number): Promise<Server> {
  let made = 0;
  let left = 0;
  const server: Server = await serve(t, (request, response, body) => {
    if (request.url?.startsWith('/token')) {
      left = uses;
      response.end(JSON.stringify({ token: `token-${++made}` }));
    } else if (request.headers.authorization === `Bearer token-${made}` && left-- > 0)
      sendManifest(request, response, body);
    else {
      const challenge = `Bearer realm="http://${server.host}/token",service="reg",scope="repository:team/web:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    }
  });
  return server;
}

test('a token is had for the scope that is needed, used again, and had anew once it is over', async t => {
  const server = await tokenServer(t, 2);
  const repository = repositoryOn(t, server, { login: async () => ann });
  for (let times = 0; times < 3; times++) await fetchManifest(repository, '1');
  const tokens = server.asked.filter(({ path }) => path.startsWith('/token'));
  assert.equal(tokens.length, 2);
  for (const { path, headers } of tokens) {
    const query = new URL(path, 'http://x').searchParams;
    assert.deepEqual(
      [query.get('service'), query.getAll('scope'), query.get('account')],
      ['reg', ['repository:team/web:pull'], 'ann'],
    );
    assert.equal(headers.authorization, basic);
  }
  const asked = server.asked.filter(({ path }) => path.startsWith('/v2/'));
  assert.ok(!asked.some(({ headers }) => headers.authorization === basic), 'the registry sees no password');
});

test('an identity token is sent in the body, and to the token server alone', async t => {
  const server = await tokenServer(t, 1);
  const login: Login = { kind: 'identity', token: seal('refresh-me'), whence: 'of "ann.json"' };
  await fetchManifest(repositoryOn(t, server, { login: async () => login }), '1');
  const [token] = server.asked.filter(({ path }) => path.startsWith('/token'));
  assert.equal(token?.method, 'POST');
  const form = new URLSearchParams(token?.body);
  assert.equal(form.get('refresh_token'), 'refresh-me');
  assert.equal(form.get('scope'), 'repository:team/web:pull');
  assert.ok(!server.asked.some(({ path }) => path.includes('refresh-me')));
});

test('a registry that refuses for good is asked twice at most, and its words are told without control characters', async t => {
  const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'not \u001b[31mfor\u0007 you\n' }] });
  const server = await serve(t, (_, response) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(body);
  });
  const repository = repositoryOn(t, server, { login: async () => ann });
  await assert.rejects(fetchManifest(repository, '1'), {
    code: 'REGISTRY_REFUSED',
    message: /answers 401 to the user name and password of "ann.json", not \[31mfor you$/,
    hint: /Correct .*log in anew with "podstead image login"/,
  });
  assert.equal(server.asked.length, 2);
});

test('what fails in passing is tried again, with a growing delay', async t => {
  let fails = 2;
  const server = await serve(t, (request, response, body) => {
    if (fails-- > 0) return void response.writeHead(503).end();
    sendManifest(request, response, body);
  });
  const retries = hasty();
  assert.equal((await fetchManifest(repositoryOn(t, server, { retries }), '1')).digest, manifest.digest);
  assert.deepEqual(retries.waits, [500, 1000]);
  fails = 9;
  await assert.rejects(fetchManifest(repositoryOn(t, server, { retries: hasty(1) }), '1'), {
    code: 'REGISTRY_UNREACHABLE',
    message: /503/,
  });
  assert.equal(fails, 7);
});

const waits = [
  ['7', 7000],
  ['0', 500],
  ['Sat, 21 Nov 2026 10:00:20 GMT', 20_000],
  ['whenever', 500],
] as const;
for (const [told, ms] of waits) {
  test(`Retry-After: ${told} makes it wait for ${ms} ms`, async t => {
    let busy = true;
    const server = await serve(t, (request, response, body) => {
      const headers = { 'retry-after': told, date: 'Sat, 21 Nov 2026 10:00:00 GMT' };
      if (!busy) return sendManifest(request, response, body);
      busy = false;
      response.writeHead(429, headers).end();
    });
    const retries = hasty();
    await fetchManifest(repositoryOn(t, server, { retries }), '1');
    assert.deepEqual(retries.waits, [ms]);
  });
}

test('a registry that asks for more patience than a minute is told at once', async t => {
  const server = await serve(t, (_, response) => void response.writeHead(429, { 'retry-after': '3600' }).end());
  const retries = hasty();
  const failed = fetchManifest(repositoryOn(t, server, { retries }), '1');
  await assert.rejects(failed, { code: 'REGISTRY_REFUSED', transient: true, retryAfterMs: 3_600_000 });
  assert.deepEqual(retries.waits, []);
});

test('what will not pass is not tried again', async t => {
  for (const [status, code] of [
    [404, 'IMAGE_NOT_FOUND'],
    [403, 'REGISTRY_REFUSED'],
    [400, 'REGISTRY_REFUSED'],
  ] as const) {
    const server = await serve(t, (_, response) => void response.writeHead(status).end());
    const retries = hasty();
    await assert.rejects(fetchManifest(repositoryOn(t, server, { retries }), '1'), { code });
    assert.deepEqual(retries.waits, []);
  }
});

test('TLS is asked for first; plain HTTP and unknown certificates are taken only where that is said', async t => {
  const plain = await serve(t, sendManifest);
  const secret = await serve(t, sendManifest, { tls: true });
  const certificates = async () => ({ ca: [], client: undefined });
  for (const server of [plain, secret]) {
    assert.equal((await fetchManifest(repositoryOn(t, server, { certificates }), '1')).digest, manifest.digest);
    const strict = repositoryOn(t, server, { verifyTls: true, retries: hasty(0), certificates });
    await assert.rejects(fetchManifest(strict, '1'), { code: 'REGISTRY_UNREACHABLE', hint: /--tls-verify=false/ });
  }
  const known = repositoryOn(t, secret, { verifyTls: true });
  assert.equal((await fetchManifest(known, '1')).digest, manifest.digest, 'whom its certificate vouches for');
});

test('many requests at once to a registry without TLS find it all the same', async t => {
  const server = await serve(t, sendManifest);
  const repository = repositoryOn(t, server);
  const all = await Promise.all(['1', '2', '3', '4'].map(tag => fetchManifest(repository, tag)));
  assert.equal(all.length, 4);
});

test('a proxy of the environment is asked, but for hosts that NO_PROXY names', async t => {
  const server = await serve(t, sendManifest);
  const tunnels: string[] = [];
  const proxy = createServer().on('connect', (request, socket) => {
    tunnels.push(request.url ?? '');
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const each of [upstream, socket]) each.on('error', () => each.destroy());
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const address = proxy.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const env = { HTTP_PROXY: url, HTTPS_PROXY: url };
  await fetchManifest(repositoryOn(t, server, { env }), '1');
  assert.deepEqual([...new Set(tunnels)], [server.host]);
  tunnels.length = 0;
  await fetchManifest(repositoryOn(t, server, { env: { ...env, NO_PROXY: '127.0.0.1' } }), '1');
  assert.deepEqual(tunnels, []);
});

test('listTags() follows pages to their end, and only where they belong', async t => {
  const pages: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    '/v2/team/web/tags/list': ['</v2/team/web/tags/list?last=b&n=2>; rel="next"', ['a', 'b']],
    '/v2/team/web/tags/list?last=b&n=2': ['', ['c']],
  };
  const server = await serve(t, (request, response) => {
    const [link, tags] = pages[request.url ?? ''] ?? ['', []];
    response.writeHead(200, link === '' ? {} : { link }).end(JSON.stringify({ name: 'team/web', tags }));
  });
  assert.deepEqual(await listTags(repositoryOn(t, server)), ['a', 'b', 'c']);
});
