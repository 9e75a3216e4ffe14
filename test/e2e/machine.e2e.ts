import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { before, describe, test } from 'node:test';
import { whyNoMachine } from '../machine/debian-root.ts';
import { type Machine, machine } from '../machine/machine.ts';
import { cleanUps, eventually, type Listed, writeFiles } from './podstead.ts';

/** Says what it does, line by line, in a file that outlives the machine's boots; idles until it is told to stop. */
const main = (log: string): string =>
  `[sh, -c, 'echo start >>/log/${log}; trap "echo stop >>/log/${log}; exit 0" TERM; while :; do sleep 0.2; done']`;
const once = (log: string): string => `[sh, -c, 'sleep 0.2; echo ran >>/log/${log}']`;

interface PodText {
  readonly command: string;
  readonly inits?: readonly string[];
  readonly policy?: string;
  readonly more?: string;
}

function podText(name: string, { command, inits = [], policy = 'Always', more = '' }: PodText): string {
  const container = (title: string, what: string): string => `
    - name: ${title}
      image: localhost/bb:1
      command: ${what}
      volumeMounts: [{ name: log, mountPath: /log }, { name: settings, mountPath: /settings }]
${more}`;
  return `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: ${policy}
  terminationGracePeriodSeconds: 5
  initContainers: ${inits.length === 0 ? '[]' : inits.map((each, i) => container(`init${i}`, each)).join('')}
  containers: ${container('main', command)}
  volumes:
    - { name: log, hostPath: { path: /srv/log, type: DirectoryOrCreate } }
    - { name: settings, configMap: { name: settings } }
`;
}

const manifests: Readonly<Record<string, string>> = {
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': podText('web', {
    inits: [once('web'), `[sh, -c, 'cat /settings/a >>/log/web; echo >>/log/web']`],
    command: main('web'),
    more: '      ports: [{ containerPort: 80, hostPort: 8080 }]\n',
  }),
  'never.yaml': podText('never', { command: once('never'), policy: 'Never' }),
  'done.yaml': podText('done', { command: once('done'), policy: 'OnFailure' }),
  'busy.yaml': podText('busy', { command: main('busy'), policy: 'OnFailure' }),
};

/** What tells a container, and one run of it, from others. */
interface Seen {
  readonly Id: string;
  readonly State: string;
  readonly StartedAt: number;
  readonly Pid: number;
}

/** What each boot adds to the logs, and what each orderly end does. */
const bootLines = { web: ['ran', 'b', 'start'], busy: ['start'] };
const stopLines = { web: ['stop'], busy: ['stop'] };

const lacking = whyNoMachine();

describe('on a booted systemd', { skip: lacking ?? false }, () => {
  const cleaning = cleanUps();
  let on: Machine;
  before(async () => {
    on = await machine(cleaning);
    await makeImage();
    await writeFiles(source(), manifests);
  });

  const source = (): string => join(on.root, 'etc/podstead/manifests');
  const units = (): string => join(on.root, 'etc/systemd/system');

  async function makeImage(): Promise<void> {
    const script = [
      'cd "$(mktemp -d)" && mkdir bin etc tmp && cp /bin/busybox bin/',
      'for a in $(busybox --list); do ln -s busybox bin/$a 2>/dev/null; done',
      "tar -c . | podman import --quiet --change 'ENV PATH=/bin' - localhost/bb:1",
    ];
    await on.must('sh', '-c', script.join('\n'));
  }

  /** Every container by name, the pods' infra containers as `infra:POD`. */
  async function containers(): Promise<Record<string, Seen>> {
    const all = JSON.parse(await on.must('podman', 'ps', '-a', '--pod', '--format', 'json')) as readonly (Listed &
      Seen)[];
    return Object.fromEntries(
      all.map(each => {
        const { Id, State, StartedAt, Pid } = each;
        return [each.IsInfra ? `infra:${each.PodName}` : (each.Names[0] ?? ''), { Id, State, StartedAt, Pid }];
      }),
    );
  }
  const idsOf = (all: Record<string, Seen>): Record<string, string> =>
    Object.fromEntries(Object.entries(all).map(([name, { Id }]) => [name, Id]));
  const runningOf = (all: Record<string, Seen>): readonly string[] =>
    Object.keys(all)
      .filter(name => all[name]?.State === 'running' && !name.startsWith('infra:'))
      .toSorted();

  /** What each pod wrote since it was asked last. */
  async function logged(): Promise<Record<string, readonly string[]>> {
    const directory = join(on.root, 'srv/log');
    const found: Record<string, readonly string[]> = {};
    for (const name of (await readdir(directory)).toSorted()) {
      found[name] = (await readFile(join(directory, name), 'utf8')).trim().split('\n');
      await rm(join(directory, name));
    }
    return found;
  }

  /** Engine events of this boot that make, fetch or remove anything. */
  async function made(): Promise<readonly string[]> {
    const filters = ['create', 'pull', 'remove'].flatMap(event => ['--filter', `event=${event}`]);
    const since = (await on.must('uptime', '--since')).trim();
    const args = ['--since', since, '--stream=false', '--format', '{{.Type}} {{.Status}} {{.Name}}'];
    return (await on.must('podman', 'events', ...args, ...filters)).split('\n').filter(line => line !== '');
  }

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
      assert.deepEqual(await logged(), { ...bootLines, done: ['ran'], never: ['ran'] });
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
      await copyFile(resolve(import.meta.dirname, '../../systemd/podstead.service'), join(units(), agent));
      // So that the watchdog and a restart show within the test's time.
      await mkdir(join(units(), `${agent}.d`));
      await writeFile(join(units(), `${agent}.d/quick.conf`), '[Service]\nWatchdogSec=3\nRestartSec=100ms\n');
      await on.systemctl('daemon-reload');
      await on.systemctl('enable', agent);
      await on.systemctl('start', agent);
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
  });
});
