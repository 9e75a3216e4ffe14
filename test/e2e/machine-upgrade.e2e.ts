import assert from 'node:assert/strict';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Machine, machine } from '../machine/machine.ts';
import { debian12, debian13, whyNoMachine } from '../machine/machine-root.ts';
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
import { run } from './host.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const directory = 'etc/podstead/manifests';
const web = (command: string): string =>
  podText('web', {
    inits: [once('web'), seed('web')],
    command,
    claim: 'data',
    more: '      ports: [{ containerPort: 80, hostPort: 8080 }]\n',
  });
const manifests: Readonly<Record<string, string>> = {
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': web(main('web')),
  'busy.yaml': podText('busy', { command: main('busy'), policy: 'OnFailure' }),
  'done.yaml': podText('done', { command: once('done'), policy: 'OnFailure' }),
};

/** What stays on the disk of a host whose Debian is upgraded, and is not of a package. */
const kept = ['var/lib/containers', 'var/lib/podstead', 'etc/containers/networks', 'etc/podstead', 'srv'];
const units = ['etc/systemd/system', 'etc/systemd/system/multi-user.target.wants'];

async function bringAlong(from: string, to: string): Promise<void> {
  for (const path of kept) {
    await rm(join(to, path), { recursive: true, force: true });
    await mkdir(dirname(join(to, path)), { recursive: true });
    const copied = await run('cp', ['--archive', join(from, path), join(to, path)]);
    assert.equal(copied.code, 0, copied.stderr);
  }
  for (const path of units)
    for (const name of (await readdir(join(from, path))).filter(each => each.startsWith('podstead')))
      await cp(join(from, path, name), join(to, path, name), { verbatimSymlinks: true });
}

const lacking = whyNoMachine();

describe(`a host whose ${debian12.title} becomes ${debian13.title}`, { skip: lacking ?? false }, () => {
  const cleaning = cleanUps();
  let on: Machine;
  let before43: Record<string, string>;
  const show = async (unit: string, property: string): Promise<string> =>
    (await on.systemctl('show', '--value', `--property=${property}`, unit)).trim();
  const settled = (): Promise<string> =>
    eventually(
      'the agent says that all is as declared',
      () => show('podstead.service', 'StatusText'),
      text => text === 'All as declared',
    );
  const logged = (): Promise<Record<string, readonly string[]>> => takeLogs(join(on.root, 'srv/log'));

  before(async () => {
    on = await machine(cleaning, debian12);
    await makeImage(on.must);
    await writeFiles(join(on.root, directory), manifests);
    await on.must('podstead', 'install');
    await settled();
    before43 = idsOf(await containersOf(on.must));
    await on.shutDown();
    assert.deepEqual(await logged(), {
      busy: ['start', 'stop'],
      done: ['ran'],
      web: ['ran', 'seeded', 'start', 'stop'],
    });
    const old = on.root;
    on = await machine(cleaning, debian13, root => bringAlong(old, root));
  });

  test('the units have started the same containers, with their volumes; nothing is made, fetched or removed', async () => {
    assert.match(await on.must('podman', '--version'), /version 5\./);
    // Podman 5.4 goes on with the database that it finds; a new store would get SQLite.
    assert.equal((await on.must('podman', 'info', '--format', '{{.Host.DatabaseBackend}}')).trim(), 'boltdb');
    await settled();
    const after = await containersOf(on.must);
    assert.deepEqual(idsOf(after), before43);
    assert.deepEqual(runningOf(after), ['busy-main', 'web-main']);
    assert.deepEqual(await logged(), { busy: ['start'], web: ['ran', 'start'] });
    assert.deepEqual(await madeThisBoot(on.must), []);
    assert.equal(await on.systemctl('list-units', '--failed', '--plain', '--no-legend', 'podstead*'), '');
  });

  test('the agent has nothing to do, and a new install of it changes nothing', async () => {
    const before = await containersOf(on.must);
    await on.must('podstead', 'plan', `/${directory}`);
    await on.systemctl('reload', 'podstead.service');
    await on.must('podstead', 'install');
    await settled();
    assert.deepEqual(await containersOf(on.must), before);
    assert.deepEqual(await logged(), {});
  });

  test('an edit replaces the one container that it changes, in the pod of the old engine', async () => {
    const before = await containersOf(on.must);
    await writeFiles(join(on.root, directory), { 'web.yaml': web(main('web').replace('sleep 0.2', 'sleep 0.3')) });
    await eventually(
      'the container is another',
      async () => (await containersOf(on.must))['web-main']?.Id,
      id => id !== undefined && id !== before['web-main']?.Id,
    );
    await settled();
    const after = await containersOf(on.must);
    assert.deepEqual(after['infra:web'], before['infra:web']);
    assert.deepEqual(after['busy-main'], before['busy-main']);
    assert.deepEqual(runningOf(after), ['busy-main', 'web-main']);
    await on.reboot();
    await settled();
    assert.deepEqual(idsOf(await containersOf(on.must)), idsOf(after));
    await on.must('podstead', 'plan', `/${directory}`);
  });

  test('down removes all of it', async () => {
    await on.must('podstead', 'uninstall');
    await on.must('podstead', 'down', '--all', '--volumes', 'data');
    assert.deepEqual(await containersOf(on.must), {});
    assert.equal(await on.must('podman', 'volume', 'ls', '--quiet'), '');
  });
});
