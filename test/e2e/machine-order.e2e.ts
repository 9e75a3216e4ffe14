import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type Machine, machine } from '../machine/machine.ts';
import { containersOf, idsOf, main, makeImage, podText, runningOf } from '../machine/pods.ts';
import { onEachDebian } from '../machine/suite.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const settings = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n';
/** By name, none of them stands where its turn is. */
const order: Readonly<Record<string, string | undefined>> = { a: 'm', m: 'z', z: undefined };

onEachDebian('an order between pods, on a booted systemd', debian => {
  const cleaning = cleanUps();
  let on: Machine;
  before(async () => {
    on = await machine(cleaning, debian);
    await makeImage(on.must);
    const pods = Object.entries(order).map(([name, after]) => {
      const text = podText(name, { command: main(name) });
      const annotated = `{ name: ${name}, annotations: { podstead.dev/after: '${after}' } }`;
      return [`${name}.yaml`, after === undefined ? text : text.replace(`{ name: ${name} }`, annotated)] as const;
    });
    await writeFiles(join(on.root, 'etc/podstead/manifests'), {
      'settings.yaml': settings,
      ...Object.fromEntries(pods),
    });
  });

  /** When a unit's start or stop began or ended in this boot, in microseconds. */
  const moment = async (pod: string, property: string): Promise<number> =>
    Number(
      await on.systemctl('show', '--value', `--property=${property}TimestampMonotonic`, `podstead-pod-${pod}.service`),
    );
  const running = async (): Promise<readonly string[]> => runningOf(await containersOf(on.must));

  test('the agent starts them one after the other, and writes units that say so', async () => {
    await on.must('podstead', 'install');
    await eventually('all run', running, names => names.join() === 'a-main,m-main,z-main');
    await eventually(
      'all units are counted as started',
      () => on.systemctl('list-units', '--plain', '--no-legend', '--state=active', 'podstead-pod-*'),
      text => text.trim().split('\n').length === 3,
    );
    assert.match(
      await on.must('cat', '/etc/systemd/system/podstead-pod-a.service'),
      /^After=podstead-pod-m\.service$/m,
    );
    const created = await Promise.all(
      ['z', 'm', 'a'].map(name => on.must('podman', 'inspect', '--format', '{{.Created}}', `${name}-main`)),
    );
    assert.deepEqual(created, created.toSorted());
  });

  test('systemd starts them one after the other at boot, and stops them the other way round', async () => {
    const before = idsOf(await containersOf(on.must));
    await on.reboot();
    await eventually('all run', running, names => names.join() === 'a-main,m-main,z-main');
    assert.deepEqual(idsOf(await containersOf(on.must)), before);
    for (const [first, second] of [
      ['z', 'm'],
      ['m', 'a'],
    ] as const) {
      const [started, begun] = [await moment(first, 'ActiveEnter'), await moment(second, 'InactiveExit')];
      assert.ok(started > 0 && started <= begun, `${first} was started at ${started}, ${second} began at ${begun}`);
    }
    await on.systemctl('stop', 'podstead.service');
    await on.systemctl('stop', ...Object.keys(order).map(name => `podstead-pod-${name}.service`));
    for (const [first, second] of [
      ['a', 'm'],
      ['m', 'z'],
    ] as const) {
      const [stopped, begun] = [await moment(first, 'InactiveEnter'), await moment(second, 'ActiveExit')];
      assert.ok(stopped > 0 && stopped <= begun, `${first} was stopped at ${stopped}, ${second} began at ${begun}`);
    }
    assert.deepEqual(await running(), []);
  });
});
