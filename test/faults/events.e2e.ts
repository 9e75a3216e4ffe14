import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Agent, cleanUps, eventually, type Host, host, type Listed, startAgent } from '../e2e/podstead.ts';
import { programClock } from './clock.ts';
import { type EngineProxy, engineProxy } from './engine-proxy.ts';

const pod = (name: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: localhost/bb:1 }] }
`;

describe("the engine's event stream cannot be relied on", () => {
  const cleaning = cleanUps();
  let on: Host;
  let proxy: EngineProxy;
  let agent: Agent;
  before(async () => {
    on = await host(cleaning);
    proxy = await engineProxy(cleaning, on.engine.socket);
    await on.write({ 'web.yaml': pod('web'), 'other.yaml': pod('other') });
    // Five times as fast as the machine, so that the steady look comes each twelve seconds.
    const { env } = await programClock(cleaning, 5);
    agent = await startAgent(cleaning, ['run', on.source], { ...on.env, ...env, CONTAINER_HOST: proxy.url });
    await eventually('both run', states, found => found.join() === 'running,running');
    await eventually(
      'it follows the events',
      () => proxy.streams(),
      count => count === 1,
    );
    await rested();
  });

  const states = async (): Promise<readonly string[]> =>
    [...(await on.containers()).values()].map(({ State }) => State);
  const web = async (): Promise<Listed | undefined> => (await on.containers()).get('web-main');
  const looks = (): number => proxy.calls.get('GET /containers/json') ?? 0;

  /** Waits until two looks in a row found nothing to do, so that what follows is nobody's echo. */
  async function rested(): Promise<void> {
    await eventually(
      'nothing is left to do',
      () => on.podstead('plan', on.source),
      ({ code }) => code === 0,
    );
    await agent.says(/all as declared/);
  }

  /** Removes the container by hand, and waits until there is another. */
  async function repaired(what: string): Promise<void> {
    const before = await web();
    await on.engine.podman('rm', '-f', '-t', '0', 'web-main');
    await eventually(`web is back though ${what}`, web, each => each?.State === 'running' && each.Id !== before?.Id);
  }

  test('cut: it connects again, and what was missed meanwhile is mended', async () => {
    proxy.isCut = true;
    assert.equal(proxy.cut(), 1);
    await on.engine.podman('rm', '-f', '-t', '0', 'web-main');
    proxy.isCut = false;
    await eventually('web is back', web, each => each?.State === 'running');
    await eventually(
      'it follows again',
      () => proxy.streams(),
      count => count === 1,
    );
    const before = looks();
    await on.engine.podman('rm', '-f', '-t', '0', 'web-main');
    await eventually('web is back', web, each => each?.State === 'running');
    assert.ok(looks() > before);
  });

  test('every event is dropped: the steady look mends it', async () => {
    proxy.events = () => [];
    await repaired('its event was dropped');
  });

  test('every event comes ten times, out of order and late: nothing is done twice', async () => {
    const kept: string[] = [];
    proxy.events = line => {
      kept.push(...Array.from({ length: 10 }, () => line));
      return kept.length < 20 ? [] : kept.splice(0).reverse();
    };
    await repaired('its events were repeated');
    const { Id, StartedAt } = (await web()) ?? {};
    const other = (await on.containers()).get('other-main');
    for (const _ of [1, 2, 3]) await on.engine.podman('exec', 'other-main', 'true');
    proxy.events = line => [line];
    await rested();
    const now = await web();
    assert.deepEqual([now?.Id, now?.StartedAt], [Id, StartedAt]);
    assert.equal((await on.containers()).get('other-main')?.StartedAt, other?.StartedAt);
  });

  test('a line that is no event: it connects again', async () => {
    proxy.events = () => ['{"Type":"container', '\u0000', 'null', '[]', '"x"'];
    await repaired('the stream was broken');
    proxy.events = line => [line];
  });

  test("the engine cuts its event log: the stream's end and what it repeats do no harm", async () => {
    // 4.3 keeps 1 MB and then halves it, on the next event: each event has all labels of its container.
    const label = 'x'.repeat(120_000);
    const before = await web();
    for (let i = 0; i < 7; i += 1)
      await on.engine.podman('create', '--name', `noise${i}`, '--label', `noise=${label}`, 'localhost/bb:1');
    for (let i = 0; i < 7; i += 1) await on.engine.podman('rm', '-f', '-t', '0', `noise${i}`);
    assert.deepEqual([(await web())?.Id, (await web())?.StartedAt], [before?.Id, before?.StartedAt]);
    await repaired('the log was cut');
  });

  test('it neither spins nor dies of any of it', async () => {
    await rested();
    await eventually(
      'it follows the events',
      () => proxy.streams(),
      count => count === 1,
    );
    const [before, from] = [looks(), Date.now()];
    await eventually(
      'six seconds have gone by',
      () => Date.now() - from,
      ms => ms > 6000,
    );
    const [count, seconds] = [looks() - before, (Date.now() - from) / 1000];
    assert.ok(count <= seconds / 10 + 2, `${count} looks in ${seconds} s, one each twelve seconds expected`);
    assert.equal(await agent.stop(), 0);
  });
});
