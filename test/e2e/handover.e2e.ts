import assert from 'node:assert/strict';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { before, describe, test } from 'node:test';
import { cleanUps, eventually, type Host, host, listed } from './podstead.ts';

const web = (
  page: string,
  port: number,
  more: { replicas?: number; command?: string; ports?: boolean } = {},
): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${more.replicas ?? 1}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: localhost/bb:1
          command: [${more.command ?? `sh, -c, 'mkdir -p /www; echo ${page} > /www/index.html; exec httpd -f -p 80 -h /www'`}]
          ${more.ports === false ? '' : `ports: [{ containerPort: 80, hostPort: ${port}, hostIP: 127.0.0.1 }]`}
`;

function fetchText(port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const request = get({ host: '127.0.0.1', port, agent: false, timeout: 1000 }, response => {
      let text = '';
      response.on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => resolve(text.trim()));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(done => server.once('listening', done));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise(done => server.close(done));
  return port;
}

describe('a changed Deployment', () => {
  const cleaning = cleanUps();
  let on: Host;
  let port: number;
  before(async () => {
    on = await host(cleaning);
    port = await freePort();
  });

  const names = async (): Promise<readonly string[]> => [...(await on.containers()).keys()].sort();
  const answers = async (want: string): Promise<void> => {
    for (let tries = 0; tries < 200; tries++) {
      if ((await fetchText(port)) === want) return;
      await new Promise(done => setTimeout(done, 25));
    }
    assert.fail(`port ${port} never answered '${want}'`);
  };

  test('without ports its new pods stand before the old ones go', async () => {
    await on.write({ 'web.yaml': web('one', port, { replicas: 2, ports: false }) });
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    const old = await names();
    assert.equal(old.length, 2);
    await on.write({ 'web.yaml': web('two', port, { replicas: 2, ports: false }) });
    const plan = JSON.parse((await on.podstead('plan', on.source, '-o', 'json')).stdout);
    const id = (verb: string): number[] =>
      plan.steps.filter((step: { verb: string }) => step.verb === verb).map((step: { id: number }) => step.id);
    assert.ok(Math.max(...id('startContainer')) < Math.min(...id('removePod')));
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    const now = await names();
    assert.equal(now.length, 2);
    assert.ok(now.every(name => !old.includes(name)));
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('with a host port it hands the port over', async () => {
    await on.write({ 'web.yaml': web('one', port) });
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    await answers('one');
    await on.write({ 'web.yaml': web('two', port) });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    await answers('two');
    assert.equal((await names()).length, 1);
  });

  test('when the new pod cannot start, the old one serves again', async () => {
    await on.write({ 'web.yaml': web('', port, { command: "'/no/such/program'" }) });
    const failed = await on.podstead('apply', on.source);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /no such|not found/i);
    await answers('two');
    await on.write({ 'web.yaml': web('three', port) });
    const mended = await on.podstead('apply', on.source);
    assert.equal(mended.code, 0, mended.stderr);
    await answers('three');
    assert.equal((await names()).length, 1);
  });

  test('its old pods stay until the new ones are ready, and for good where they never are', async t => {
    const probed = (page: string): string =>
      `${web(page, port, { ports: false })}          readinessProbe: { exec: { command: [test, -e, /ready] }, periodSeconds: 1 }\n`;
    const touch = (name = ''): Promise<unknown> => on.engine.podman('exec', name, 'touch', '/ready');
    await on.write({ 'web.yaml': probed('three') });
    const agent = await on.start();
    t.after(() => agent.stop());
    const isNew = (olds: readonly string[]) => (all: readonly string[]) => all.some(name => !olds.includes(name));
    const before = await names();
    const [first] = (await eventually('the first new pod is there', names, isNew(before))).filter(
      name => !before.includes(name),
    );
    await touch(first);
    await eventually('only it is left', names, all => all.join() === first);
    await on.write({ 'web.yaml': probed('four') });
    await eventually('the second is there, beside the first', names, all => all.length === 2);
    await agent.stop();
    const { stdout } = await on.podstead('plan', on.source);
    assert.match(stdout, /stays until 'Pod\/default\/web-.*' is ready: container 'main' is not ready/);
    const applied = await on.podstead('apply', on.source, '--timeout', '5s');
    assert.equal(applied.code, 1, applied.stderr);
    const both = await names();
    assert.equal(both.length, 2);
    await touch(both.find(name => name !== first));
    const again = await on.podstead('apply', on.source);
    assert.equal(again.code, 0, again.stderr);
    assert.equal((await names()).length, 1);
    assert.ok(!(await names()).includes(first ?? ''));
  });

  test('scaled to nothing it leaves nothing', async () => {
    await on.write({ 'web.yaml': web('three', port, { replicas: 0 }) });
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    assert.deepEqual([...(await listed(on.engine, true)).keys()], []);
  });
});
