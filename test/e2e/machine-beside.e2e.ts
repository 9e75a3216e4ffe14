import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type Machine, machine } from '../machine/machine.ts';
import { containersOf, idsOf, main, makeImage, once, podText, type Seen, takeLogs } from '../machine/pods.ts';
import { onEachDebian } from '../machine/suite.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const manifests: Readonly<Record<string, string>> = {
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': podText('web', { inits: [once('web')], command: main('web') }),
};

/** Both units are enabled in every machine, as Debian has them. */
onEachDebian('beside podman-restart and podman-auto-update', debian => {
  const cleaning = cleanUps();
  let on: Machine;
  const show = async (unit: string, property: string): Promise<string> =>
    (await on.systemctl('show', '--value', `--property=${property}`, unit)).trim();
  const settled = (): Promise<string> =>
    eventually(
      'the agent says that all is as declared',
      () => show('podstead.service', 'StatusText'),
      text => text === 'All as declared',
    );
  /** Somebody's own container that Podman itself keeps. */
  const theirs = async (): Promise<Seen | undefined> => (await containersOf(on.must)).theirs;
  const ours = async (): Promise<Record<string, Seen>> => {
    const { theirs: _, ...rest } = await containersOf(on.must);
    return rest;
  };

  before(async () => {
    on = await machine(cleaning, debian);
    await makeImage(on.must);
    await writeFiles(join(on.root, 'etc/podstead/manifests'), manifests);
    await on.must('podstead', 'install');
    await settled();
    const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.2; done'];
    // As from a shell: Podman 5 leaves conmon in the service that it is called from, which would end it.
    const podman = ['env', '--unset=INVOCATION_ID', 'podman'];
    await on.must(...podman, 'run', '--detach', '--name=theirs', '--restart=always', 'localhost/bb:1', ...command);
  });

  test('run by hand, they touch what is theirs alone', async () => {
    const before = await ours();
    const pid = (await theirs())?.Pid;
    await on.systemctl('restart', 'podman-restart.service');
    await on.systemctl('start', 'podman-auto-update.service');
    assert.notEqual((await theirs())?.Pid, pid, 'podman-restart has stopped and started theirs');
    assert.deepEqual(await ours(), before);
    await settled();
    await on.must('podstead', 'plan', '/etc/podstead/manifests');
  });

  test('after a reboot each has started its own, once', async () => {
    await takeLogs(join(on.root, 'srv/log'));
    const before = idsOf(await ours());
    assert.equal(await show('podman-restart.service', 'UnitFileState'), 'enabled');
    assert.equal(await show('podman-auto-update.service', 'UnitFileState'), 'enabled');
    await on.reboot();
    await settled();
    assert.equal((await theirs())?.State, 'running');
    assert.deepEqual(idsOf(await ours()), before);
    assert.equal((await ours())['web-main']?.State, 'running');
    assert.deepEqual((await takeLogs(join(on.root, 'srv/log'))).web?.slice(-2), ['ran', 'start']);
    assert.equal(await show('podman-auto-update.service', 'Result'), 'success');
    await on.must('podstead', 'plan', '/etc/podstead/manifests');
  });
});
