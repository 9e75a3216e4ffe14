import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { assertSchema } from '../cli/schemas.ts';
import { cleanUps, eventually, type Host, host } from './podstead.ts';

describe('order between pods', () => {
  const cleaning = cleanUps();
  let on: Host;
  let log: string;
  before(async () => {
    on = await host(cleaning);
    log = join(on.state, 'log');
    await mkdir(log);
  });

  interface Wish {
    readonly after?: string;
    /** Ready as soon as there is such a file. */
    readonly gate?: string;
    /** Once it has said that it began; it stays until its signal by default. */
    readonly does?: string;
    readonly policy?: string;
  }

  /** A pod that tells a file of the host when it begins and when it gets its signal. */
  const pod = (
    name: string,
    { after, gate, does = 'while :; do sleep 0.1; done', policy = 'Always' }: Wish = {},
  ): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}${after === undefined ? '' : `, annotations: { podstead.dev/after: '${after}' }`} }
spec:
  restartPolicy: ${policy}
  terminationGracePeriodSeconds: 5
  volumes: [{ name: log, hostPath: { path: ${log} } }]
  containers:
    - name: main
      image: localhost/bb:1
      command: [sh, -c, 'trap "echo ${name}-term >> /log/all; exit 0" TERM; echo ${name} >> /log/all; ${does}']
      volumeMounts: [{ name: log, mountPath: /log }]
      ${gate === undefined ? '' : `readinessProbe: { exec: { command: [test, -e, /log/${gate}] }, periodSeconds: 1 }`}
---
`;
  const said = async (): Promise<string> => (await readFile(join(log, 'all'), 'utf8')).trim().split('\n').join(' ');
  const row = async (name: string) => {
    const { stdout } = await on.podstead('status', '-o', 'json');
    const document = JSON.parse(stdout) as { pods: { key: string; state: string; message: string }[] };
    assertSchema('status', document);
    return document.pods.find(({ key }) => key === `Pod/default/${name}`);
  };
  const file = (): string => join(on.source, 'all.yaml');
  const startedAt = async (name: string): Promise<number | undefined> => (await on.containers()).get(name)?.StartedAt;
  // By name, none of them stands where its turn is.
  const chain = (): string =>
    pod('a', { after: 'm' }) + pod('m', { after: 'z', gate: 'm-go' }) + pod('z', { gate: 'z-go' });

  test('each starts when what it is to start after is ready, and says what it waits for', async () => {
    await on.write({ 'all.yaml': chain() });
    const planned = await on.podstead('plan', file());
    assert.equal(planned.code, 2, planned.stderr);
    assert.match(planned.stdout, /wait +Pod\/default\/a .*\n +waits for 'Pod\/default\/m' to be ready: /);
    assertSchema('plan', JSON.parse((await on.podstead('plan', '-o', 'json', file())).stdout));

    const applying = on.podstead('apply', '--timeout', '4m', file());
    const waits = (name: string, other: string) =>
      eventually(
        `${name} waits for ${other}`,
        () => row(name),
        found => found?.state === 'Waiting' && found.message === `waits for "Pod/default/${other}" to be ready`,
      );
    await eventually(
      'z runs',
      () => row('z'),
      found => found?.state === 'Running',
    );
    await Promise.all([waits('m', 'z'), waits('a', 'm')]);
    assert.match(
      (await on.podstead('why', 'm')).stdout,
      /^Pod\/default\/m is Waiting: waits for "Pod\/default\/z" to be ready\n {2}declared by {2}Pod\/default\/m at .*all\.yaml:/,
    );
    assert.equal(await said(), 'z');
    await writeFile(join(log, 'z-go'), '');
    await eventually(
      'm runs',
      () => row('m'),
      found => found?.state === 'Running',
    );
    await waits('a', 'm');
    assert.equal(await said(), 'z m');
    await writeFile(join(log, 'm-go'), '');
    const applied = await applying;
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal(await said(), 'z m a');
    assert.equal((await row('a'))?.message, '');
  });

  test('what runs goes on when what it started after is no longer ready, and an order is noted in place', async () => {
    await on.write({ 'all.yaml': `${chain()}${pod('q', { after: 'a' })}` });
    await rm(join(log, 'm-go'));
    const first = await startedAt('a-main');
    const agent = await on.start();
    await eventually(
      'm is not ready',
      () => row('m'),
      found => /readiness probe fails/.test(found?.message ?? ''),
    );
    await eventually(
      'q runs, as a does',
      () => row('q'),
      found => found?.state === 'Running',
    );
    await on.write({ 'all.yaml': `${chain()}${pod('q', { after: 'a,z' })}` });
    await eventually(
      'it is noted',
      async () => (await on.podstead('plan', file())).code,
      code => code === 0,
    );
    assert.equal(await startedAt('a-main'), first);
    assert.equal(await said(), 'z m a q');
    assert.equal(await agent.stop(), 0);
  });

  test('what goes together goes in the opposite order', async () => {
    assert.equal((await on.podstead('down', '--all')).code, 0);
    assert.equal(await said(), 'z m a q q-term a-term m-term z-term');
  });

  test('a job that failed holds what comes after it, and nothing else; one that ended well does not', async () => {
    await rm(join(log, 'all'));
    const job = (does: string): string => pod('job', { policy: 'Never', does });
    await on.write({ 'all.yaml': job('exit 1') + pod('app', { after: 'job' }) + pod('other') });
    const failed = await on.podstead('apply', file());
    assert.equal(failed.code, 1);
    assert.match(
      failed.stderr,
      /Pod\/default\/app held back: waits for 'Pod\/default\/job' to be ready: container 'main' has failed for good/,
    );
    assert.equal((await row('app'))?.state, 'Waiting');
    assert.deepEqual((await said()).split(' ').sort(), ['job', 'other']);
    await on.write({ 'all.yaml': job('exit 0') + pod('app', { after: 'job' }) + pod('other') });
    const done = await on.podstead('apply', file());
    assert.equal(done.code, 0, done.stderr);
    assert.equal((await row('app'))?.state, 'Running');
  });

  test('a circle is refused by name and place, and units have the order', async () => {
    await on.write({ 'all.yaml': pod('app', { after: 'other' }) + pod('other', { after: 'app' }) });
    const { code, stdout } = await on.podstead('validate', '-o', 'json', file());
    assert.equal(code, 1);
    assert.match(stdout, /'Pod\/default\/app' after 'Pod\/default\/other' after 'Pod\/default\/app'/);
    const units = join(on.state, 'units');
    await on.write({ 'all.yaml': pod('app', { after: 'other' }) + pod('other') });
    const agent = await on.start('--units', units);
    const text = await eventually(
      'the unit has it',
      () => readFile(join(units, 'podstead-pod-app.service'), 'utf8').catch(() => ''),
      found => found.includes('podstead-pod-other'),
    );
    assert.match(text, /^Wants=podstead-pod-other\.service$/m);
    assert.match(text, /^After=podstead-pod-other\.service$/m);
    assert.equal(await agent.stop(), 0);
  });
});
