import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, cleanUps, eventually, type Host, host, type Listed, startAgent } from '../e2e/podstead.ts';
import { type ProgramClock, programClock } from './clock.ts';
import { type EngineProxy, engineProxy } from './engine-proxy.ts';

const hourMs = 3_600_000;
/** Long enough that a storm of restarts or looks would show, in ms. */
const watchMs = 4_000;

const pod = (name: string, command: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 0
  containers: [{ name: main, image: localhost/bb:1, command: [sh, -c, '${command}'] }]
`;

describe('the clock is set forward by an hour, and back', () => {
  const cleaning = cleanUps();
  let on: Host;
  let clock: ProgramClock;
  let proxy: EngineProxy;
  let agent: Agent;
  let web: Listed | undefined;
  before(async () => {
    on = await host(cleaning);
    clock = await programClock(cleaning);
    proxy = await engineProxy(cleaning, on.engine.socket);
    proxy.containers = entry => clock.stamp(entry);
    await on.write({ 'web.yaml': pod('web', 'sleep 10000'), 'loop.yaml': pod('loop', 'exit 1') });
    const env = { ...on.env, ...clock.env, CONTAINER_HOST: proxy.url };
    agent = await startAgent(cleaning, ['run', on.source], env);
    // The first exit is answered at once; then it waits for ten seconds.
    await eventually('loop waits for its back-off', starts, count => count >= 2);
    web = (await on.containers()).get('web-main');
    // What nobody asks for any more, and must not go while the source has an error.
    await on.write({ 'broken.yaml': 'kind: Pod\nmetadata: {' });
    await agent.says(/broken\.yaml/);
  });

  /** How often the engine has started the container that always ends. */
  async function starts(): Promise<number> {
    const filters = ['--filter', 'event=start', '--filter', 'container=loop-main'];
    const { stdout } = await on.engine.podman('events', '--since', '1h', '--stream=false', ...filters);
    return stdout.split('\n').filter(line => line !== '').length;
  }

  /** Watches for a while: at most so many starts of what always ends, and no more looks than those bring. */
  async function isCalm(most: number): Promise<void> {
    const [started, looked] = [await starts(), looks()];
    await sleep(watchMs);
    const [restarts, more] = [(await starts()) - started, looks() - looked];
    assert.ok(restarts <= most, `${restarts} starts within ${watchMs / 1000} s`);
    // One look for each event of a start and an end, and the steady ones.
    assert.ok(more <= 6 * most + 4, `${more} looks within ${watchMs / 1000} s`);
    const found = await on.containers();
    assert.deepEqual([...found.keys()].sort(), ['loop-main', 'web-main']);
    assert.deepEqual([found.get('web-main')?.Id, found.get('web-main')?.StartedAt], [web?.Id, web?.StartedAt]);
  }
  const looks = (): number => proxy.calls.get('GET /containers/json') ?? 0;

  test('forward: what waited is started once, its back-off goes on, and nothing else is touched', async () => {
    const before = await starts();
    await clock.move(hourMs);
    process.kill(agent.pid, 'SIGHUP');
    await eventually('what waited was due', starts, count => count > before);
    // The next wait is of twenty seconds.
    await isCalm(1);
  });

  test('back: what waited does not wait for an hour, its back-off goes on, and nothing else is touched', async () => {
    const before = await starts();
    await clock.move(0);
    process.kill(agent.pid, 'SIGHUP');
    await eventually('what waited is started', starts, count => count > before);
    await isCalm(1);
    const why = await on.podstead('why', 'loop');
    assert.match(why.stdout, /back-off/);
  });

  test('the agent lives, and what it keeps says so', async () => {
    assert.equal(await agent.stop(), 0);
  });
});

describe('the clock is set back by an hour while no event comes', () => {
  const cleaning = cleanUps();

  test('the steady look is not put off', async () => {
    const on = await host(cleaning);
    // Five times as fast as the machine, so that the steady look comes each twelve seconds.
    const clock = await programClock(cleaning, 5);
    const proxy = await engineProxy(cleaning, on.engine.socket);
    await on.write({ 'web.yaml': pod('web', 'sleep 10000') });
    await clock.move(hourMs);
    const env = { ...on.env, ...clock.env, CONTAINER_HOST: proxy.url };
    const agent = await startAgent(cleaning, ['run', on.source], env);
    await agent.says(/all as declared/);
    const web = async (): Promise<Listed | undefined> => (await on.containers()).get('web-main');
    const before = await web();
    proxy.events = () => [];
    await clock.move(0);
    await on.engine.podman('rm', '-f', '-t', '0', 'web-main');
    await eventually('web is back', web, each => each?.State === 'running' && each.Id !== before?.Id);
    assert.equal(await agent.stop(), 0);
  });
});

describe('back-off by the clock', () => {
  const cleaning = cleanUps();

  test('grows with each end, and starts anew after ten minutes of running', async () => {
    const on = await host(cleaning);
    const clock = await programClock(cleaning);
    const proxy = await engineProxy(cleaning, on.engine.socket);
    proxy.containers = entry => clock.stamp(entry);
    await on.write({ 'web.yaml': pod('web', 'sleep 10000') });
    const env = { ...on.env, ...clock.env, CONTAINER_HOST: proxy.url };
    const agent = await startAgent(cleaning, ['run', on.source], env);
    await agent.says(/all as declared/);
    const record = join(on.state, 'podstead', 'pods', 'Pod_default_web.json');
    const counted = async (): Promise<string> => {
      const { containers } = JSON.parse(await readFile(record, 'utf8')) as {
        containers: { main: { backoffCount: number; restarts: number } };
      };
      return `${containers.main.backoffCount} ${containers.main.restarts}`;
    };
    const state = async (): Promise<string | undefined> => (await on.containers()).get('web-main')?.State;
    const kill = (): Promise<unknown> => on.engine.podman('kill', 'web-main');
    const runsWith = async (counts: string): Promise<void> => {
      await eventually('it is counted', counted, found => found === counts);
      await eventually('it runs', state, found => found === 'running');
    };
    await kill();
    await runsWith('1 1');
    await kill();
    await eventually(
      'it waits',
      async () => (await on.podstead('why', 'web')).stdout,
      text => /back-off until/.test(text),
    );
    assert.equal(await counted(), '1 1');
    await clock.move(10_000);
    process.kill(agent.pid, 'SIGHUP');
    await runsWith('2 2');
    // Nine minutes are not enough: the next wait is of twenty seconds.
    await nextSecond();
    await clock.move(10_000 + 9 * 60_000);
    await nextSecond();
    await kill();
    await eventually('it has ended', state, found => found === 'exited');
    assert.equal(await counted(), '2 2');
    await clock.move(30_000 + 9 * 60_000);
    process.kill(agent.pid, 'SIGHUP');
    await runsWith('3 3');
    await nextSecond();
    await clock.move(31_000 + 19 * 60_000);
    await nextSecond();
    await kill();
    await runsWith('1 4');
    assert.equal(await agent.stop(), 0);
  });

  /** Engines tell times to the second, and what happened in the second of a move is told by the clock before it. */
  const nextSecond = (): Promise<void> => sleep(1100);
});
