import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyboxImage, freePort } from '../e2e/host.ts';
import { statefulPod } from '../e2e/manifests.ts';
import { type Agent, cleanUps, eventually, type Host, host, type Listed, listed, startAgent } from '../e2e/podstead.ts';
import { type ProgramClock, programClock } from './clock.ts';
import { act, clearAway, type Operator } from './operator.ts';
import { seeded } from './random.ts';

const manifests = (port: number): Readonly<Record<string, string>> => ({
  'web.yaml': statefulPod('web', 'one', 0, `ports: [{ containerPort: 80, hostPort: ${port}, hostIP: 127.0.0.1 }]`),
  'api.yaml': `
apiVersion: v1
kind: Pod
metadata: { name: api }
spec:
  terminationGracePeriodSeconds: 0
  initContainers: [{ name: first, image: localhost/bb:1, command: ['true'] }]
  containers: [{ name: main, image: localhost/bb:1 }]
`,
  'dep.yaml': `
apiVersion: apps/v1
kind: Deployment
metadata: { name: dep }
spec:
  replicas: 2
  selector: { matchLabels: { app: dep } }
  template:
    metadata: { labels: { app: dep } }
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: localhost/bb:1 }] }
`,
});

/** What runs when all is well, pods of the Deployment by its name alone. */
const wanted = ['api-first', 'api-main', 'dep', 'dep', 'web-main', 'web-side'];

/** A run that is the same each time; others are for whoever looks for trouble. */
const usualSeed = 2;

/**
 * An operator who does things at random with podman, between the passes of a resident agent. Afterwards all is as
 * declared, and what is his or holds data is as it was.
 *
 * @param times how many things he does; PODSTEAD_SEED repeats a run
 */
export function operatorSuite(times: number): void {
  describe(`an operator does ${times} things at random`, () => {
    const cleaning = cleanUps();
    const seed = Number(process.env.PODSTEAD_SEED ?? usualSeed);
    const done: string[] = [];
    let on: Host;
    let clock: ProgramClock;
    let agent: Agent;
    let operator: Operator;
    let theirs: ReadonlyMap<string, Listed>;
    before(async () => {
      on = await host(cleaning);
      clock = await programClock(cleaning);
      const { podman } = on.engine;
      for (const tag of [2, 3]) await busyboxImage(podman, `localhost/bb:${tag}`);
      await podman('volume', 'create', 'theirs');
      await podman('run', '-d', '--name', 'theirs', '-v', 'theirs:/v', 'localhost/bb:1');
      await podman('exec', 'theirs', 'sh', '-c', 'echo kept > /v/kept');
      theirs = await on.containers();
      const port = await freePort();
      await on.write(manifests(port));
      agent = await startAgent(cleaning, ['run', on.source], { ...on.env, ...clock.env });
      await eventually(
        'all run',
        () => ours(),
        names => names.join() === wanted.join(),
      );
      await podman('exec', 'web-main', 'sh', '-c', 'echo kept > /b/kept');
      const pods = ['web', 'api', 'dep'];
      const more = { claim: 'data', claimRemoved: false, own: new Set<string>(), clashing: new Map() };
      operator = { engine: on.engine, random: seeded(seed), pods, port, ...more, count: 0 };
    });

    /** Containers in our pods that we made, sorted; the Deployment's as `dep`. */
    async function ours(): Promise<readonly string[]> {
      const all = [...(await on.containers()).values()].filter(({ PodName }) => /^(web|api|dep-)/.test(PodName));
      return all.map(({ Names }) => (Names[0] ?? '').replace(/^dep-.*/, 'dep')).sort();
    }
    const rssMb = async (): Promise<number> => {
      const status = await readFile(`/proc/${agent.pid}/status`, 'utf8');
      return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
    };

    test('afterwards all is as declared, nothing of his is touched and no data is lost', async t => {
      t.diagnostic(`seed ${seed}: PODSTEAD_SEED=${seed} repeats it`);
      const memory: number[] = [];
      for (let i = 0; i < times; i += 1) {
        done.push(await act(operator));
        // Now and then it has time to mend something, or half of it.
        if (operator.random(3) === 0) await sleep(operator.random(1500));
        if (i % Math.ceil(times / 4) === 0) memory.push(await rssMb());
        if (operator.random(20) === 0) await clearAway(operator);
      }
      await clearAway(operator);
      await clock.move(3_600_000); // Every back-off is over.
      process.kill(agent.pid, 'SIGHUP');
      try {
        await check();
      } catch (error) {
        t.diagnostic(`seed ${seed}; what he did:\n${done.join('\n')}\n${agent.output().slice(-8000)}`);
        throw error;
      }
      memory.push(await rssMb());
      t.diagnostic(`memory of the agent, in MB: ${memory.join(', ')}`);
      const [, early = 0] = memory;
      assert.ok((memory.at(-1) ?? 0) <= 1.5 * early + 30, `it grew: ${memory.join(', ')} MB`);
    });

    async function check(): Promise<void> {
      const plan = (): ReturnType<Host['podstead']> => on.podstead('plan', on.source);
      await eventually('nothing is left to do', plan, ({ code }) => code === 0);
      await eventually('what is declared is there', ours, names => names.join() === wanted.join());
      const standing = (): ReturnType<typeof listed> => listed(on.engine, true);
      const isMember = (each: Listed): boolean => /^(web|api|dep-)/.test(each.PodName) && !each.IsInfra;
      const isRight = ({ Names, State }: Listed): boolean =>
        State === (Names[0] === 'api-first' ? 'exited' : 'running');
      // What only waits for something under way leaves nothing to do either.
      const now = await eventually('all is in its state', standing, all =>
        [...all.values()].filter(isMember).every(isRight),
      );
      const sandboxes = [...now.values()].filter(({ IsInfra }) => IsInfra);
      assert.equal(sandboxes.length, 4, 'one sandbox for each pod');
      for (const [name, { Id, StartedAt }] of theirs)
        assert.deepEqual([now.get(name)?.Id, now.get(name)?.StartedAt], [Id, StartedAt], name);
      for (const name of operator.own) assert.equal(now.get(name)?.State, 'running', `${name} is his`);
      const { podman } = on.engine;
      assert.equal((await podman('exec', 'theirs', 'cat', '/v/kept')).stdout.trim(), 'kept');
      const data = (await podman('exec', 'web-main', 'cat', '/b/kept')).stdout.trim();
      if (!operator.claimRemoved) assert.equal(data, 'kept', 'the claim has its data');
      assert.equal((await podman('exec', 'web-main', 'cat', '/c/says')).stdout.trim(), 'one');
    }

    test('the agent has lived through it', async () => {
      assert.equal(await agent.stop(), 0);
      const left = (await on.engine.podman('volume', 'ls', '-q')).stdout.split('\n').filter(name => name !== '');
      assert.equal(left.length, 3, `two volumes of ours and his: ${left.join(' ')}`);
    });
  });
}
