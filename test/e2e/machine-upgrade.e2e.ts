import assert from 'node:assert/strict';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Keeper, root, someone } from '../machine/keeper.ts';
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

const web = (logs: string, command: string): string =>
  podText('web', {
    logs,
    inits: [once('web'), seed('web')],
    command,
    claim: 'data',
    more: '      ports: [{ containerPort: 80, hostPort: 8080 }]\n',
  });
const manifests = (logs: string): Readonly<Record<string, string>> => ({
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': web(logs, main('web')),
  'busy.yaml': podText('busy', { logs, command: main('busy'), policy: 'OnFailure' }),
  'done.yaml': podText('done', { logs, command: once('done'), policy: 'OnFailure' }),
});

/** Root's, which stand among those of packages. */
const units = ['etc/systemd/system', 'etc/systemd/system/multi-user.target.wants'];

async function bringAlong(kept: readonly string[], from: string, to: string): Promise<void> {
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

for (const keeperOf of [root, someone]) suite(keeperOf);

function suite(keeperOf: (on: () => Machine) => Keeper): void {
  let on: Machine;
  const keeper = keeperOf(() => on);
  const { must, systemctl } = keeper;
  const what = `pods of ${keeper.title} on a host whose ${debian12.title} becomes ${debian13.title}`;
  describe(what, { skip: lacking ?? false }, () => {
    const cleaning = cleanUps();
    let before43: Record<string, string>;
    const settled = (): Promise<string> =>
      eventually(
        'the agent says that all is as declared',
        async () => {
          // Not at once after boot for a user, whose systemd comes up beside the rest.
          const show = ['show', '--value', '--property=StatusText', 'podstead.service'];
          return (await systemctl(...show).catch(() => '')).trim();
        },
        text => text === 'All as declared',
      );
    const logged = (): Promise<Record<string, readonly string[]>> => takeLogs(join(on.root, keeper.logs));
    const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
      await writeFiles(join(on.root, keeper.manifests), files);
    };

    before(async () => {
      on = await machine(cleaning, debian12);
      await makeImage(must);
      await write(manifests(keeper.logs));
      if (keeper.title !== 'root') await on.must('chown', '--recursive', 'someone:', '/home/someone');
      await must('podstead', 'install');
      await settled();
      before43 = idsOf(await containersOf(must));
      await on.shutDown();
      assert.deepEqual(await logged(), {
        busy: ['start', 'stop'],
        done: ['ran'],
        web: ['ran', 'seeded', 'start', 'stop'],
      });
      const old = on.root;
      on = await machine(cleaning, debian13, root => bringAlong(keeper.kept, old, root));
    });

    test('the units have started the same containers, with their volumes; nothing is made, fetched or removed', async () => {
      assert.match(await must('podman', '--version'), /version 5\./);
      await settled();
      // Podman 5.4 goes on with the database that it finds; a new store would get SQLite.
      assert.equal((await must('podman', 'info', '--format', '{{.Host.DatabaseBackend}}')).trim(), 'boltdb');
      const after = await containersOf(must);
      assert.deepEqual(idsOf(after), before43);
      assert.deepEqual(runningOf(after), ['busy-main', 'web-main']);
      assert.deepEqual(await logged(), { busy: ['start'], web: ['ran', 'start'] });
      assert.deepEqual(await madeThisBoot(must), []);
      assert.equal(await systemctl('list-units', '--failed', '--plain', '--no-legend', 'podstead*'), '');
    });

    test('the agent has nothing to do, and a new install of it changes nothing', async () => {
      const before = await containersOf(must);
      await must('podstead', 'plan', keeper.manifests);
      await systemctl('reload', 'podstead.service');
      await must('podstead', 'install');
      await settled();
      assert.deepEqual(await containersOf(must), before);
      assert.deepEqual(await logged(), {});
    });

    test('an edit replaces the one container that it changes, in the pod of the old engine', async () => {
      const before = await containersOf(must);
      await write({ 'web.yaml': web(keeper.logs, main('web').replace('sleep 0.2', 'sleep 0.3')) });
      await eventually(
        'the container is another',
        async () => (await containersOf(must))['web-main']?.Id,
        id => id !== undefined && id !== before['web-main']?.Id,
      );
      await settled();
      const after = await containersOf(must);
      assert.deepEqual(after['infra:web'], before['infra:web']);
      assert.deepEqual(after['busy-main'], before['busy-main']);
      assert.deepEqual(runningOf(after), ['busy-main', 'web-main']);
      await on.reboot();
      await settled();
      assert.deepEqual(idsOf(await containersOf(must)), idsOf(after));
      await must('podstead', 'plan', keeper.manifests);
    });

    test('down removes all of it', async () => {
      await must('podstead', 'uninstall');
      await must('podstead', 'down', '--all', '--volumes', 'data');
      assert.deepEqual(await containersOf(must), {});
      assert.equal(await must('podman', 'volume', 'ls', '--quiet'), '');
    });
  });
}
