import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, eventually, type Host, host } from './podstead.ts';

describe('hooks', () => {
  const cleaning = cleanUps();
  let on: Host;
  let log: string;
  before(async () => {
    on = await host(cleaning);
    log = join(on.state, 'log');
    await mkdir(log);
  });

  /** A pod whose container and hooks each write a word to a file of the host. */
  const pod = (name: string, lifecycle: string, env = 'A'): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 4
  volumes: [{ name: log, hostPath: { path: ${log} } }]
  containers:
    - name: main
      image: localhost/bb:1
      command:
        - sh
        - -c
        - trap 'echo term >> /log/${name}; exit 0' TERM; while [ ! -e /log/${name}-go ]; do sleep 0.1; done; echo main >> /log/${name}; while :; do sleep 0.1; done
      env: [{ name: A, value: ${env} }]
      volumeMounts: [{ name: log, mountPath: /log }]
      lifecycle:
${lifecycle
  .trim()
  .split('\n')
  .map(line => `        ${line}`)
  .join('\n')}
`;
  const say = (name: string, hook: string, more = ''): string =>
    `${hook}: { exec: { command: [sh, -c, "echo ${hook} >> /log/${name}; ${more}true"] } }`;
  const said = async (name: string): Promise<string> =>
    (await readFile(join(log, name), 'utf8').catch(() => '')).trim().split('\n').join(' ');

  test('postStart runs after the start, preStop before the signal: for a replacement and for down', async () => {
    const hooks = `${say('order', 'postStart', 'touch /log/order-go; ')}\n${say('order', 'preStop')}`;
    await on.write({ 'order.yaml': pod('order', hooks) });
    const file = join(on.source, 'order.yaml');
    const applied = await on.podstead('apply', file);
    assert.equal(applied.code, 0, applied.stderr);
    await eventually(
      'the container goes on',
      () => said('order'),
      text => text === 'postStart main',
    );
    await on.write({ 'order.yaml': pod('order', hooks, 'B') });
    assert.equal((await on.podstead('apply', file)).code, 0);
    const once = 'postStart main preStop term';
    await eventually(
      'it is replaced',
      () => said('order'),
      text => text === `${once} postStart main` || text === `${once} main postStart`,
    );
    assert.equal((await on.podstead('down', file)).code, 0);
    assert.match(await said('order'), /preStop term$/);
  });

  test('a preStop hook that outlasts the grace period is ended, and the container still gets its signal', async () => {
    const begun =
      'preStop: { exec: { command: [sh, -c, "echo begin >> /log/slow; sleep 600; echo end >> /log/slow"] } }';
    await on.write({ 'slow.yaml': pod('slow', begun) });
    const file = join(on.source, 'slow.yaml');
    assert.equal((await on.podstead('apply', file)).code, 0);
    const down = await on.podstead('down', file);
    assert.equal(down.code, 0, down.stderr);
    assert.equal(await said('slow'), 'begin term');
  });

  test('a postStart hook that fails stops the container, which starts again by its policy', async t => {
    const hook = 'postStart: { exec: { command: [sh, -c, "echo hook >> /log/bad; test -e /log/bad-ok"] } }';
    await on.write({ 'bad.yaml': pod('bad', hook) });
    const agent = await on.start();
    t.after(() => agent.stop());
    await agent.says(/postStart hook failed: exit code 1/);
    const why = await on.podstead('why', 'bad');
    assert.match(why.stdout, /Container 'main' was stopped: its postStart hook failed: exit code 1/);
    await mkdir(join(log, 'bad-ok'));
    await eventually(
      'it starts again',
      () => said('bad'),
      text => text.split('hook').length > 2,
    );
    await eventually(
      'it runs',
      async () => (await on.containers()).get('bad-main')?.State,
      state => state === 'running',
    );
    assert.match(await said('bad'), /^hook term/);
    await agent.stop();
  });

  test('postStart runs after each start, though the manifest is broken by now, and not after a pause', async t => {
    const hooks = 'postStart: { exec: { command: [sh, -c, "echo hook >> /log/again; touch /log/again-go"] } }';
    await on.write({ 'again.yaml': pod('again', hooks) });
    const agent = await on.start();
    t.after(() => agent.stop());
    const times = (text: string, word: string): number => text.split(' ').filter(each => each === word).length;
    const ran = (count: number): Promise<string> =>
      eventually(
        `hook and container ran ${count} times`,
        () => said('again'),
        text => times(text, 'hook') === count && times(text, 'main') === count,
      );
    await ran(1);
    const began = agent.output().length;
    await on.write({ 'again.yaml': 'kind: Pod\napiVersion: v1\nmetadata: { name: again }\nspec: { wrong: 1 }\n' });
    await agent.says(/again\.yaml/, began);
    await on.engine.podman('kill', '-s', 'KILL', 'again-main');
    await ran(2);
    await on.engine.podman('pause', 'again-main');
    await agent.says(/paused by hand/, began);
    await eventually(
      'it goes on',
      async () => (await on.containers()).get('again-main')?.State,
      state => state === 'running',
    );
    // It leaves once its steps have ended, hooks among them.
    await agent.stop();
    await on.write({ 'again.yaml': pod('again', hooks) });
    await on.engine.podman('pause', 'again-main');
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    assert.equal((await on.containers()).get('again-main')?.State, 'running');
    assert.equal(times(await said('again'), 'hook'), 2);
  });
});
