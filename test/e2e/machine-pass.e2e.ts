import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Machine, machine } from '../machine/machine.ts';
import { debian12, whyNoMachine } from '../machine/machine-root.ts';
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
  takeLogs,
} from '../machine/pods.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const lacking = whyNoMachine();
const manifests: Readonly<Record<string, string>> = {
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': podText('web', { inits: [once('web')], command: main('web') }),
  'never.yaml': podText('never', { command: once('never'), policy: 'Never' }),
};

describe('passes without an agent, on a booted Debian 12', { skip: lacking ?? false }, () => {
  const cleaning = cleanUps();
  let on: Machine;
  before(async () => {
    on = await machine(cleaning, debian12);
    await makeImage(on.must);
    await writeFiles(source(), manifests);
  });

  const source = (): string => join(on.root, 'etc/podstead/manifests');
  const containers = (): Promise<Record<string, Seen>> => containersOf(on.must);
  const logged = (): Promise<Record<string, readonly string[]>> => takeLogs(join(on.root, 'srv/log'));
  const show = async (unit: string, property: string): Promise<string> =>
    (await on.systemctl('show', '--value', `--property=${property}`, unit)).trim();
  const service = 'podstead-pass.service';

  /** No pass is under way, and nothing of ours is in memory. */
  const atRest = async (): Promise<void> => {
    await eventually(
      'no pass is under way',
      () => show(service, 'ActiveState'),
      state => state === 'inactive',
    );
    await eventually(
      'systemd watches again',
      () => show('podstead-pass.path', 'SubState'),
      state => state === 'waiting',
    );
  };
  const runs = (...names: readonly string[]): Promise<readonly string[]> =>
    eventually(
      `there run ${names}`,
      async () => runningOf(await containers()),
      found => found.join() === names.join(),
    );
  /** Until another run of a container than that one has begun. */
  const runsAgain = (name: string, old: Seen | undefined): Promise<Record<string, Seen>> =>
    eventually('it runs again', containers, all => all[name]?.State === 'running' && all[name]?.Pid !== old?.Pid);

  const inMemory = async (): Promise<string> => (await on.run('pgrep', '--exact', 'node|podstead|podman')).stdout;

  test('what is declared runs, and then nothing of podstead is in memory', async () => {
    await on.must('podstead', 'install', '--no-resident');
    await runs('web-main');
    await eventually(
      'its unit is started',
      () => show('podstead-pod-web.service', 'ActiveState'),
      state => state === 'active',
    );
    await atRest();
    assert.equal(await show(service, 'Result'), 'success');
    await eventually('nothing of it is in memory', inMemory, pids => pids === '');
    assert.deepEqual(await logged(), { never: ['ran'], web: ['ran', 'start'] });
  });

  test('a container that ends is started again at once, and after its back-off the next time', async () => {
    // So that nothing but the end itself starts a pass.
    await on.systemctl('stop', 'podstead-pass.timer');
    const first = await containers();
    await on.must('podman', 'kill', 'web-main');
    const second = await runsAgain('web-main', first['web-main']);
    await atRest();
    await on.must('podman', 'kill', 'web-main');
    await eventually(
      'systemd has a timer for when it is due',
      () => show('podstead-pass-due.timer', 'ActiveState'),
      state => state === 'active',
    );
    const third = await runsAgain('web-main', second['web-main']);
    assert.deepEqual(idsOf(third), idsOf(first));
    const [killed, started] = await Promise.all(['died', 'start'].map(lastOf));
    // Ten seconds from its end, of which the engine tells a moment later.
    assert.ok((started ?? 0) - (killed ?? 0) > 9, `restarted ${(started ?? 0) - (killed ?? 0)} s after its end`);
    await atRest();
    assert.deepEqual(await logged(), { web: ['start', 'start'] });
  });

  /** When such an event was seen of web-main last, in seconds. */
  async function lastOf(event: string): Promise<number> {
    const filters = ['--filter', `event=${event}`, '--filter', 'container=web-main'];
    const text = await on.must('podman', 'events', '--stream=false', '--since', '10m', '--format', 'json', ...filters);
    const times = [...text.matchAll(/"[Tt]ime":\s*"?([^",}]+)/g)].map(
      ([, at = '']) => Date.parse(at) / 1000 || Number(at),
    );
    return Math.max(...times);
  }

  test('an edit is followed, and what is gone is removed', async () => {
    await writeFiles(source(), { 'new.yaml': podText('new', { command: main('new') }) });
    await runs('new-main', 'web-main');
    await atRest();
    await rm(join(source(), 'new.yaml'));
    await eventually(
      'it is gone',
      async () => Object.keys(await containers()),
      names => !names.includes('new-main'),
    );
    await atRest();
    assert.deepEqual(await logged(), { new: ['start', 'stop'] });
  });

  test('an edit in the last moment of a pass, when systemd watches nothing, is followed soon all the same', async () => {
    const dropIn = join(on.root, 'etc/systemd/system', `${service}.d/slow.conf`);
    await mkdir(join(dropIn, '..'), { recursive: true });
    // Once, after the program has ended; the service is still under way then.
    const wait =
      "/bin/sh -c 'test -e /srv/edited || { touch /srv/ending; until test -e /srv/edited; do sleep 0.1; done; }'";
    await writeFile(dropIn, `[Service]\nExecStartPost=${wait}\n`);
    await on.systemctl('daemon-reload');
    await writeFiles(source(), { 'first.yaml': podText('first', { command: main('first') }) });
    await eventually(
      'the pass is ending',
      async () => (await on.run('test', '-e', '/srv/ending')).code,
      code => code === 0,
    );
    await writeFiles(source(), { 'second.yaml': podText('second', { command: main('second') }) });
    await writeFile(join(on.root, 'srv/edited'), '');
    await runs('first-main', 'second-main', 'web-main');
    await Promise.all(['first.yaml', 'second.yaml'].map(name => rm(join(source(), name))));
    await runs('web-main');
    await rm(join(dropIn, '..'), { recursive: true });
    await on.systemctl('daemon-reload');
    await atRest();
    assert.deepEqual(await logged(), { first: ['start', 'stop'], second: ['start', 'stop'] });
    await on.systemctl('start', 'podstead-pass.timer');
  });

  test('whoever connects to its socket has a pass to its end, and hears of a failure', async () => {
    await on.systemctl('stop', 'podstead-pass.timer', 'podstead-pass.path');
    const ask = (path = '/run/podstead-pass.sock'): Promise<string> =>
      on.must('node', '--eval', `net.connect(${JSON.stringify(path)}).pipe(process.stdout)`);
    assert.equal(await on.must('stat', '--format', '%U %a', '/run/podstead-pass.sock'), 'root 600\n');
    await writeFiles(source(), { 'asked.yaml': podText('asked', { command: main('asked') }) });
    assert.equal(await ask(), '');
    assert.deepEqual(runningOf(await containers()), ['asked-main', 'web-main']);
    // A pass that is under way has looked already: each of these has one after its own edit.
    await rm(join(source(), 'asked.yaml'));
    const first = ask();
    await writeFiles(source(), { 'later.yaml': podText('later', { command: main('later') }) });
    assert.deepEqual(await Promise.all([first, ask()]), ['', '']);
    assert.deepEqual(runningOf(await containers()), ['later-main', 'web-main']);
    await writeFiles(source(), { 'later.yaml': 'kind: Pod\n' });
    assert.match(await ask(), /^Job for podstead-pass.service failed/);
    assert.deepEqual(runningOf(await containers()), ['later-main', 'web-main']);
    await rm(join(source(), 'later.yaml'));
    await ask();
    await on.systemctl('start', 'podstead-pass.timer', 'podstead-pass.path');
    await runs('web-main');
    await atRest();
    assert.deepEqual(await logged(), { asked: ['start', 'stop'], later: ['start', 'stop'] });
  });

  for (const { name, go, said } of [
    { name: 'a reboot', go: () => on.reboot(), said: ['stop'] },
    { name: 'a power cut', go: () => on.cutPower(), said: [] },
  ]) {
    test(`after ${name} the units have started the pods, and a pass finds nothing to do`, async () => {
      const before = idsOf(await containers());
      await go();
      await runs('web-main');
      await atRest();
      assert.deepEqual(idsOf(await containers()), before);
      assert.deepEqual(await logged(), { web: [...said, 'ran', 'start'] });
      assert.deepEqual(await madeThisBoot(on.must), []);
      const types = ['path', 'timer', 'socket'];
      const states = await Promise.all(types.map(type => show(`podstead-pass.${type}`, 'ActiveState')));
      assert.deepEqual(states, ['active', 'active', 'active']);
    });
  }

  test('install takes passes away for the agent, and back, and no container notices', async () => {
    const before = await containers();
    await on.must('podstead', 'install');
    assert.equal(await show('podstead-pass.timer', 'LoadState'), 'not-found');
    assert.equal(await show('podstead.service', 'ActiveState'), 'active');
    assert.notEqual(await inMemory(), '');
    await on.must('podstead', 'install', '--no-resident');
    assert.equal(await show('podstead.service', 'LoadState'), 'not-found');
    await atRest();
    await on.must('podstead', 'uninstall');
    const own = ['@any.service', '.path', '.timer', '.socket'].map(end => `podstead-pass${end}`);
    for (const unit of ['podstead.service', service, ...own])
      assert.equal(await show(unit, 'LoadState'), 'not-found', unit);
    assert.deepEqual(await containers(), before);
    assert.deepEqual(await logged(), {});
  });
});
