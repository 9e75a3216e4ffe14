import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { connectPodman } from '../../src/podman/engine.ts';
import type { ListedImage } from '../../src/podman/image-store.ts';
import { assertSchema } from '../cli/schemas.ts';
import { type Registry, registry } from './host.ts';
import { scratch } from './oci-layout.ts';
import { cleanUps, eventually, type Host, host, writeFiles } from './podstead.ts';

interface Pruned {
  readonly images: readonly {
    readonly id: string;
    readonly names: readonly string[];
    readonly result: string;
    readonly why: string;
  }[];
}

describe('podstead image prune takes what came by it and nothing needs, and nothing else', () => {
  const cleaning = cleanUps();
  let on: Host;
  let server: Registry;
  const podman = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.engine.podman(...args);
    assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const name = (image: string): string => `${server.host}/team/${image}`;
  const apply = async (image: string, more = ''): Promise<void> => {
    await on.write({
      'web.yaml': `apiVersion: v1\nkind: Pod\nmetadata: { name: web${more} }\nspec:\n  terminationGracePeriodSeconds: 0\n  containers: [{ name: main, image: '${name(image)}' }]\n`,
    });
    const { code, stderr } = await on.podstead('apply', on.source);
    assert.equal(code, 0, stderr);
  };
  /** `RESULT WHY` by the first name. */
  const prune = async (...args: readonly string[]): Promise<Readonly<Record<string, string>>> => {
    const { code, stdout, stderr } = await on.podstead('image', 'prune', '-o', 'json', ...args);
    assert.equal(code, 0, stderr);
    assertSchema('image-prune', JSON.parse(stdout));
    const { images } = JSON.parse(stdout) as Pruned;
    // That of sandboxes is the engine's own.
    const others = images.filter(({ names }) => names[0]?.startsWith('localhost/podman-pause') !== true);
    return Object.fromEntries(
      others.map(({ names, result, why }) => [names[0]?.replace(`${server.host}/team/`, ''), `${result}: ${why}`]),
    );
  };
  const has = async (image: string): Promise<boolean> =>
    (await on.engine.podman('image', 'exists', name(image))).code === 0;

  before(async () => {
    on = await host(cleaning);
    server = await registry(cleaning);
    const dir = await scratch(cleaning);
    for (const image of ['web:1', 'web:2', 'web:3', 'tool:1']) {
      await writeFiles(dir, { Containerfile: 'FROM localhost/bb:1\nCOPY motd /\n', motd: image });
      await podman('build', '-q', '-t', name(image), dir);
      await podman('push', '--tls-verify=false', name(image));
    }
    await podman('push', '--tls-verify=false', name('web:1'), name('again:1'));
    for (const image of ['web:1', 'web:2', 'web:3', 'tool:1']) await podman('rmi', name(image));
    await podman('pull', '-q', '--tls-verify=false', name('tool:1'));
    // Asked for anew, it is the one that was there: it came by other hands.
    await on.write({
      'tool.yaml': `apiVersion: v1\nkind: Pod\nmetadata: { name: tool }\nspec:\n  terminationGracePeriodSeconds: 0\n  containers: [{ name: main, image: '${name('tool:1')}', imagePullPolicy: Always }]\n`,
    });
    const pulled = await on.podstead('apply', on.source);
    assert.match(pulled.stderr, /Pulled .*team\/tool:1/);
    assert.equal((await on.podstead('down', on.source)).code, 0);
    await rm(join(on.source, 'tool.yaml'));
    for (const image of ['again:1', 'web:1', 'web:2', 'web:3']) await apply(image);
  });

  test('what was used not long ago stays, and --dry-run takes nothing', async () => {
    assert.match((await prune())['again:1'] ?? '', /^kept: used not long ago$/);
    assert.match((await prune('--keep-age', '0s', '--dry-run'))['again:1'] ?? '', /^would go: nothing needs it$/);
    assert.match((await prune('--keep-age', '0s', '--keep', '1'))['again:1'] ?? '', /^kept: among the 1/);
    assert.match((await prune('--keep-age', '0s', '--free', '1k'))['again:1'] ?? '', /^kept: there is space enough$/);
    assert.ok(await has('web:1'));
  });

  test('a container of somebody, a name by hand, a pin: each keeps it', async () => {
    await podman('create', '--name', 'theirs', name('web:1'));
    assert.match((await prune('--keep-age', '0s'))['again:1'] ?? '', /^kept: container theirs has it$/);
    await podman('rm', 'theirs');
    await podman('tag', name('web:1'), 'localhost/mine:1');
    assert.match((await prune('--keep-age', '0s'))['again:1'] ?? '', /^kept: somebody named it localhost\/mine:1$/);
    await podman('untag', 'localhost/mine:1', 'localhost/mine:1');
    await apply('web:3', `, annotations: { podstead.dev/keep-images: '${name('web:1')}' }`);
    assert.match((await prune('--keep-age', '0s'))['again:1'] ?? '', /^kept: Pod\/default\/web pins it$/);
    await apply('web:3');
    assert.ok(await has('web:1'));
  });

  test('then it goes, by all of its names; what runs, ran before, or is somebody else’s stays', async () => {
    const { stdout: before } = await on.engine.podman('ps', '-aq', '--no-trunc');
    assert.deepEqual(await prune('--keep-age', '0s', '--free', '1000T'), {
      'again:1': 'removed: nothing needs it, and space is short',
      'web:2': 'kept: Pod/default/web ran it before its last change',
      'web:3': 'kept: container web-main has it',
      'tool:1': 'kept: it did not come by Podstead',
      'localhost/bb:1': 'kept: it did not come by Podstead',
    });
    assert.deepEqual([await has('again:1'), await has('web:1'), await has('web:2')], [false, false, true]);
    assert.equal((await on.engine.podman('ps', '-aq', '--no-trunc')).stdout, before);
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('a person reads what stays and why', async () => {
    const { stdout, stderr } = await on.podstead('image', 'prune', '--keep-age', '0s');
    assert.match(stdout, /^IMAGE +ID +SIZE +RESULT +WHY$/m);
    assert.match(stdout, /team\/web:2 +[0-9a-f]{12} +\S+ \S+ +kept +Pod\/default\/web ran it before its last change/);
    assert.match(stderr, /0 removed, \d kept/);
  });

  test('one that a container took after it was judged stays, with its names', async () => {
    await podman('pull', '-q', '--tls-verify=false', name('web:1'));
    await podman('tag', name('web:1'), 'localhost/second:1');
    await podman('create', '--name', 'late', name('web:1'));
    const { signal } = new AbortController();
    const engine = await connectPodman({ socket: on.engine.socket, owner: 'podstead', stateDir: on.state, signal });
    const images = async (): Promise<readonly ListedImage[]> =>
      (await engine.listImages({ signal })).filter(image => image.names.includes('localhost/second:1'));
    const [before] = await images();
    assert.ok(before !== undefined);
    assert.equal(await engine.removeImage(before, { signal }), false);
    assert.deepEqual(await images(), [before]);
    await podman('rm', 'late');
    assert.equal(await engine.removeImage(before, { signal }), true);
    assert.deepEqual(await images(), []);
    await engine.close();
  });

  test('of images that are built here, the one before the last stays too', async () => {
    const built = async (words: string): Promise<string> => {
      await on.write({
        'made.yaml':
          'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: made }\nspec:\n  selector: { matchLabels: { app: made } }\n  template:\n    metadata: { labels: { app: made } }\n    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: localhost/site:1 }] }\n',
        'site/Containerfile': 'FROM localhost/bb:1\nCOPY words /\n',
        'site/words': words,
      });
      const { code, stderr } = await on.podstead('apply', on.source, '--prune');
      assert.equal(code, 0, stderr);
      return podman('image', 'inspect', '--format', '{{.Id}}', 'localhost/site:1');
    };
    const ids = [await built('one'), await built('two'), await built('three')];
    const { stdout } = await on.podstead('image', 'prune', '--keep-age', '0s', '-o', 'json');
    const { images } = JSON.parse(stdout) as Pruned;
    assert.deepEqual(
      ids.map(id => images.find(image => image.id === id)?.result),
      ['removed', 'kept', 'kept'],
      stdout,
    );
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('what was built by hand stays while it has a name or is used; one whose name went to a later build goes', async () => {
    const dir = await scratch(cleaning);
    const built = async (words: string): Promise<string> => {
      await writeFiles(dir, { Containerfile: 'FROM localhost/bb:1\nCOPY words /\n', words });
      const { code, stdout, stderr } = await on.podstead('build', '-t', 'localhost/hand:1', dir);
      assert.equal(code, 0, stderr);
      return stdout.trim();
    };
    const ids = [await built('first by hand'), await built('second by hand'), await built('third by hand')];
    const [, second] = ids;
    await podman('create', '--name', 'holds-hand', second ?? '');
    const results = async (...args: readonly string[]): Promise<readonly (string | undefined)[]> => {
      const { stdout } = await on.podstead('image', 'prune', '-o', 'json', ...args);
      const { images } = JSON.parse(stdout) as Pruned;
      return ids.map(id => images.find(image => image.id === id)).map(row => row && `${row.result}: ${row.why}`);
    };
    const held = 'kept: container holds-hand has it';
    const named = 'kept: somebody named it localhost/hand:1';
    assert.deepEqual(await results(), ['kept: used not long ago', held, named]);
    assert.deepEqual(await results('--keep-age', '0s'), ['removed: nothing needs it', held, named]);
    await podman('rm', 'holds-hand');
    assert.deepEqual(await results('--keep-age', '0s'), [undefined, 'removed: nothing needs it', named]);
    await podman('rmi', 'localhost/hand:1');
  });

  test('an agent removes them by its own policy, and says so', async () => {
    await rm(join(on.source, 'made.yaml'), { force: true });
    for (const image of ['web:1', 'web:2', 'web:3']) await apply(image);
    assert.ok(await has('web:1'));
    const agent = await on.start('--prune-images', '0s');
    await agent.says(/"image":"[^"]*team\/web:1".*nothing needs it.*removed an image/);
    await eventually(
      'it is gone',
      () => has('web:1'),
      found => !found,
    );
    assert.equal(await has('web:2'), true);
    assert.equal(await agent.stop(), 0);
    const once = await on.podstead('run', on.source, '--once', '--prune-images', '0s');
    assert.equal(once.code, 1);
    assert.match(once.stderr, /Cannot remove images in a single pass/);
  });
});
