import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, eventually, type Host, host, type Listed } from './podstead.ts';

interface Row {
  readonly key: string;
  readonly state: string;
  readonly reason: string | null;
  readonly message: string;
}

describe('a deadline of a pod', () => {
  const cleaning = cleanUps();
  let on: Host;
  let log: string;
  before(async () => {
    on = await host(cleaning);
    log = join(on.state, 'log');
    await mkdir(log);
  });

  const pod = (name: string, deadline: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 5
  ${deadline}
  volumes: [{ name: log, hostPath: { path: ${log} } }]
  containers:
    - name: main
      image: localhost/bb:1
      command: [sh, -c, 'trap "echo term >> /log/${name}; exit 0" TERM; echo begin >> /log/${name}; while :; do sleep 0.1; done']
      volumeMounts: [{ name: log, mountPath: /log }]
      lifecycle: { preStop: { exec: { command: [sh, -c, 'echo hook >> /log/${name}'] } } }
`;
  const said = async (name: string): Promise<string> =>
    (await readFile(join(log, name), 'utf8').catch(() => '')).trim().split('\n').join(' ');
  const failed = (name: string): Promise<Row | undefined> =>
    eventually(
      `${name} has failed`,
      async () => {
        const { stdout } = await on.podstead('status', '-o', 'json');
        return (JSON.parse(stdout) as { pods: Row[] }).pods.find(({ key }) => key === `Pod/default/${name}`);
      },
      row => row?.state === 'Failed',
    );
  const main = async (name: string): Promise<Listed | undefined> => (await on.containers()).get(`${name}-main`);

  test('ends it with its hooks and grace, for good: also for the next agent, for apply and for its unit', async t => {
    await on.write({ 'short.yaml': pod('short', 'activeDeadlineSeconds: 4') });
    const agent = await on.start();
    t.after(() => agent.stop());
    const row = await failed('short');
    assert.equal(row?.reason, 'DeadlineExceeded');
    assert.match(row?.message ?? '', /DeadlineExceeded: it ran for longer than its 4 s/);
    await eventually(
      'it has stopped',
      () => said('short'),
      text => text === 'begin hook term',
    );
    await agent.says(/Pod\/default\/short stopped/);
    const why = await on.podstead('why', 'short');
    assert.match(why.stdout, /Failed: DeadlineExceeded/);
    assert.match(why.stdout, /stopped .*DeadlineExceeded/);
    const file = join(on.source, 'short.yaml');
    assert.equal((await on.podstead('plan', file)).code, 0);
    assert.equal(await agent.stop(), 0);

    const next = await on.start();
    t.after(() => next.stop());
    await on.engine.podman('start', 'short-main');
    await eventually(
      'what was started by hand is stopped',
      () => said('short'),
      text => text === 'begin hook term begin hook term',
    );
    assert.equal(await next.stop(), 0);
    const applied = await on.podstead('apply', file);
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal(await said('short'), 'begin hook term begin hook term');
    const unit = await on.podstead('generate', 'systemd', 'short');
    assert.doesNotMatch(unit.stdout, /^ExecStart=/m);
  });

  test('is set in place, and ends a pod that has run for longer already', async t => {
    await on.write({ 'long.yaml': pod('long', '') });
    const agent = await on.start();
    t.after(() => agent.stop());
    await eventually(
      'it runs',
      () => said('long'),
      text => text === 'begin',
    );
    const before = await main('long');
    await on.write({ 'long.yaml': pod('long', 'activeDeadlineSeconds: 3600') });
    await agent.says(/Pod\/default\/long updated in place/);
    assert.deepEqual((await main('long'))?.StartedAt, before?.StartedAt);
    await on.write({ 'long.yaml': pod('long', 'activeDeadlineSeconds: 1') });
    await failed('long');
    await eventually(
      'it has stopped',
      () => said('long'),
      text => text === 'begin hook term',
    );
    assert.equal((await main('long'))?.Id, before?.Id);
    assert.equal(await agent.stop(), 0);
  });
});
