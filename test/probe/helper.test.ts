import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NetworkDial } from '../../src/probe/dial.ts';
import { openHelper } from '../../src/probe/helper.ts';

const dial = (host: string): NetworkDial => {
  return { handler: { type: 'tcpSocket', host: undefined, port: 9 }, host, port: 9, timeoutMs: 60_000 };
};

test('a helper dials no address that is on no network of its namespace, loopback included', async t => {
  const serve = join(import.meta.dirname, '../../src/probe/serve.ts');
  const script = `import(${JSON.stringify(serve)}).then(each => each.serve())`;
  const helper = openHelper(
    { argv: [process.execPath, '--import', 'tsx', '--eval', script], env: process.env },
    Date.now,
  );
  t.after(() => helper.end());
  const [one, other] = await Promise.all([helper.dial(dial('127.0.0.1')), helper.dial(dial('203.0.113.1'))]);
  assert.deepEqual(one, { ok: undefined, message: 'no network of this namespace has its address' });
  assert.deepEqual(other, one);
});

test('without a helper nothing was tried, and it is started again after a while', async () => {
  let nowMs = 0;
  const pids: number[] = [];
  const argv = [process.execPath, '--eval', 'console.error("no such namespace"); process.exitCode = 1'] as const;
  const helper = openHelper(
    { argv: [...argv], env: process.env },
    () => nowMs,
    pid => pids.push(pid),
  );
  const message = "cannot look from inside the pods' network: no such namespace";
  assert.deepEqual(await helper.dial(dial('203.0.113.1')), { ok: undefined, message });
  assert.deepEqual(await helper.dial(dial('203.0.113.1')), { ok: undefined, message });
  assert.equal(pids.length, 1);
  nowMs = 5_000;
  assert.deepEqual(await helper.dial(dial('203.0.113.1')), { ok: undefined, message });
  assert.equal(pids.length, 2);
  const missing = openHelper({ argv: ['/nonexistent/podman'], env: {} }, () => 0);
  assert.equal((await missing.dial(dial('203.0.113.1'))).ok, undefined);
});
