import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, eventually, type Host, host } from './podstead.ts';

interface End {
  readonly exitCode: number;
  readonly reason: string;
  readonly startedAt: string;
  readonly exitedAt: string;
  readonly message: string | null;
}

interface Row {
  readonly key: string;
  readonly restarts: number;
  readonly message: string;
  readonly containers: readonly { readonly name: string; readonly restarts: number; readonly lastEnd: End | null }[];
}

describe('the last end of containers', () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
  });

  const rowOf = async (name: string): Promise<Row | undefined> => {
    const { stdout } = await on.podstead('status', '-o', 'json');
    return (JSON.parse(stdout) as { pods: Row[] }).pods.find(({ key }) => key === `Pod/default/${name}`);
  };
  const endOf = async (name: string, container: string, isIt: (end: End) => boolean): Promise<End> => {
    const found = await eventually(
      `${container} of ${name} has ended so`,
      async () => (await rowOf(name))?.containers.find(each => each.name === container)?.lastEnd,
      end => end !== null && end !== undefined && isIt(end),
    );
    assert.ok(found);
    return found;
  };

  test('is told with reason, exit code and times, of what waits and of what runs again', async t => {
    await on.write({
      'ends.yaml': `
apiVersion: v1
kind: Pod
metadata: { name: ends }
spec:
  terminationGracePeriodSeconds: 0
  initContainers: [{ name: first, image: localhost/bb:1, command: ['true'] }]
  containers:
    - { name: fails, image: localhost/bb:1, command: [sh, -c, 'exit 3'] }
    - { name: stays, image: localhost/bb:1, command: [sleep, '10000'] }
    - name: greedy
      image: localhost/bb:1
      command: [sh, -c, 'tail /dev/zero']
      resources: { limits: { memory: 16Mi } }
`,
    });
    const agent = await on.start();
    t.after(() => agent.stop());
    const failed = await endOf('ends', 'fails', end => end.reason === 'Error');
    assert.equal(failed.exitCode, 3);
    assert.ok(Date.parse(failed.exitedAt) >= Date.parse(failed.startedAt));
    assert.equal((await endOf('ends', 'first', () => true)).reason, 'Completed');
    // 4.3 does not tell why the kernel killed it.
    const isTold = !(await on.engine.podman('--version')).stdout.includes(' 4.');
    const greedy = await endOf('ends', 'greedy', () => true);
    assert.deepEqual([greedy.reason, greedy.exitCode], [isTold ? 'OOMKilled' : 'Error', 137]);
    await on.engine.podman('kill', 'ends-stays');
    const killed = await endOf('ends', 'stays', () => true);
    assert.deepEqual([killed.reason, killed.exitCode], ['Error', 137]);
    const row = await eventually(
      'stays was restarted',
      () => rowOf('ends'),
      found => found?.containers.find(({ name }) => name === 'stays')?.restarts === 1,
    );
    assert.ok((row?.restarts ?? 0) >= 2);
    const why = await on.podstead('why', 'ends');
    assert.match(why.stdout, /last end +greedy ended .* ago after .*: (OOMKilled|Error), exit code 137/);
    assert.match(why.stdout, /last end +stays ended .*: Error, exit code 137, restarted once/);
    await agent.stop();
    await on.podstead('down', join(on.source, 'ends.yaml'));
  });
});
