import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { knownAt, makePool, openRepository } from '../../src/image/access.ts';
import { parseName } from '../../src/image/name.ts';
import { listTags } from '../../src/image/repository.ts';
import { seal } from '../../src/model/sealed.ts';
import { hasty, openAccess, serve } from './server.ts';

test('repositories of one registry share its connections in a pool', async t => {
  const connections = new Set<Socket>();
  const server = createServer((request, response) => {
    connections.add(request.socket);
    response.end(JSON.stringify({ tags: [request.url] }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const pool = makePool();
  t.after(async () => {
    await pool.close();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });
  const access = { ...openAccess(), pool };
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'a']) {
    const repository = await openRepository(access, parseName(`127.0.0.1:${port}/${name}`));
    assert.deepEqual(await listTags(repository), [`/v2/${name}/tags/list`]);
    await repository.registry.close();
  }
  // The second is for a request that comes before the first has its answer's end.
  assert.ok(connections.size <= 2, `${connections.size} connections`);
});

test('credentials that are given for one registry go to no other, be it a mirror', async t => {
  const server = await serve(t, (_, response) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
  });
  const credential = seal({ username: 'ann', password: 'pa55' });
  const sent = async (registry: string): Promise<boolean> => {
    const before = server.asked.length;
    const access = {
      ...openAccess(hasty(0)),
      known: knownAt(registry, { kind: 'password', credential, whence: 'of a test' }),
    };
    const repository = await openRepository(access, parseName(`${server.host}/a`));
    await assert.rejects(listTags(repository), { code: 'REGISTRY_REFUSED' });
    await repository.registry.close();
    return server.asked.slice(before).some(({ headers }) => headers.authorization !== undefined);
  };
  assert.equal(await sent(server.host), true);
  assert.equal(await sent('other.example'), false);
});
