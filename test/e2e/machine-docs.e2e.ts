import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { blocksOf, runBlock, type Shell } from '../docs/blocks.ts';
import { type Machine, machine } from '../machine/machine.ts';
import { debian12, debian13, whyNoMachine } from '../machine/machine-root.ts';
import { withNpm } from '../machine/npm.ts';
import { containersOf, idsOf, main, makeImage, once, podText, runningOf, seed, takeLogs } from '../machine/pods.ts';
import { cleanUps, eventually, writeFiles } from './podstead.ts';

const page = 'docs/operations.md';
/** Where the page's commands are typed. */
const checkout = '/root/podstead';
const manifests: Readonly<Record<string, string>> = {
  'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n',
  'web.yaml': podText('web', { inits: [once('web'), seed('web')], command: main('web'), claim: 'data' }),
};
/** What a person copies to the new host. */
const isCarried = (name: string): boolean => name.endsWith('.tar') || name.endsWith('.tgz');
const lacking = whyNoMachine();

describe(`${page}, walked from top to bottom, and from Debian 12 to 13`, { skip: lacking ?? false }, () => {
  const cleaning = cleanUps();
  let on: Machine;
  const walked = new Set<string>();
  const blocks = blocksOf(page);

  const shells: Readonly<Record<string, Shell>> = {
    machine: line => typed(['sh', '-c'], `cd ${checkout} && export HOME=/root && { ${line}\n}`),
    second: line => typed(['sh', '-c'], `cd ${checkout} && export HOME=/root && { ${line}\n}`),
    user: line => {
      const as = ['runuser', '--user=someone', '--', 'env', 'HOME=/home/someone', 'XDG_RUNTIME_DIR=/run/user/1000'];
      return typed([...as, 'sh', '-c'], `cd && { ${line}\n}`);
    },
  };
  async function typed(words: readonly string[], script: string): Promise<{ text: string; code: number }> {
    return { text: await on.must(...words, `${script} 2>&1`), code: 0 };
  }
  async function walk(section: string): Promise<void> {
    const found = blocks.filter(block => block.section === section);
    assert.ok(found.length > 0, `the page has "${section}"`);
    walked.add(section);
    for (const block of found.filter(({ where }) => where === host || where === 'user')) {
      const shell = shells[block.where];
      if (shell === undefined) throw new Error(`Nobody knows where to run "${block.name}"`);
      await runBlock(block, shell);
    }
  }
  let host = 'machine';

  const settled = (): Promise<string> =>
    eventually(
      'the agent says that all is as declared',
      async () => (await on.systemctl('show', '--value', '--property=StatusText', 'podstead.service')).trim(),
      text => text === 'All as declared',
    );
  const logged = (): Promise<Record<string, readonly string[]>> => takeLogs(join(on.root, 'srv/log'));
  const volumeMode = async (): Promise<string> => {
    const mountpoint = (await on.must('podman', 'volume', 'inspect', '--format', '{{.Mountpoint}}', 'data')).trim();
    return (await on.must('stat', '--format=%a %u:%g', mountpoint, join(mountpoint, 'seed'))).trim();
  };

  before(async () => {
    on = await machine(cleaning, debian12, root => withNpm(root, checkout));
    await makeImage(on.must);
    await writeFiles(join(on.root, 'etc/podstead/manifests'), manifests);
  });

  test('Installing: the package of a checkout puts the program on the PATH', async () => {
    await walk('Installing');
    assert.match(await on.must('podstead', '--version'), /^\d+\.\d+\.\d+/);
  });

  test('The agent under systemd: it keeps the host', async () => {
    await walk('The agent under systemd');
    await settled();
    assert.deepEqual(await logged(), { web: ['ran', 'seeded', 'start'] });
    await shells.user?.('podstead uninstall --user');
  });

  for (const section of ['Pods at boot', 'Health of the host', 'Upgrade'])
    test(`${section}: no container notices`, async () => {
      const before = await containersOf(on.must);
      await walk(section);
      await settled();
      assert.deepEqual(await containersOf(on.must), before);
      assert.deepEqual(await logged(), {});
    });

  test('Backup: the pod goes on with what it had', async () => {
    const before = idsOf(await containersOf(on.must));
    await walk('Backup');
    await settled();
    assert.deepEqual(idsOf(await containersOf(on.must)), before);
    assert.deepEqual(await logged(), { web: ['stop', 'ran', 'start'] });
    assert.match(await on.must('tar', '-tf', join(checkout, 'data.tar')), /^(\.\/)?seed$/m);
  });

  test('Moving to another host: the pod runs there with its data', async () => {
    await walk('Moving to another host');
    assert.deepEqual(await logged(), { web: ['stop'] });
    const mode = await volumeMode();
    await on.shutDown();
    const old = join(on.root, checkout);
    on = await machine(cleaning, debian13, async root => {
      await withNpm(root, checkout);
      await mkdir(join(root, checkout), { recursive: true });
      for (const name of (await readdir(old)).filter(isCarried))
        await copyFile(join(old, name), join(root, checkout, name));
    });
    host = 'second';
    await walk('Moving to another host');
    await settled();
    assert.deepEqual(runningOf(await containersOf(on.must)), ['web-main']);
    assert.deepEqual(await logged(), { web: ['ran', 'start'] });
    assert.equal(await volumeMode(), mode);
  });

  test('Removal: nothing is left', async () => {
    await walk('Removal');
    assert.deepEqual(await containersOf(on.must), {});
    assert.equal(await on.must('podman', 'volume', 'ls', '--quiet'), '');
    const ours = ['-name', '*podstead*', '-not', '-path', '/root/*', '-print'];
    assert.equal(await on.must('find', '/', '-xdev', '-path', '/proc', '-prune', '-o', ...ours), '');
    assert.equal(await on.must('find', '/run', '-name', '*podstead*', '-not', '-path', '/run/log/*'), '');
  });

  test('no section with commands was left out', () => {
    assert.deepEqual([...walked].toSorted(), [...new Set(blocks.map(({ section }) => section))].toSorted());
  });
});
