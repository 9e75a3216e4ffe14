import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Machine, machine } from '../machine/machine.ts';
import { whyNoMachine } from '../machine/machine-root.ts';
import {
  containersOf,
  idsOf,
  madeThisBoot,
  main,
  makeImage,
  once,
  podText,
  runningOf,
  takeLogs,
} from '../machine/pods.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const home = '/home/someone';
const logs = `${home}/logs`;
const manifests: Readonly<Record<string, string>> = {
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': podText('web', {
    logs,
    inits: [once('web')],
    command: main('web'),
    more: '      ports: [{ containerPort: 80, hostPort: 8080 }]\n',
  }),
  'done.yaml': podText('done', { logs, command: once('done'), policy: 'OnFailure' }),
};
const lacking = whyNoMachine();

describe('the agent as podstead.service of a user who lingers, on a booted systemd', { skip: lacking ?? false }, () => {
  const cleaning = cleanUps();
  let on: Machine;
  const asUser = (...argv: string[]): Promise<string> =>
    on.must('runuser', '--user=someone', '--', 'env', 'XDG_RUNTIME_DIR=/run/user/1000', ...argv);
  const inService = (...argv: string[]): Promise<string> =>
    asUser('systemd-run', '--user', '--quiet', '--pipe', '--wait', '--collect', '--', ...argv);
  const systemctl = (...argv: string[]): Promise<string> => asUser('systemctl', '--user', ...argv);
  const show = async (unit: string, property: string): Promise<string> =>
    (await systemctl('show', '--value', `--property=${property}`, unit)).trim();
  const agent = 'podstead.service';
  const settled = (): Promise<string> =>
    eventually(
      'the agent says that all is as declared',
      () => show(agent, 'StatusText'),
      text => text === 'All as declared',
    );
  const podUnits = ['podstead-pod-done.service', 'podstead-pod-web.service'];
  const unitsStarted = (): Promise<readonly string[]> =>
    eventually(
      'the units of its pods are enabled and started',
      () =>
        Promise.all(
          podUnits.map(async unit => `${await show(unit, 'UnitFileState')} ${await show(unit, 'ActiveState')}`),
        ),
      states => states.every(state => state === 'enabled active'),
    );

  before(async () => {
    on = await machine(cleaning);
    await makeImage(inService);
    await writeFiles(join(on.root, home, '.config/podstead/manifests'), manifests);
    await on.must('chown', '--recursive', 'someone:', home);
  });

  test('it becomes active, and its units are enabled and started', async () => {
    await inService('podstead', 'install');
    await settled();
    await unitsStarted();
    assert.deepEqual(await takeLogs(join(on.root, logs)), { done: ['ran'], web: ['ran', 'start'] });
    const unit = await readFile(join(on.root, home, '.config/systemd/user/podstead-pod-web.service'), 'utf8');
    assert.match(unit, /^WantedBy=default\.target$/m);
  });

  for (const command of [['restart'], ['kill', '--signal=KILL', '--kill-whom=all']]) {
    test(`systemctl --user ${command[0]} leaves every container running`, async () => {
      const before = await containersOf(inService);
      const pid = await show(agent, 'MainPID');
      await systemctl(...command, agent);
      await eventually(
        'there is a new agent',
        () => show(agent, 'MainPID'),
        now => now !== pid && now !== '0',
      );
      await eventually(
        'it is active',
        () => show(agent, 'ActiveState'),
        state => state === 'active',
      );
      await settled();
      assert.deepEqual(await containersOf(inService), before);
    });
  }

  for (const { name, go, said } of [
    { name: 'a reboot', go: () => on.reboot(), said: ['stop'] },
    { name: 'a power cut', go: () => on.cutPower(), said: [] },
  ]) {
    test(`after ${name} the units have started the pods, and the agent finds nothing to do`, async () => {
      const before = idsOf(await containersOf(inService));
      await go();
      await eventually(
        'it is active',
        () => show(agent, 'ActiveState'),
        state => state === 'active',
      );
      await settled();
      const after = await containersOf(inService);
      assert.deepEqual(idsOf(after), before);
      assert.deepEqual(runningOf(after), ['web-main']);
      assert.deepEqual(await takeLogs(join(on.root, logs)), { web: [...said, 'ran', 'start'] });
      assert.deepEqual(await madeThisBoot(inService), []);
      await unitsStarted();
    });
  }

  test('passes that the user’s systemd starts do it too, without an agent', async () => {
    await inService('podstead', 'install', '--no-resident');
    assert.equal(await show(agent, 'LoadState'), 'not-found');
    const watches = (): Promise<string> =>
      eventually(
        'no pass is under way, and systemd watches',
        async () =>
          `${await show('podstead-pass.service', 'ActiveState')} ${await show('podstead-pass.path', 'SubState')}`,
        states => states === 'inactive waiting',
      );
    await watches();
    // So that nothing but the end itself starts a pass.
    await systemctl('stop', 'podstead-pass.timer');
    const before = await containersOf(inService);
    await inService('podman', 'kill', 'web-main');
    const after = await eventually(
      'it runs again',
      () => containersOf(inService),
      all => all['web-main']?.State === 'running' && all['web-main'].Pid !== before['web-main']?.Pid,
    );
    assert.deepEqual(idsOf(after), idsOf(before));
    await watches();
    await inService('podstead', 'uninstall');
    assert.equal(await show('podstead-pass.path', 'LoadState'), 'not-found');
  });
});
