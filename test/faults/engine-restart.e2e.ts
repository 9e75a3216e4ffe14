import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Agent, cleanUps, eventually, type Host, host, listed } from '../e2e/podstead.ts';
import { hostileRegistry } from './hostile-registry.ts';

const pod = (name: string, image: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 0
  containers: [{ name: main, image: '${image}', command: [sh, -c, 'cat /motd; sleep 10000'] }]
`;

/** Long enough to be met at work, and told from every other process of the host by its argument. */
const marker = 'sleep 4.0625';

describe("the engine's service ends amid a pull and amid a build", () => {
  const cleaning = cleanUps();
  const outerTmp = process.env.TMPDIR;
  let scratch: string;
  let on: Host;
  let agent: Agent;
  before(async () => {
    // Where the engine puts blobs on their way: what it leaves there can be seen, and goes with the test.
    scratch = await mkdtemp(join(tmpdir(), 'pdt-'));
    process.env.TMPDIR = scratch;
    on = await host(cleaning);
    await on.write({ 'web.yaml': pod('web', 'localhost/bb:1') });
    agent = await on.start();
    await running('web-main');
  });
  after(async () => {
    if (outerTmp === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = outerTmp;
    await rm(scratch, { recursive: true, force: true });
  });

  const running = (name: string): Promise<unknown> =>
    eventually(
      `${name} runs`,
      async () => (await on.containers()).get(name)?.State,
      state => state === 'running',
    );
  const log = async (name: string): Promise<string> => (await on.engine.podman('logs', name)).stdout;

  /** Ends the service by a signal while `isAtWork`, and brings it back after `meanwhile`. */
  async function restart(
    signal: NodeJS.Signals,
    isAtWork: () => boolean,
    meanwhile: () => void = () => undefined,
  ): Promise<void> {
    await eventually('it is at work', isAtWork, is => is);
    process.kill(on.engine.pid(), signal);
    await on.engine.stopService();
    meanwhile();
    await on.engine.startService();
  }

  /** What a build that was cut leaves, in the engine's own hands: its working container, and no image. */
  const external = async (): Promise<readonly string[]> => {
    const { stdout } = await on.engine.podman('ps', '-a', '--external', '--format', '{{.Names}} {{.Status}}');
    return stdout.split('\n').filter(line => /storage/i.test(line));
  };
  const dangling = async (): Promise<string> =>
    (await on.engine.podman('images', '-q', '--filter', 'dangling=true')).stdout.trim();

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`${signal} amid a pull`, async t => {
      const untouched = await listed(on.engine, true);
      const name = `pull-${signal.toLowerCase()}`;
      const registry = Object.assign(await hostileRegistry(t, name), { fault: 'hang' as const });
      await on.write({ [`${name}.yaml`]: pod(name, `${registry.host}/team/pulled:1`) });
      await restart(
        signal,
        () => registry.hanging() > 0,
        () => Object.assign(registry, { fault: 'none' }),
      );
      await eventually(
        'the pulled image runs',
        () => log(`${name}-main`),
        text => text === name,
      );
      await settled(untouched);
      t.diagnostic(`left in the engine's directory for temporary files: ${(await readdir(scratch)).join(' ')}`);
    });

    test(`${signal} amid a build`, async t => {
      const untouched = await listed(on.engine, true);
      const name = `build-${signal.toLowerCase()}`;
      await on.write({
        [`${name}.yaml`]: pod(name, `localhost/${name}:1`),
        [`${name}/Containerfile`]: `FROM localhost/bb:1\nRUN ${marker} && echo ${name} > /motd\n`,
      });
      await restart(signal, isBuilding);
      await eventually(
        'the built image runs',
        () => log(`${name}-main`),
        text => text.trim() === name,
      );
      await settled(untouched);
      t.diagnostic(`left by the engine: ${(await external()).join(', ') || 'no'} working containers`);
    });
  }

  /** Nothing is left to do, nothing was made twice or left half-made, and what ran before was not touched. */
  async function settled(untouched: Awaited<ReturnType<typeof listed>>): Promise<void> {
    const plan = await on.podstead('plan', on.source);
    assert.equal(plan.code, 0, plan.stdout);
    const now = await listed(on.engine, true);
    for (const [name, { Id, StartedAt }] of untouched)
      assert.deepEqual([now.get(name)?.Id, now.get(name)?.StartedAt], [Id, StartedAt], name);
    assert.equal(now.size, untouched.size + 2, 'one pod and its container more');
    assert.equal(await dangling(), '');
    assert.equal((await on.engine.podman('volume', 'ls', '-q')).stdout, '');
  }

  test('the agent has lived through all of it', async () => {
    assert.equal(await agent.stop(), 0);
  });
});

/** Whether the step of the build runs, in whatever process of the host. */
function isBuilding(): boolean {
  return readdirSync('/proc').some(entry => {
    try {
      return (
        /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() === marker
      );
    } catch {
      return false;
    }
  });
}
