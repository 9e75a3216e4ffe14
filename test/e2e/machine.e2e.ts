import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
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
  type Seen,
  seed,
  takeLogs,
} from '../machine/pods.ts';
import { onEachDebian } from '../machine/suite.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const manifests: Readonly<Record<string, string>> = {
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': podText('web', {
    inits: [once('web'), `[sh, -c, 'cat /settings/a >>/log/web; echo >>/log/web']`, seed('web')],
    claim: 'data',
    command: main('web'),
    more: '      ports: [{ containerPort: 80, hostPort: 8080 }]\n',
  }),
  'never.yaml': podText('never', { command: once('never'), policy: 'Never' }),
  'done.yaml': podText('done', { command: once('done'), policy: 'OnFailure' }),
  'busy.yaml': podText('busy', { command: main('busy'), policy: 'OnFailure' }),
};

/** What each boot adds to the logs, and what each orderly end does. */
const bootLines = { web: ['ran', 'b', 'start'], busy: ['start'] };
const stopLines = { web: ['stop'], busy: ['stop'] };

onEachDebian('on a booted systemd', debian => {
  const cleaning = cleanUps();
  let on: Machine;
  before(async () => {
    on = await machine(cleaning, debian);
    await makeImage(on.must);
    await writeFiles(source(), manifests);
  });

  const source = (): string => join(on.root, 'etc/podstead/manifests');
  const units = (): string => join(on.root, 'etc/systemd/system');

  const containers = (): Promise<Record<string, Seen>> => containersOf(on.must);

  const logged = (): Promise<Record<string, readonly string[]>> => takeLogs(join(on.root, 'srv/log'));
  const made = (): Promise<readonly string[]> => madeThisBoot(on.must);

  /** One way for a machine to go down and come back, and what the pods can say of it before they start again. */
  const ends = [
    { name: 'a reboot', go: () => on.reboot(), said: stopLines },
    { name: 'a power cut', go: () => on.cutPower(), said: { web: [], busy: [] } },
  ];

  const joined = (said: Record<'web' | 'busy', readonly string[]>): Record<string, readonly string[]> => ({
    busy: [...said.busy, ...bootLines.busy],
    web: [...said.web, ...bootLines.web],
  });

  describe('boot units of generate systemd', () => {
    test('they are written for pods that were applied, and systemd takes them', async () => {
      await on.must('podstead', 'apply', '/etc/podstead/manifests');
      const web = ['ran', 'b', 'seeded', 'start'];
      assert.deepEqual(await logged(), { ...bootLines, web, done: ['ran'], never: ['ran'] });
      assert.ok((await made()).includes('container create web-main'), 'what is made shows in the events');
      await on.must('podstead', 'generate', 'systemd', '/etc/podstead/manifests', '-d', '/etc/systemd/system');
      await on.systemctl('daemon-reload');
      await on.systemctl('enable', '--now', ...(await ourUnits()));
      assert.deepEqual(runningOf(await containers()), ['busy-main', 'web-main']);
    });

    for (const { name, go, said } of ends) {
      test(`after ${name} the same containers run again, init containers first, finished ones left alone`, async () => {
        const before = idsOf(await containers());
        await logged();
        await go();
        const after = await containers();
        assert.deepEqual(idsOf(after), before);
        assert.deepEqual(runningOf(after), ['busy-main', 'web-main']);
        assert.deepEqual(await logged(), joined(said));
        assert.deepEqual(await made(), []);
        assert.equal(await on.systemctl('list-units', '--failed', '--plain', '--no-legend', 'podstead*'), '');
      });
    }

    test('stopping them stops their pods, and they can go', async () => {
      const names = await ourUnits();
      await on.systemctl('disable', '--now', ...names);
      assert.deepEqual(runningOf(await containers()), []);
      for (const unit of names) await rm(join(units(), unit));
      await on.systemctl('daemon-reload');
      await on.must('podstead', 'down', '--all');
      assert.deepEqual(await containers(), {});
    });
  });

  describe('units of generate systemd --restart', () => {
    const names = ['podstead-pod-busy', 'podstead-pod-done', 'podstead-pod-never', 'podstead-pod-web'];
    const main = 'podstead-pod-web__main.service';

    test('systemd takes over the pods that were applied, init containers first', async () => {
      await on.must('podstead', 'apply', '/etc/podstead/manifests');
      await logged();
      await on.must(
        'podstead',
        'generate',
        'systemd',
        '--restart',
        '/etc/podstead/manifests',
        '-d',
        '/etc/systemd/system',
      );
      await on.systemctl('daemon-reload');
      await on.systemctl('enable', '--now', ...names.map(name => `${name}.service`));
      await webRuns();
      assert.deepEqual(runningOf(await containers()), ['busy-main', 'web-main']);
      assert.equal(await on.systemctl('list-units', '--failed', '--plain', '--no-legend', 'podstead*'), '');
    });

    async function webRuns(): Promise<void> {
      for (const unit of [main, 'podstead-pod-busy__main.service'])
        await eventually(
          `${unit} runs`,
          async () => `${await show(unit, 'ActiveState')} ${await show(unit, 'SubState')}`,
          state => state === 'active running',
        );
    }

    test('a container that was killed is started again by systemd, and its pod stays', async () => {
      const before = await containers();
      await logged();
      await on.must('podman', 'kill', 'web-main');
      await eventually(
        'it was started again',
        () => show(main, 'NRestarts'),
        count => count === '1',
      );
      await webRuns();
      const after = await containers();
      assert.deepEqual(idsOf(after), idsOf(before));
      assert.deepEqual(after['infra:web'], before['infra:web']);
      assert.notEqual(after['web-main']?.Pid, before['web-main']?.Pid);
      assert.deepEqual(await logged(), { web: ['start'] });
    });

    for (const { name, go } of ends) {
      test(`after ${name} the same containers run again, init containers first`, async () => {
        const before = idsOf(await containers());
        await logged();
        await go();
        await webRuns();
        const after = await containers();
        assert.deepEqual(idsOf(after), before);
        assert.deepEqual(runningOf(after), ['busy-main', 'web-main']);
        assert.deepEqual((await logged()).web?.slice(-3), ['ran', 'b', 'start']);
        assert.deepEqual(await made(), []);
      });
    }

    test('stopping the unit of a pod stops all of it', async () => {
      await on.systemctl('disable', '--now', ...names.map(name => `${name}.service`));
      assert.deepEqual(runningOf(await containers()), []);
      for (const unit of await ourUnits()) await rm(join(units(), unit));
      await on.systemctl('daemon-reload');
      await on.must('podstead', 'down', '--all');
      await logged();
    });
  });

  async function ourUnits(): Promise<readonly string[]> {
    return (await readdir(units()))
      .filter(name => name.startsWith('podstead-'))
      .filter(name => name.endsWith('.service'));
  }
  async function show(unit: string, property: string): Promise<string> {
    return (await on.systemctl('show', '--value', `--property=${property}`, unit)).trim();
  }

  describe('the agent as podstead.service', () => {
    const agent = 'podstead.service';
    const podUnits = ['busy', 'done', 'never', 'web'].map(name => `podstead-pod-${name}.service`);
    const statusIs = (text: RegExp): Promise<string> =>
      eventually(
        `the agent says ${text}`,
        () => show(agent, 'StatusText'),
        said => text.test(said),
      );

    test('it becomes active when it has looked, writes units, enables and starts them', async () => {
      await logged();
      // So that the watchdog and a restart show within the test's time.
      await mkdir(join(units(), `${agent}.d`));
      await writeFile(join(units(), `${agent}.d/quick.conf`), '[Service]\nWatchdogSec=3\nRestartSec=100ms\n');
      await on.must('podstead', 'install');
      assert.equal(await show(agent, 'ActiveState'), 'active');
      await statusIs(/^All as declared$/);
      await unitsAre(podUnits);
      assert.deepEqual(await logged(), { ...bootLines, done: ['ran'], never: ['ran'] });
    });

    /** Waits until exactly these units of pods are there, enabled and started. */
    async function unitsAre(names: readonly string[]): Promise<void> {
      const states = async (): Promise<Record<string, string>> => {
        const found = await ourUnits();
        const all = await Promise.all(
          found.map(async unit => [unit, `${await show(unit, 'UnitFileState')} ${await show(unit, 'ActiveState')}`]),
        );
        return Object.fromEntries(all);
      };
      const wanted = JSON.stringify(Object.fromEntries(names.map(name => [name, 'enabled active'])));
      await eventually(`units are ${names}`, states, found => JSON.stringify(found) === wanted);
    }

    test('it feeds the watchdog, and is restarted where it hangs', async () => {
      const fed = (): Promise<string> => show(agent, 'WatchdogTimestampMonotonic');
      const first = await fed();
      await eventually('the watchdog is fed', fed, at => at !== first);
      assert.equal(await show(agent, 'NRestarts'), '0');
      const pid = await show(agent, 'MainPID');
      const before = await containers();
      await on.systemctl('kill', '--kill-whom=main', '--signal=STOP', agent);
      await eventually(
        'it is started anew',
        () => show(agent, 'NRestarts'),
        count => count === '1',
      );
      await eventually(
        'it is active',
        () => show(agent, 'ActiveState'),
        state => state === 'active',
      );
      assert.notEqual(await show(agent, 'MainPID'), pid);
      assert.deepEqual(await containers(), before);
    });

    test('its units follow an edit', async () => {
      await writeFiles(source(), { 'new.yaml': podText('new', { command: main('new') }) });
      await unitsAre([...podUnits, 'podstead-pod-new.service'].toSorted());
      await rm(join(source(), 'new.yaml'));
      await unitsAre(podUnits);
      assert.equal(await show('podstead-pod-new.service', 'LoadState'), 'not-found');
      assert.deepEqual(await logged(), { new: ['start', 'stop'] });
    });

    test('the unit of a pod that finishes starts it no longer, though nothing else is to do', async () => {
      const unit = (): Promise<string> => readFile(join(units(), 'podstead-pod-late.service'), 'utf8');
      const command = `[sh, -c, 'until [ -e /log/go ]; do sleep 0.1; done; rm /log/go; echo ran >>/log/late']`;
      await writeFiles(source(), { 'late.yaml': podText('late', { command, policy: 'OnFailure' }) });
      podUnits.splice(2, 0, 'podstead-pod-late.service');
      await unitsAre(podUnits);
      assert.match(await unit(), /^ExecStart=.* start late-main$/m);
      await writeFile(join(on.root, 'srv/log/go'), '');
      await eventually('its unit starts nothing', unit, text => !/^ExecStart=/m.test(text));
      assert.deepEqual(await logged(), { late: ['ran'] });
    });

    for (const [name, command] of [
      ['stop and start', ['stop', 'start']],
      ['restart', ['restart']],
      ['reload', ['reload']],
      ['a kill', ['kill --signal=KILL --kill-whom=main']],
      ['a kill of all that is in its control group', ['kill --signal=KILL --kill-whom=all']],
    ] as const) {
      test(`${name} leaves every container running`, async () => {
        const before = await containers();
        const conmons = await conmonPids();
        const pid = await show(agent, 'MainPID');
        for (const each of command) await on.systemctl(...each.split(' '), agent);
        if (name !== 'reload')
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
        await statusIs(/^All as declared$/);
        assert.deepEqual(await containers(), before);
        assert.deepEqual(await conmonPids(), conmons);
        assert.deepEqual(await logged(), {});
      });
    }

    async function conmonPids(): Promise<readonly string[]> {
      return (await on.must('pgrep', '--exact', 'conmon')).trim().split('\n').toSorted();
    }

    for (const { name, go, said } of ends) {
      test(`after ${name} the units have started the pods, and the agent finds nothing to do`, async () => {
        const before = idsOf(await containers());
        await logged();
        await go();
        assert.equal(await show(agent, 'ActiveState'), 'active');
        await statusIs(/^All as declared$/);
        const after = await containers();
        assert.deepEqual(idsOf(after), before);
        assert.deepEqual(runningOf(after), ['busy-main', 'web-main']);
        assert.deepEqual(await logged(), joined(said));
        assert.deepEqual(await made(), []);
        await unitsAre(podUnits);
        await on.must('podstead', 'plan', '/etc/podstead/manifests');
        assert.equal(await show(agent, 'NRestarts'), '0');
      });
    }

    test('installed again it is the same process, and elsewhere another; no container notices', async () => {
      const before = await containers();
      const pid = await show(agent, 'MainPID');
      await on.must('podstead', 'install');
      assert.equal(await show(agent, 'MainPID'), pid);
      await on.must('cp', '--recursive', '/etc/podstead/manifests', '/srv/odd $ 100%');
      await on.must('podstead', 'install', '/srv/odd $ 100%');
      assert.notEqual(await show(agent, 'MainPID'), pid);
      await statusIs(/^All as declared$/);
      assert.deepEqual(await containers(), before);
      const argv = await on.must('cat', `/proc/${await show(agent, 'MainPID')}/cmdline`);
      assert.ok(argv.endsWith('\0/srv/odd $ 100%\0'), argv);
    });

    test('uninstalled its pods run on under their units, and come back after a reboot', async () => {
      const before = await containers();
      await on.must('podstead', 'uninstall');
      await on.must('podstead', 'uninstall');
      assert.equal(await show(agent, 'LoadState'), 'not-found');
      assert.deepEqual(await containers(), before);
      await on.reboot();
      assert.deepEqual(runningOf(await containers()), ['busy-main', 'web-main']);
      await unitsAre(podUnits);
      await writeFile(join(units(), agent), '[Service]\nExecStart=/bin/true\n');
      const refused = await on.run('podstead', 'install');
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /was not written by podstead\n {2}Move it away first/);
    });
  });
});
