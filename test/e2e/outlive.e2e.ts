import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { type Agent, cleanUps, type Host, host, type Listed, listed } from './podstead.ts';

const pod = (name: string, policy: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: ${policy}
  containers: [{ name: main, image: 'localhost/bb:1', command: [sleep, '10000'] }]
`;

// With cgroup_manager = "cgroupfs", as without systemd: no monitor of a container has a control group of its own.
describe('pods outlive the agent', () => {
  const cleaning = cleanUps();
  let on: Host;
  let agent: Agent;
  before(async () => {
    on = await host(cleaning);
    await on.write({ 'a.yaml': pod('a', 'Always'), 'b.yaml': pod('b', 'OnFailure'), 'c.yaml': pod('c', 'Never') });
    await start();
    const settled = await on.podstead('plan', on.source);
    assert.equal(settled.code, 0, settled.stdout);
  });

  /** Starts one and waits until all is as declared. */
  async function start(): Promise<void> {
    agent = await on.start();
    await agent.says(/3 of 3 pods as declared|all .*as declared/i);
  }

  /** Process ids of the monitors of this engine, sorted. */
  async function conmons(): Promise<readonly string[]> {
    const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
    const found = await Promise.all(
      pids.map(async pid => [pid, await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')] as const),
    );
    const ours = found.filter(([, words]) => /^[^\0]*conmon\0/.test(words) && words.includes(on.engine.root));
    return ours.map(([pid]) => pid).toSorted();
  }

  /** Sandboxes too: which run, and since when. */
  async function seen(): Promise<readonly unknown[]> {
    const pick = ({ Id, State, StartedAt }: Listed): unknown => ({ Id, State, StartedAt });
    return [await conmons(), [...(await listed(on.engine, true))].map(([name, each]) => [name, pick(each)]).toSorted()];
  }

  for (const [name, does] of [
    ['a stop', async () => assert.equal(await agent.stop(), 0)],
    ['a crash', async () => agent.kill()],
    [
      'SIGHUP',
      async () => {
        process.kill(agent.pid, 'SIGHUP');
        await agent.says(/SIGHUP: looking again/);
        await on.write({ 'd.yaml': 'kind: Pod' });
        await agent.says(/d\.yaml/);
        assert.equal(await agent.stop(), 0);
      },
    ],
    [
      'the end of the engine’s service',
      async () => {
        await on.engine.stopService();
        await on.engine.startService();
        assert.equal(await agent.stop(), 0);
      },
    ],
  ] as const) {
    test(`${name} leaves every conmon and every container alive, and so does its next start`, async () => {
      const before = await seen();
      assert.equal((before[0] as readonly unknown[]).length, 6);
      await does();
      assert.deepEqual(await seen(), before);
      await start();
      assert.deepEqual(await seen(), before);
    });
  }
});
