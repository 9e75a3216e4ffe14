import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Machine, machine } from '../machine/machine.ts';
import { containersOf, main, makeImage, once, podText, runningOf, seed, takeLogs } from '../machine/pods.ts';
import { onEachDebian } from '../machine/suite.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const directory = '/etc/podstead/manifests';
const names = ['one', 'three', 'two'];
const mains = names.map(name => `${name}-main`);

/** Three pods, with a value that makes every container differ where it differs. */
function manifests(says: string): Readonly<Record<string, string>> {
  const more = `      env: [{ name: SAYS, value: ${says} }]\n`;
  const pods = names.map(name => {
    const text = podText(name, { inits: [once(name), seed(name)], command: main(name), claim: name, more });
    return [`${name}.yaml`, text] as const;
  });
  const settings = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n';
  return { 'settings.yaml': settings, ...Object.fromEntries(pods) };
}

onEachDebian('the power goes off amid an apply', debian => {
  const cleaning = cleanUps();
  let on: Machine;
  before(async () => {
    on = await machine(cleaning, debian);
    await makeImage(on.must);
    // Has the engine build the image of its infra containers; cut off from that, it keeps a container of its builder.
    await on.must('podman', 'pod', 'create', '--name=first');
    await on.must('podman', 'pod', 'rm', 'first');
    await writeFiles(join(on.root, directory), manifests('first'));
  });

  /** How many containers the engine has made, as its disk tells: asked for in the machine, it would be known too late. */
  async function made(): Promise<number> {
    const entries = await readdir(join(on.root, 'var/lib/containers/storage/overlay-containers')).catch(() => []);
    return entries.filter(name => /^[0-9a-f]{64}$/.test(name)).length;
  }
  const logged = (): Promise<Record<string, readonly string[]>> => takeLogs(join(on.root, 'srv/log'));
  const saysStop = async (): Promise<boolean> => {
    const logs = Object.values(await logged().catch(() => ({}))).flat();
    return logs.includes('stop');
  };

  async function reached(what: string, probe: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!(await probe())) {
      if (Date.now() > deadline) throw new Error(`Waited in vain until ${what} on ${debian.title}`);
      await sleep(2);
    }
  }

  /**
   * What the store holds besides containers. An engine that is cut off before it has noted an infra container forgets its
   * layer, under a name that never comes again and without a label: nobody can tell whose it was, docs/reliability.md.
   */
  async function besides(): Promise<readonly string[]> {
    const format = '{{.Names}} {{.Status}}';
    const all = (await on.must('podman', 'ps', '--all', '--external', '--format', format)).split('\n');
    return all.filter(line => line.endsWith(' Storage') && !/^[0-9a-f]{12}-infra /.test(line));
  }

  /** All is as declared, and there is nothing besides. */
  async function stands(): Promise<void> {
    await on.must('podstead', 'plan', directory);
    const all = await containersOf(on.must);
    assert.deepEqual(runningOf(all), mains);
    const parts = names.flatMap(name => [`infra:${name}`, `${name}-init0`, `${name}-init1`, `${name}-main`]);
    assert.deepEqual(Object.keys(all).toSorted(), parts.toSorted());
    assert.deepEqual(await besides(), []);
    assert.deepEqual((await on.must('podman', 'volume', 'ls', '--quiet')).trim().split('\n').toSorted(), names);
  }

  for (const count of [1, 5, 11]) {
    test(`with ${count} of 12 containers made, the next apply completes it`, async () => {
      const before = await made();
      const cut = on.run('podstead', 'apply', directory);
      await reached(`there are ${count} containers`, async () => (await made()) >= before + count);
      await on.cutPower();
      assert.notEqual((await cut).code, 0, 'it was cut off');
      await on.must('podstead', 'apply', directory);
      await stands();
      await on.must('podstead', 'down', '--all', ...names.flatMap(name => ['--volumes', name]));
      assert.deepEqual(await containersOf(on.must), {});
      assert.deepEqual(await besides(), []);
    });
  }

  test('with the first container stopped of those that change, the next apply completes it', async () => {
    await on.must('podstead', 'apply', directory);
    await logged();
    await writeFiles(join(on.root, directory), manifests('second'));
    const cut = on.run('podstead', 'apply', directory);
    await reached('a container stops', saysStop);
    await on.cutPower();
    assert.notEqual((await cut).code, 0, 'it was cut off');
    await on.must('podstead', 'apply', directory);
    await stands();
  });

  describe('of the agent', () => {
    const show = async (unit: string, property: string): Promise<string> =>
      (await on.systemctl('show', '--value', `--property=${property}`, unit)).trim();
    const settled = async (): Promise<void> => {
      await eventually(
        'the agent says that all is as declared',
        () => show('podstead.service', 'StatusText'),
        text => text === 'All as declared',
      );
      const states = (): Promise<readonly string[]> =>
        Promise.all(names.map(name => show(`podstead-pod-${name}.service`, 'ActiveState')));
      await eventually('the units of its pods are started', states, found => found.every(state => state === 'active'));
    };

    for (const says of ['third', 'fourth']) {
      test(`the ${says} wish is done after boot, whatever the units made of what was left`, async () => {
        await on.must('podstead', 'install');
        await settled();
        await logged();
        await writeFiles(join(on.root, directory), manifests(says));
        await reached('a container stops', saysStop);
        await on.cutPower();
        await settled();
        await stands();
        assert.deepEqual(
          Object.values(await logged()).flatMap(lines => lines.filter(line => line === 'seeded')),
          [],
          'their volumes are the same',
        );
        assert.equal(await show('podstead.service', 'NRestarts'), '0');
      });
    }
  });
});
