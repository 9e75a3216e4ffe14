import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Machine, machine } from '../machine/machine.ts';
import { debian12, whyNoMachine } from '../machine/machine-root.ts';
import { containersOf, main, makeImage, podText, takeLogs } from '../machine/pods.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const lacking = whyNoMachine();
const manifests: Readonly<Record<string, string>> = {
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': podText('web', { command: main('web') }),
  'busy.yaml': podText('busy', { command: main('busy'), policy: 'OnFailure' }),
};

// Without scopes of their own, monitors of containers stay in the control group of whatever started them.
describe('pods with cgroup_manager = "cgroupfs", on a booted systemd', { skip: lacking ?? false }, () => {
  const cleaning = cleanUps();
  let on: Machine;
  const agent = 'podstead.service';
  before(async () => {
    on = await machine(cleaning, debian12);
    const drop = join(on.root, 'etc/containers/containers.conf.d');
    await mkdir(drop, { recursive: true });
    await writeFile(join(drop, 'cgroupfs.conf'), '[engine]\ncgroup_manager = "cgroupfs"\n');
    await makeImage(on.must);
    await writeFiles(join(on.root, 'etc/podstead/manifests'), manifests);
    await on.must('podstead', 'install');
    await settled();
  });

  const show = async (unit: string, property: string): Promise<string> =>
    (await on.systemctl('show', '--value', `--property=${property}`, unit)).trim();
  const settled = (): Promise<string> =>
    eventually(
      'the agent says that all is as declared',
      async () => `${await show(agent, 'ActiveState')} ${await show(agent, 'StatusText')}`,
      said => said === 'active All as declared',
    );
  const conmons = async (): Promise<readonly string[]> =>
    (await on.must('pgrep', '--exact', 'conmon')).trim().split('\n').toSorted();

  test('conmon has no scope of its own', async () => {
    const [pid = ''] = await conmons();
    const group = await on.must('cat', `/proc/${pid}/cgroup`);
    assert.doesNotMatch(group, /libpod-conmon/);
    assert.equal((await conmons()).length, 4);
  });

  for (const [name, unit, command] of [
    ['stop and start', agent, ['stop', 'start']],
    ['restart', agent, ['restart']],
    ['reload', agent, ['reload']],
    ['a crash', agent, ['kill --signal=SEGV --kill-whom=main']],
    ['a kill of all that is in its control group', agent, ['kill --signal=KILL --kill-whom=all']],
    ['a stop of the engine’s own service', 'podman.service', ['stop']],
  ] as const) {
    test(`${name} leaves every conmon and every container alive`, async () => {
      await takeLogs(join(on.root, 'srv/log'));
      const [monitors, before] = [await conmons(), await containersOf(on.must)];
      const pid = await show(agent, 'MainPID');
      for (const each of command) await on.systemctl(...each.split(' '), unit);
      if (unit === agent && name !== 'reload')
        await eventually(
          'there is a new agent',
          () => show(agent, 'MainPID'),
          now => now !== pid && now !== '0',
        );
      await settled();
      assert.deepEqual(await conmons(), monitors);
      assert.deepEqual(await containersOf(on.must), before);
      assert.deepEqual(await takeLogs(join(on.root, 'srv/log')), {});
    });
  }
});
