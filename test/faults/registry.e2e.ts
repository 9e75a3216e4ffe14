import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Agent, cleanUps, eventually, type Host, host, type Listed } from '../e2e/podstead.ts';
import { type Fault, type HostileRegistry, hostileRegistry } from './hostile-registry.ts';

const pod = (name: string, image: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: '${image}' }] }
`;

/** What each fault is told as. */
const told: Readonly<Record<Exclude<Fault, 'none' | 'hang'>, RegExp>> = {
  error: /REGISTRY_UNREACHABLE.*500 \(?Internal Server Error.*See that the registry answers/,
  busy: /REGISTRY_REFUSED.*the registry limits how often it is asked.*too ?many ?requests/,
  refuse: /REGISTRY_REFUSED.*unauthorized.*podstead image login/,
  truncate: /REGISTRY_UNREACHABLE.*unexpected EOF.*See that the registry answers/,
  lie: /REGISTRY_UNREACHABLE.*Digest did not match.*sends other bytes than it names/,
};
const faults = Object.keys(told) as readonly (keyof typeof told)[];

describe('registries that do not behave cost nothing that runs', () => {
  const cleaning = cleanUps();
  const registries = new Map<string, HostileRegistry>();
  let on: Host;
  let agent: Agent;
  let running: ReadonlyMap<string, Listed>;
  // One registry and one pod for each fault, and all at once: the back-off of one goes by while another is looked at.
  before(async () => {
    on = await host(cleaning);
    for (const fault of faults) {
      registries.set(fault, Object.assign(await hostileRegistry(cleaning, fault), { fault }));
      await on.write({ [`${fault}.yaml`]: pod(fault, 'localhost/bb:1') });
    }
    await on.write({ 'other.yaml': pod('other', 'localhost/bb:1') });
    agent = await on.start();
    running = await eventually('all run', on.containers, found => countRunning(found) === faults.length + 1);
    await on.write(Object.fromEntries(faults.map(fault => [`${fault}.yaml`, pod(fault, imageOf(fault))])));
  });

  const countRunning = (found: ReadonlyMap<string, Listed>): number =>
    [...found.values()].filter(({ State }) => State === 'running').length;
  const imageOf = (fault: string): string => `${registries.get(fault)?.host}/team/${fault}:1`;
  const idOf = (each: Listed | undefined): readonly unknown[] => [each?.Id, each?.StartedAt];
  const stateOf = (name: string) => async (): Promise<string | undefined> => (await on.containers()).get(name)?.State;
  /** What the agent said of one image, as one line. */
  const saidOf = (image: string) => (): string =>
    agent
      .output()
      .split('\n')
      .filter(line => line.includes(image))
      .join(' ');

  const behave = (fault: string): void => {
    const registry = registries.get(fault);
    if (registry !== undefined) registry.fault = 'none';
  };
  /** When its pulls ended, with a failure or an image, in ms since the epoch. */
  const pullsOf = (fault: string) => (): readonly number[] =>
    agent
      .output()
      .split('\n')
      .filter(line => line.includes('"verb":"pull"') && line.includes(imageOf(fault)))
      .map(line => Date.parse((JSON.parse(line) as { readonly time: string }).time));

  test('each fault is told by its code, with what to do; what ran before runs on as it was', async () => {
    await Promise.all(
      faults.map(async fault => {
        await eventually(`"${fault}" is told`, saidOf(imageOf(fault)), text => told[fault].test(text));
        assert.deepEqual(idOf((await on.containers()).get(`${fault}-main`)), idOf(running.get(`${fault}-main`)), fault);
        if (fault === 'error') await eventually('it tried again', pullsOf('error'), ({ length }) => length >= 2);
        behave(fault);
      }),
    );
  });

  test('once it behaves, each new image runs', async () => {
    for (const fault of faults) {
      const motd = async (): Promise<string> =>
        (await on.engine.podman('exec', `${fault}-main`, 'cat', '/motd')).stdout;
      await eventually(`${fault} is there`, motd, text => text === fault);
    }
  });

  test('the tries back off: the second comes a second after the first has failed, the third ten seconds later', () => {
    const [first = 0, second = 0, third = 0] = pullsOf('error')();
    assert.ok(second - first >= 900, `the second came after ${second - first} ms`);
    assert.ok(third - second >= 9_900, `the third came after ${third - second} ms`);
  });

  test('nothing beside was touched, and nothing is left to do', async () => {
    assert.deepEqual(idOf((await on.containers()).get('other-main')), idOf(running.get('other-main')));
    const plan = await on.podstead('plan', on.source);
    assert.equal(plan.code, 0, plan.stdout);
  });

  test('why tells what a pod waits for', async t => {
    const registry = Object.assign(await hostileRegistry(t, 'why'), { fault: 'error' as const });
    await on.write({ 'why.yaml': pod('why', `${registry.host}/team/why:1`) });
    const why = async (): Promise<string> => (await on.podstead('why', 'why')).stdout.replaceAll(/\s+/g, ' ');
    await eventually('it is told', why, text => text.includes(`Cannot pull "${registry.host}/team/why:1"`));
    await on.write({ 'why.yaml': pod('why', 'localhost/bb:1') });
  });

  test('one that hangs holds up nobody else, and another wish lets go of it', async t => {
    const registry = await hostileRegistry(t, 'hang');
    registry.fault = 'hang';
    const from = agent.output().length;
    await on.write({ 'hang.yaml': pod('hang', `${registry.host}/team/hang:1`) });
    const hanging = (): number => registry.hanging();
    await eventually('it hangs', hanging, count => count > 0);
    await on.write({ 'next.yaml': pod('next', 'localhost/bb:1') });
    await eventually('another pod is made', stateOf('next-main'), state => state === 'running');
    await on.engine.podman('kill', 'other-main');
    await eventually('what was killed is back', stateOf('other-main'), state => state === 'running');
    await on.write({ 'hang.yaml': pod('hang', 'localhost/bb:1') });
    await eventually('the other wish runs', stateOf('hang-main'), state => state === 'running');
    await eventually('nobody waits for it', hanging, count => count === 0);
    assert.doesNotMatch(agent.output().slice(from), /ERROR/);
  });

  test('an agent that is stopped while a registry hangs ends at once', async t => {
    const registry = await hostileRegistry(t, 'hang');
    registry.fault = 'hang';
    await on.write({ 'hang.yaml': pod('hang', `${registry.host}/team/hang:1`) });
    await eventually(
      'it hangs',
      () => registry.hanging(),
      count => count > 0,
    );
    assert.equal(await agent.stop(), 0);
    assert.equal(await stateOf('hang-main')(), 'running', 'what ran before runs on');
  });
});
