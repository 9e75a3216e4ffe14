import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, eventually, type Host, host } from './podstead.ts';

describe('native sidecars', () => {
  const cleaning = cleanUps();
  let on: Host;
  let log: string;
  before(async () => {
    on = await host(cleaning);
    log = join(on.state, 'log');
    await mkdir(log);
  });

  interface Part {
    readonly name: string;
    /** Of the container, below its name. */
    readonly more?: string;
    /** What it does once it has said that it began; it stays until its signal by default. */
    readonly does?: string;
  }

  const stays = 'while :; do sleep 0.1; done';

  /** A container that tells a file of the host when it begins and when it gets its signal. */
  const part = (pod: string, { name, more = '', does = stays }: Part): string => `
    - name: ${name}
      image: localhost/bb:1
      command: [sh, -c, 'trap "echo ${name}-term >> /log/${pod}; exit 0" TERM; echo ${name} >> /log/${pod}; ${does}']
      volumeMounts: [{ name: log, mountPath: /log }]
${more
  .split('\n')
  .map(line => `      ${line}`)
  .join('\n')}`;
  const pod = (name: string, inits: readonly Part[], mains: readonly Part[], more = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 5
  ${more}
  volumes: [{ name: log, hostPath: { path: ${log} } }]
  initContainers:${inits.map(each => part(name, each)).join('')}
  containers:${mains.map(each => part(name, each)).join('')}
`;
  const sidecar = 'restartPolicy: Always';
  const said = async (name: string): Promise<string> =>
    (await readFile(join(log, name), 'utf8').catch(() => '')).trim().split('\n').join(' ');
  const says = (name: string, what: string | RegExp): Promise<string> =>
    eventually(
      `${name} says ${what}`,
      () => said(name),
      text => (typeof what === 'string' ? text === what : what.test(text)),
    );
  const allow = (file: string): Promise<void> => writeFile(join(log, file), '');
  const stateOf = async (name: string): Promise<string | undefined> => (await on.containers()).get(name)?.State;
  const row = async (name: string): Promise<{ readonly state: string; readonly message: string } | undefined> => {
    const { stdout } = await on.podstead('status', '-o', 'json');
    const { pods } = JSON.parse(stdout) as { pods: { key: string; state: string; message: string }[] };
    return pods.find(({ key }) => key === `Pod/default/${name}`);
  };

  const gated = `${sidecar}\nstartupProbe: { exec: { command: [test, -e, /log/order-go] }, periodSeconds: 1, failureThreshold: 600 }`;
  const hooked = `${sidecar}\nlifecycle: { preStop: { exec: { command: [sh, -c, "echo late-hook >> /log/order"] } } }`;
  const order = (env = 'one'): string =>
    pod(
      'order',
      [
        { name: 'one', does: 'exit 0' },
        { name: 'proxy', more: gated },
        { name: 'two', does: 'exit 0' },
        { name: 'late', more: `${hooked}\nenv: [{ name: A, value: ${env} }]` },
      ],
      [{ name: 'main' }],
    );

  test('begin in order, the next one after the startup probe, are replaced in place, and stop last, in reverse', async () => {
    await on.write({ 'order.yaml': order() });
    const file = join(on.source, 'order.yaml');
    const applying = on.podstead('apply', '--timeout', '2m', file);
    await says('order', 'one proxy');
    const waiting = await eventually(
      'its state',
      () => row('order'),
      found => found?.message.startsWith('sidecar "proxy" has not started') ?? false,
    );
    assert.equal(waiting?.state, 'Starting');
    await allow('order-go');
    const applied = await applying;
    assert.equal(applied.code, 0, applied.stderr);
    await says('order', 'one proxy two late main');
    assert.equal((await on.podstead('plan', file)).code, 0);
    assert.match((await on.podstead('status', 'order')).stdout, / 2\/3 .*no agent runs them/);

    const before = await on.containers();
    await on.write({ 'order.yaml': order('two') });
    const changed = await on.podstead('apply', file);
    assert.equal(changed.code, 0, changed.stderr);
    const after = await on.containers();
    const same = (name: string): boolean =>
      before.get(`order-${name}`)?.StartedAt === after.get(`order-${name}`)?.StartedAt;
    assert.deepEqual(['one', 'proxy', 'two', 'late', 'main'].filter(same), ['one', 'proxy', 'two', 'main']);
    await says('order', 'one proxy two late main late-hook late-term late');

    assert.equal((await on.podstead('down', file)).code, 0);
    // Hooks begin together with the stop of what comes first.
    const last = (await said('order')).split(' ').slice(8);
    assert.deepEqual(last.slice(0, 2).sort(), ['late-hook', 'main-term']);
    assert.deepEqual(last.slice(2), ['late-term', 'proxy-term']);
  });

  test('of a pod that runs once: they restart while it works, end with it, and it stays ended', async t => {
    const work = 'while [ ! -e /log/once-go ]; do sleep 0.1; done; echo done >> /log/once; exit 3';
    const text = pod(
      'once',
      [{ name: 'helper', more: sidecar }],
      [{ name: 'main', does: work }],
      'restartPolicy: Never',
    );
    await on.write({ 'once.yaml': text });
    const agent = await on.start();
    t.after(() => agent.stop());
    await says('once', 'helper main');
    await on.engine.podman('kill', '--signal', 'KILL', 'once-helper');
    await says('once', 'helper main helper');
    await allow('once-go');
    await says('once', 'helper main helper done helper-term');
    const ended = await eventually(
      'the pod has ended',
      () => row('once'),
      found => found?.state === 'Failed',
    );
    assert.match(ended?.message ?? '', /container "main" exited with 3/);
    assert.equal(await stateOf('once-helper'), 'exited');
    await agent.says(/Pod\/default\/once stopped/);
    assert.equal(await agent.stop(), 0);
    assert.equal((await on.podstead('plan', join(on.source, 'once.yaml'))).code, 0);
    assert.equal(await said('once'), 'helper main helper done helper-term');
  });

  test('of a pod whose init container fails for good: they end', async () => {
    const inits = [
      { name: 'helper', more: sidecar },
      { name: 'bad', does: 'exit 4' },
    ];
    await on.write({ 'bad.yaml': pod('bad', inits, [{ name: 'main' }], 'restartPolicy: Never') });
    const applied = await on.podstead('apply', join(on.source, 'bad.yaml'));
    assert.equal(applied.code, 1, applied.stderr);
    assert.match(applied.stderr, /init container 'bad' exited with 4 and restartPolicy is Never/);
    assert.equal(await said('bad'), 'helper bad helper-term');
    assert.equal(await stateOf('bad-main'), 'created');
  });

  test('a plain init container is tried again until it succeeds, and runs anew when its pod is made anew', async t => {
    const prepare = 'if [ -e /log/again-failed ]; then exit 0; fi; touch /log/again-failed; exit 1';
    const again = (hostname: string): string =>
      pod('again', [{ name: 'prepare', does: prepare }], [{ name: 'main' }], `hostname: ${hostname}`);
    await on.write({ 'again.yaml': again('one') });
    const agent = await on.start();
    t.after(() => agent.stop());
    await says('again', 'prepare prepare main');
    await on.write({ 'again.yaml': again('two') });
    await says('again', 'prepare prepare main main-term prepare main');
    assert.equal(await agent.stop(), 0);
  });

  test('one that fails its liveness probe is restarted; readiness is waited for, and counts', async t => {
    const probes = [
      sidecar,
      'livenessProbe: { exec: { command: [test, "!", -e, /log/live-sick] }, periodSeconds: 1, failureThreshold: 1 }',
      'readinessProbe: { exec: { command: [test, -e, /log/live-ready] }, periodSeconds: 1 }',
    ].join('\n');
    await on.write({ 'live.yaml': pod('live', [{ name: 'side', more: probes }], [{ name: 'main' }]) });
    const agent = await on.start();
    t.after(() => agent.stop());
    await says('live', 'side main');
    const ready = (text: string): Promise<unknown> =>
      eventually(
        `ready ${text}`,
        async () => (await on.podstead('status', 'live')).stdout,
        stdout => stdout.includes(` ${text} `),
      );
    await ready('1/2');
    await allow('live-ready');
    await ready('2/2');
    await allow('live-sick');
    await says('live', /^side main side-term/);
    const why = await on.podstead('why', 'live');
    assert.match(why.stdout, /failed its liveness probe/);
    await agent.stop();
  });

  test('boot units begin them in order, without waiting for their end, and stop them last', async () => {
    const units = await on.podstead('generate', 'systemd', join(on.source, 'order.yaml'));
    assert.equal(units.code, 0, units.stderr);
    const commands = units.stdout
      .split('\n')
      .flatMap(line => /^Exec(Start|Stop)=.* "?(?:start|stop)"? (.*)$/.exec(line)?.slice(1, 3).join(' ') ?? [])
      .map(line => line.replaceAll('"', ''));
    assert.deepEqual(commands, [
      'Start --attach order-one',
      'Start order-proxy',
      'Start --attach order-two',
      'Start order-late',
      'Start order-main',
      'Stop --ignore --time 5 order-one order-two order-main',
      'Stop --ignore --time 5 order-late',
      'Stop --ignore --time 5 order-proxy',
      'Stop --ignore --time 5 order',
    ]);
  });
});
