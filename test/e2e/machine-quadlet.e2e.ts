import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Machine, machine } from '../machine/machine.ts';
import { debian13, whyNoMachine } from '../machine/machine-root.ts';
import { containersOf, main, makeImage, once, podText, runningOf, takeLogs } from '../machine/pods.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const lacking = whyNoMachine();
const manifests: Readonly<Record<string, string>> = {
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': podText('web', {
    inits: [once('web'), `[sh, -c, 'cat /settings/a >>/log/web; echo >>/log/web']`],
    command: main('web'),
    more: '      ports: [{ containerPort: 80, hostPort: 8080 }]\n',
  }),
};
const pod = 'podstead-pod-web-pod.service';
const service = 'podstead-pod-web__main.service';

describe('pods of generate quadlet, on a booted Debian 13', { skip: lacking ?? false }, () => {
  const cleaning = cleanUps();
  let on: Machine;
  before(async () => {
    on = await machine(cleaning, debian13);
    await makeImage(on.must);
    await writeFiles(join(on.root, 'srv/manifests'), manifests);
  });

  const logged = (): Promise<Record<string, readonly string[]>> => takeLogs(join(on.root, 'srv/log'));
  const show = async (unit: string, property: string): Promise<string> =>
    (await on.systemctl('show', '--value', `--property=${property}`, unit)).trim();
  const runs = (): Promise<string> =>
    eventually(
      'the main container runs',
      () => show(service, 'ActiveState'),
      state => state === 'active',
    );

  test('systemd makes and starts one, init containers first, with the files of its ConfigMap', async () => {
    await on.must('podstead', 'generate', 'quadlet', '/srv/manifests', '-d', '/etc/containers/systemd');
    await on.systemctl('daemon-reload');
    await on.systemctl('start', pod);
    await runs();
    assert.deepEqual(runningOf(await containersOf(on.must)), ['web-main']);
    assert.deepEqual(await logged(), { web: ['ran', 'b', 'start'] });
  });

  test('a main container that was killed is started again, alone, and its pod stays', async () => {
    const { 'infra:web': infra, 'web-main': before } = await containersOf(on.must);
    await on.must('podman', 'kill', 'web-main');
    await eventually(
      'it was started again',
      () => show(service, 'NRestarts'),
      count => count === '1',
    );
    await runs();
    const after = await containersOf(on.must);
    assert.deepEqual(after['infra:web'], infra);
    assert.notEqual(after['web-main']?.Id, before?.Id);
    assert.deepEqual(await logged(), { web: ['start'] });
    assert.deepEqual(
      await Promise.all(['RestartSteps', 'RestartMaxDelayUSec', 'RestartUSec'].map(key => show(service, key))),
      ['5', '5min', '10s'],
    );
  });

  test('an init container that fails is run again, and what waits for it begins when it succeeds', async () => {
    const flaky = `[sh, -c, 'test -e /log/go && rm /log/go']`;
    await writeFiles(join(on.root, 'srv/flaky'), {
      'settings.yaml': manifests['settings.yaml'] ?? '',
      'flaky.yaml': podText('flaky', { inits: [flaky], command: main('flaky') }),
    });
    await on.must('podstead', 'generate', 'quadlet', '/srv/flaky', '-d', '/etc/containers/systemd');
    await on.systemctl('daemon-reload');
    await on.systemctl('start', 'podstead-pod-flaky-pod.service');
    const init = 'podstead-pod-flaky__init0.service';
    await eventually(
      'it was run again',
      () => show(init, 'NRestarts'),
      count => count !== '0',
    );
    assert.deepEqual(await logged(), {});
    await writeFiles(join(on.root, 'srv/log'), { go: '' });
    await eventually(
      'the main container runs',
      () => show('podstead-pod-flaky__main.service', 'ActiveState'),
      state => state === 'active',
    );
    assert.deepEqual(await logged(), { flaky: ['start'] });
    await on.systemctl('stop', 'podstead-pod-flaky-pod.service');
    assert.deepEqual(await logged(), { flaky: ['stop'] });
    // Where it failed at boot too, systemd would not call that finished.
    await on.must('sh', '-c', 'rm -r /etc/containers/systemd/podstead-pod-flaky*; systemctl daemon-reload');
  });

  for (const { name, go, said } of [
    { name: 'a reboot', go: () => on.reboot(), said: ['stop'] },
    { name: 'a power cut', go: () => on.cutPower(), said: [] },
  ]) {
    test(`after ${name} it is made and started anew`, async () => {
      await go();
      await runs();
      assert.ok(runningOf(await containersOf(on.must)).includes('web-main'));
      assert.deepEqual((await logged()).web, [...said, 'ran', 'b', 'start']);
    });
  }

  test('stopping the service of the pod stops and removes all of it', async () => {
    await on.systemctl('stop', pod);
    const left = Object.keys(await containersOf(on.must)).filter(name => name.includes('web'));
    assert.deepEqual(left, []);
    assert.deepEqual((await logged()).web, ['stop']);
  });
});
