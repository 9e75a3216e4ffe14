import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { someone } from '../machine/keeper.ts';
import { type Machine, machine } from '../machine/machine.ts';
import {
  containersOf,
  idsOf,
  madeThisBoot,
  main,
  makeImage,
  once,
  podText,
  runningOf,
  seed,
  takeLogs,
} from '../machine/pods.ts';
import { onEachDebian } from '../machine/suite.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const home = '/home/someone';
const logs = `${home}/logs`;
const manifests: Readonly<Record<string, string>> = {
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': podText('web', {
    logs,
    inits: [once('web'), seed('web')],
    claim: 'data',
    command: main('web'),
    more: '      ports: [{ containerPort: 80, hostPort: 8080 }]\n',
  }),
  'done.yaml': podText('done', { logs, command: once('done'), policy: 'OnFailure' }),
  'site/Containerfile':
    'FROM localhost/bb:1\nRUN mkdir /www && echo built >/www/index.html\nCMD ["httpd", "-f", "-p", "8081", "-h", "/www"]\n',
  'site.yaml': `
apiVersion: v1
kind: Pod
metadata: { name: site }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: localhost/site
      ports: [{ containerPort: 8081, hostPort: 8081 }]
      readinessProbe: { httpGet: { path: /, port: 8081 }, periodSeconds: 1 }
`,
};
/** More than a machine can enforce: in nspawn on a host with version 1 its control groups have no controllers. */
const limited = `
apiVersion: v1
kind: Pod
metadata: { name: limited }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: localhost/bb:1
      command: [sleep, '10000']
      resources: { limits: { memory: 32Mi, cpu: 500m } }
`;

onEachDebian('the agent as podstead.service of a user who lingers, on a booted systemd', debian => {
  const cleaning = cleanUps();
  let on: Machine;
  const { must: inService, systemctl } = someone(() => on);
  const show = async (unit: string, property: string): Promise<string> =>
    (await systemctl('show', '--value', `--property=${property}`, unit)).trim();
  const agent = 'podstead.service';
  const settled = (): Promise<string> =>
    eventually(
      'the agent says that all is as declared',
      () => show(agent, 'StatusText'),
      text => text === 'All as declared',
    );
  const podUnits = ['podstead-pod-done.service', 'podstead-pod-site.service', 'podstead-pod-web.service'];
  const unitsStarted = (): Promise<readonly string[]> =>
    eventually(
      'the units of its pods are enabled and started',
      () =>
        Promise.all(
          podUnits.map(async unit => `${await show(unit, 'UnitFileState')} ${await show(unit, 'ActiveState')}`),
        ),
      states => states.every(state => state === 'enabled active'),
    );

  /** The pod whose image is built here answers at its port of the host, and its probe has found that. */
  const siteAnswers = async (): Promise<void> => {
    const ready = async (): Promise<string> => (await inService('podstead', 'status', 'site', '-o', 'json')).trim();
    await eventually('site is ready', ready, text => /"ready": ?true/.test(text));
    assert.equal(await on.must('busybox', 'wget', '-qO-', 'http://127.0.0.1:8081/'), 'built\n');
  };

  before(async () => {
    on = await machine(cleaning, debian);
    await makeImage(inService);
    await writeFiles(join(on.root, home, '.config/podstead/manifests'), manifests);
    await on.must('chown', '--recursive', 'someone:', home);
  });

  test('it becomes active, and its units are enabled and started', async () => {
    await inService('podstead', 'install');
    await settled();
    await unitsStarted();
    assert.deepEqual(await takeLogs(join(on.root, logs)), { done: ['ran'], web: ['ran', 'seeded', 'start'] });
    assert.ok(
      (await madeThisBoot(inService)).includes('container create web-main'),
      'what is made shows in the events',
    );
    await siteAnswers();
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
      assert.deepEqual(runningOf(after), ['site-main', 'web-main']);
      assert.deepEqual(await takeLogs(join(on.root, logs)), { web: [...said, 'ran', 'start'] });
      assert.deepEqual(await madeThisBoot(inService), []);
      await unitsStarted();
      await siteAnswers();
    });
  }

  test('a limit that cannot be set is told with what to do, and the other pods run on', async () => {
    if (await hasControllers()) return;
    const before = await containersOf(inService);
    const file = join(home, '.config/podstead/manifests/limited.yaml');
    await writeFiles(on.root, { [file]: limited });
    const told = async (): Promise<string> => on.must('journalctl', '_SYSTEMD_USER_UNIT=podstead.service');
    await eventually('the agent tells what to do', told, text => /Leave limits of \w+ out.*podstead doctor/.test(text));
    assert.match(await inService('podstead', 'doctor'), /^controllers +warn +.*cpu, memory, pids.*do not start$/m);
    await rm(join(on.root, file));
    const names = async (): Promise<readonly string[]> => Object.keys(await containersOf(inService));
    await eventually('what was made of it is gone', names, found => !found.some(name => name.includes('limited')));
    assert.deepEqual(await containersOf(inService), before);
  });

  test('uninstalled its pods run on under their units, and come back after a reboot', async () => {
    const before = await containersOf(inService);
    await inService('podstead', 'uninstall', '--user');
    assert.equal(await show(agent, 'LoadState'), 'not-found');
    assert.deepEqual(await containersOf(inService), before);
    await on.reboot();
    await unitsStarted();
    const after = await containersOf(inService);
    assert.deepEqual(idsOf(after), idsOf(before));
    assert.deepEqual(runningOf(after), ['site-main', 'web-main']);
  });

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
    const asking = 'net.connect("/run/user/1000/podstead-pass.sock").pipe(process.stdout)';
    assert.equal(await inService('node', '--eval', asking), '');
    assert.equal(await show('podstead-pass.socket', 'NAccepted'), '1');
    assert.equal(await show('podstead-pass.service', 'Result'), 'success');
    await watches();
    await inService('podstead', 'uninstall');
    assert.equal(await show('podstead-pass.path', 'LoadState'), 'not-found');
  });

  /** Where the host itself is on version 2, machines have controllers, and the limit is set. */
  async function hasControllers(): Promise<boolean> {
    return (await inService('podman', 'info', '--format', '{{.Host.CgroupControllers}}')).includes('memory');
  }
});
