import assert from 'node:assert/strict';
import { chown } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createHttp2, type Http2Server } from 'node:http2';
import { before, describe, test } from 'node:test';
import { cleanUps, eventually, type Host, host } from './podstead.ts';

/** A pod of one container, `main`: busybox, whose handlers read files that the tests write. */
const pod = (name: string, main: string, command: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 5
  containers:
    - name: main
      image: localhost/bb:1
      command: [sh, -c, ${JSON.stringify(command)}]
${main
  .trim()
  .split('\n')
  .map(line => `      ${line}`)
  .join('\n')}
`;

/** Serves /srv on port 8080. */
const httpd = 'exec httpd -f -p 8080 -h /srv';

interface Row {
  readonly key: string;
  readonly state: string;
  readonly message: string;
  readonly restarts: number;
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  readonly containers: readonly { readonly name: string; readonly ready: boolean | null; readonly startedAt: string }[];
}

describe('probes', () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
  });

  const rowOf = async (name: string): Promise<Row | undefined> => {
    const { stdout } = await on.podstead('status', '-o', 'json');
    const { pods } = JSON.parse(stdout) as { readonly pods: readonly Row[] };
    return pods.find(each => each.key === `Pod/default/${name}`);
  };
  const ready = (name: string, wanted: boolean): Promise<Row | undefined> =>
    eventually(
      `${name} is ${wanted ? '' : 'not '}ready`,
      () => rowOf(name),
      row => row?.containers[0]?.ready === wanted,
    );
  const inside = (name: string, ...command: string[]): ReturnType<Host['podstead']> =>
    on.engine.podman('exec', `${name}-main`, ...command);

  test('httpGet: readiness follows what the server says', async t => {
    await on.write({
      'web.yaml': pod('web', 'readinessProbe: { httpGet: { path: /ok, port: 8080 }, periodSeconds: 1 }', httpd),
    });
    const agent = await on.start();
    t.after(() => agent.stop());
    await eventually(
      'its message',
      () => rowOf('web'),
      row => /HTTP 404/.test(row?.message ?? ''),
    );
    await inside('web', 'touch', '/srv/ok');
    await ready('web', true);
    await inside('web', 'rm', '/srv/ok');
    const after = await ready('web', false);
    assert.equal(after?.restarts, 0);
    assert.deepEqual(
      after?.conditions.map(({ type, status }) => `${type} ${status}`),
      ['Initialized True', 'ContainersReady False', 'Ready False'],
    );
    await agent.stop();
    const gone = await rowOf('web');
    assert.equal(gone?.containers[0]?.ready, null);
  });

  test("pods are dialled from the host where the engine is rootful, whoever's its socket is", async t => {
    await chown(on.engine.socket, 1000, 1000);
    t.after(() => chown(on.engine.socket, 0, 0));
    await on.write({
      'own.yaml': pod('own', 'readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 }', httpd),
    });
    const applied = await on.podstead('apply', `${on.source}/own.yaml`);
    assert.equal(applied.code, 0, applied.stderr);
  });

  test('tcpSocket by the name of a port; exec by its exit code; several successes in a row', async t => {
    const tcp =
      'ports: [{ name: web, containerPort: 8080 }]\nreadinessProbe: { tcpSocket: { port: web }, periodSeconds: 1 }';
    const exec =
      'readinessProbe: { exec: { command: [sh, -c, "cat /srv/ok"] }, periodSeconds: 1, successThreshold: 2 }';
    await on.write({
      'tcp.yaml': pod('tcp', tcp, 'while [ ! -e /srv/go ]; do sleep 0.1; done; exec httpd -f -p 8080'),
      'exec.yaml': pod('exec', exec, 'sleep 10000'),
    });
    const agent = await on.start();
    t.after(() => agent.stop());
    await eventually(
      'why tcp is not ready',
      () => rowOf('tcp'),
      row => /connection refused/.test(row?.message ?? ''),
    );
    await eventually(
      'what exec says',
      () => rowOf('exec'),
      row => /exit code 1: .*No such file/.test(row?.message ?? ''),
    );
    await inside('tcp', 'touch', '/srv/go');
    await inside('exec', 'touch', '/srv/ok');
    await ready('tcp', true);
    await ready('exec', true);
    await agent.stop();
    const { stdout } = await on.podstead('doctor', '-o', 'json');
    const { checks } = JSON.parse(stdout) as {
      readonly checks: readonly { readonly name: string; readonly found: string }[];
    };
    assert.match(checks.find(({ name }) => name === 'exec probes')?.found ?? '', /^1\.0 commands a second/);
  });

  test('a liveness probe that fails restarts its container, is counted and told; readiness begins anew', async t => {
    const probes = [
      'readinessProbe: { exec: { command: [test, -e, /srv/ok] }, periodSeconds: 1 }',
      'livenessProbe: { httpGet: { path: /live, port: 8080 }, periodSeconds: 1, failureThreshold: 2 }',
    ].join('\n');
    await on.write({ 'live.yaml': pod('live', probes, `touch /srv/live; ${httpd}`) });
    const agent = await on.start();
    t.after(() => agent.stop());
    await eventually(
      'live runs',
      () => rowOf('live'),
      row => row?.state === 'Running',
    );
    await inside('live', 'touch', '/srv/ok');
    const first = await ready('live', true);
    await inside('live', 'rm', '/srv/live', '/srv/ok');
    const second = await eventually(
      'it restarts',
      () => rowOf('live'),
      row => row?.restarts === 1 && row.state === 'Running',
    );
    assert.notEqual(second?.containers[0]?.startedAt, first?.containers[0]?.startedAt);
    assert.equal((await ready('live', false))?.restarts, 1);
    const why = await on.podstead('why', 'live');
    assert.match(why.stdout, /restarted .*container 'main' failed its liveness probe 2 times: HTTP 404/);
    await agent.stop();
  });

  test('a startup probe holds the others back until it succeeds, and restarts its container when it never does', async t => {
    const gated = [
      'startupProbe: { exec: { command: [test, -e, /srv/started] }, periodSeconds: 1, failureThreshold: 1000 }',
      'livenessProbe: { exec: { command: [test, -e, /srv/live] }, periodSeconds: 1, failureThreshold: 1 }',
    ].join('\n');
    const never =
      'startupProbe: { exec: { command: ["false"] }, periodSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 1 }';
    await on.write({
      'gated.yaml': pod('gated', gated, 'sleep 10000'),
      'never.yaml': pod('never', never, 'sleep 10000'),
    });
    const agent = await on.start();
    t.after(() => agent.stop());
    await eventually(
      'never restarts',
      () => rowOf('never'),
      row => (row?.restarts ?? 0) > 0,
    );
    assert.match((await on.podstead('why', 'never')).stdout, /failed its startup probe 2 times: exit code 1/);
    // By now gated's liveness probe would have failed more than once.
    const row = await rowOf('gated');
    assert.deepEqual([row?.restarts, row?.containers[0]?.ready], [0, false]);
    await inside('gated', 'touch', '/srv/live', '/srv/started');
    await ready('gated', true);
    await inside('gated', 'rm', '/srv/live');
    await eventually(
      'gated restarts',
      () => rowOf('gated'),
      found => (found?.restarts ?? 0) > 0,
    );
    await agent.stop();
  });

  test('a hung command is ended with all that it started', async t => {
    const hung =
      'livenessProbe: { exec: { command: [sh, -c, "setsid sleep 4321 & sleep 4322"] }, periodSeconds: 1, failureThreshold: 1000 }';
    await on.write({ 'hung.yaml': pod('hung', hung, 'sleep 10000') });
    const agent = await on.start();
    t.after(() => agent.stop());
    await eventually(
      'it is told',
      () => rowOf('hung'),
      row => /did not end within 1 s/.test(row?.message ?? ''),
    );
    await agent.stop();
    const left = async (): Promise<string> => (await inside('hung', 'ps')).stdout;
    const processes = await eventually('only the container is left', left, text => !/sleep 432/.test(text));
    assert.match(processes, /sleep 10000/);
    assert.equal((await rowOf('hung'))?.restarts, 0);
  });

  test('apply waits until a pod is ready, and says why it never becomes so', async () => {
    const probe = (path: string): string =>
      `readinessProbe: { httpGet: { path: ${path}, port: 8080 }, periodSeconds: 1 }`;
    await on.write({ 'a.yaml': pod('a', probe('/ok'), `(sleep 2; touch /srv/ok) & ${httpd}`) });
    const good = await on.podstead('apply', `${on.source}/a.yaml`);
    assert.equal(good.code, 0, good.stderr);
    assert.equal((await inside('a', 'test', '-e', '/srv/ok')).code, 0);
    await on.write({ 'b.yaml': pod('b', probe('/never'), httpd) });
    const bad = await on.podstead('apply', `${on.source}/b.yaml`, '--timeout', '6s');
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /Pod\/default\/b .*container 'main' is not ready: its readiness probe fails: HTTP 404/);
  });

  test('with probes and hooks a second plan is empty, and changing them restarts nothing', async () => {
    const more = (path: string): string =>
      [
        `readinessProbe: { httpGet: { path: ${path}, port: 8080 }, periodSeconds: 1 }`,
        'lifecycle: { preStop: { sleep: { seconds: 1 } } }',
      ].join('\n');
    await on.write({ 'c.yaml': pod('c', more('/'), `echo hi > /srv/index.html; ${httpd}`) });
    const file = `${on.source}/c.yaml`;
    assert.equal((await on.podstead('apply', file)).code, 0);
    assert.equal((await on.podstead('plan', file)).code, 0);
    const before = (await on.containers()).get('c-main');
    await on.write({ 'c.yaml': pod('c', more('/index.html'), `echo hi > /srv/index.html; ${httpd}`) });
    const diff = await on.podstead('diff', file);
    assert.match(diff.stdout, /c\.yaml:\d+/);
    assert.match(diff.stdout, /index\.html/);
    assert.equal((await on.podstead('apply', file)).code, 0);
    const after = (await on.containers()).get('c-main');
    assert.deepEqual([after?.Id, after?.StartedAt], [before?.Id, before?.StartedAt]);
    assert.equal((await on.podstead('plan', file)).code, 0);
  });

  test("grpc and httpGet of a pod on the host's network are asked on loopback; a redirect to the same host is followed", async t => {
    const health = createHttp2();
    let serving = false;
    health.on('stream', stream => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, serving ? 1 : 2]));
    });
    const web = createServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: '/here' }).end();
      else response.writeHead(request.url === '/here' && request.headers.host === 'shop.example' ? 200 : 404).end();
    });
    const [grpcPort, webPort] = await Promise.all([health, web].map(listening));
    t.after(() => {
      health.close();
      web.close();
    });
    const get = `httpGet: { path: /moved, port: ${webPort}, httpHeaders: [{ name: Host, value: shop.example }] }`;
    const probes = [
      `readinessProbe: { grpc: { port: ${grpcPort} }, periodSeconds: 1 }`,
      `startupProbe: { ${get}, periodSeconds: 1, failureThreshold: 1000 }`,
    ].join('\n');
    const text = pod('grpc', probes, 'sleep 10000').replace('spec:', 'spec:\n  hostNetwork: true');
    await on.write({ 'grpc.yaml': text });
    const agent = await on.start();
    t.after(() => agent.stop());
    await eventually(
      'what grpc says',
      () => rowOf('grpc'),
      row => /NOT_SERVING/.test(row?.message ?? ''),
    );
    serving = true;
    await ready('grpc', true);
  });
});

function listening(server: Server | Http2Server): Promise<number> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
