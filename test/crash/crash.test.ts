import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keyParts } from '../../src/model/key.ts';
import { type Cut, type Machine, newMachine, runProcess } from './process.ts';
import { type Scenario, scenarios } from './scenarios.ts';

const cuts = (['process', 'engine'] as const).flatMap(who =>
  (['before', 'half', 'after'] as const).map(when => ({ who, when })),
);

describe('cut off at every effect, the next run converges: nothing leaked, nothing started twice, then nothing to do:', () => {
  for (const scenario of scenarios) {
    for (const { who, when } of cuts) {
      test(`${scenario.name}, the ${who} killed ${when === 'half' ? 'amid' : when} each effect`, async t => {
        const total = await effectsOf(scenario);
        for (let at = 1; at <= total; at += 1) await survives(scenario, [{ at, who, when }]);
        t.diagnostic(`${total} crash points`);
      });
    }
  }

  test('killed a second time during the repair of the first', async t => {
    let points = 0;
    for (const scenario of scenarios) {
      const total = await effectsOf(scenario);
      for (let at = 1; at <= total; at += 3) {
        for (let again = 1; again <= 6; again += 1) {
          points += 1;
          const first = { at, who: 'process', when: 'after' } as const;
          await survives(scenario, [first, { ...first, at: again, when: 'before' }]);
        }
      }
    }
    t.diagnostic(`${points} pairs of crash points`);
  });

  test('with the records lost at the crash', async () => {
    for (const scenario of scenarios) {
      const total = await effectsOf(scenario);
      for (let at = 1; at <= total; at += 1)
        await survives(scenario, [{ at, who: 'process', when: 'after' }], machine => machine.records.all.clear());
    }
  });
});

/** How many effects it takes undisturbed. */
async function effectsOf(scenario: Scenario): Promise<number> {
  const { before, after, opts } = scenario;
  const machine = newMachine();
  await runProcess(machine, before, { prune: 'none' });
  await scenario.meanwhile?.(machine);
  const { effects } = await runProcess(machine, after, opts);
  assert.ok(effects > 0);
  checkHost(machine, scenario);
  checkImages(machine, scenario);
  assert.equal(machine.engine.host.networks.size, after.pods.size === 0 ? 0 : 1);
  return effects;
}

async function survives(scenario: Scenario, cuts: readonly Cut[], lose?: (machine: Machine) => void): Promise<void> {
  const { before, after, opts, untouched } = scenario;
  const machine = newMachine();
  await runProcess(machine, before, { prune: 'none' });
  await scenario.meanwhile?.(machine);
  machine.events.length = 0;
  machine.fewest = Number.POSITIVE_INFINITY;
  try {
    for (const cut of cuts) {
      await runProcess(machine, after, opts, cut);
      lose?.(machine);
    }
    await machine.clock.advance(10_000);
    await runProcess(machine, after, opts);
    checkHost(machine, scenario);
    // Without its record, a container takes the image behind its name for seen.
    if (lose === undefined) checkImages(machine, scenario);
    checkStarts(machine, untouched, cuts.length);
    assert.ok(machine.fewest >= (scenario.serving ?? 0), `only ${machine.fewest} pods served for a while`);
    const { calls } = machine.engine;
    calls.length = 0;
    machine.records.writes.length = 0;
    const { settled } = await runProcess(machine, after, opts);
    assert.deepEqual([settled?.changes, new Set(calls), machine.records.writes], [[], new Set(['observe']), []]);
  } catch (error) {
    if (error instanceof Error) error.message += `\nafter ${JSON.stringify(cuts)}:\n${machine.events.join('\n')}`;
    throw error;
  }
}

/** All of what is wanted, running, and nothing else of ours. */
function checkHost({ engine: { host }, records }: Machine, { after: desired, ended = [] }: Scenario): void {
  const wanted = [...desired.pods.values()];
  const uids = new Set([...host.pods.values()].map(({ ours }) => ours?.uid));
  const have = {
    pods: [...host.pods.values()].map(({ name, ours, state }) => `${name} ${ours?.digest} ${state}`).sort(),
    containers: [...host.containers.values()]
      .map(({ name, ours, state, inspected }) => `${name} ${ours?.digest} ${state} ${inspected?.memoryLimitBytes}`)
      .sort(),
    leakedVolumes: [...host.volumes.values()].filter(({ uid }) => uid !== undefined && !uids.has(uid)),
    emptyDirs: [...host.volumes.values()].filter(({ uid }) => uid !== undefined).length,
    claims: [...host.volumes.values()].filter(({ uid }) => uid === undefined).length,
    files: [...host.files].map(([uid, files]) => [uids.has(uid), ...files.values()].join(' ')).sort(),
    records: [...records.all.keys()].sort(),
    failures: [...records.all.values()].flatMap(({ failure }) => failure ?? []),
  };
  assert.deepEqual(have, {
    pods: wanted.map(({ engineName, sandbox }) => `${engineName} ${sandbox.digest} running`).sort(),
    containers: wanted
      .flatMap(({ key, initContainers, containers }) => {
        const state = ended.includes(keyParts(key).name) ? 'exited' : 'running';
        return [...initContainers, ...containers].map(
          ({ engineName, digest, resources }) => `${engineName} ${digest} ${state} ${resources.memoryLimitBytes}`,
        );
      })
      .sort(),
    leakedVolumes: [],
    emptyDirs: wanted.length * 2,
    claims: 1,
    files: wanted.flatMap(({ volumes }) => volumes.flatMap(v => (v.type === 'files' ? `true ${v.digest}` : []))).sort(),
    records: wanted.map(({ key }) => key).sort(),
    failures: [],
  });
  // One that a crash left without pods stays: observe() sees networks by their pods, and the next pod uses it again.
  assert.deepEqual(
    [...host.networks.keys()].filter(name => name !== 'podstead'),
    [],
  );
}

function checkImages({ engine: { host } }: Machine, { images = {} }: Scenario): void {
  const have = Object.keys(images).map(name => [name, host.containerByName(name)?.imageId]);
  assert.deepEqual(Object.fromEntries(have), images);
}

/**
 * No container is started while it runs, or more often than the work was cut off: what a stop that was cut off has ended
 * already is kept up until the next try. Bystanders never die.
 */
function checkStarts({ events }: Machine, untouched: readonly string[], cuts: number): void {
  const runs = new Map<string, number>();
  const up = new Set<string>();
  for (const event of events) {
    const [type = '', name = '', what = ''] = event.split(' ');
    if (type !== 'container' || name.endsWith('-infra')) continue;
    if (what === 'start') {
      assert.ok(!up.has(name), `${name} was started while it ran`);
      runs.set(name, (runs.get(name) ?? 0) + 1);
      up.add(name);
    } else if (what === 'died') up.delete(name);
    assert.ok(!untouched.includes(name), `${name} was touched: ${event}`);
  }
  for (const [name, count] of runs) assert.ok(count <= Math.max(cuts, 1), `${name} was started ${count} times`);
}
