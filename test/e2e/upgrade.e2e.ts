import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { everyField } from './every-field.ts';
import { type After, freePort, type Ran, run } from './host.ts';
import { cleanUps, type Host, host, listed, startAgent } from './podstead.ts';

const root = resolve(import.meta.dirname, '../..');

/** When each container was started, infra containers too, by id. */
async function lives(on: Host): Promise<readonly string[]> {
  const ids = [...(await listed(on.engine, true)).values()].map(({ Id }) => Id);
  const { stdout } = await on.engine.podman('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...ids);
  return stdout.trim().split('\n').sort();
}

/** What the last release kept as a text, without following it: following it now is a change, which touches nothing. */
const later = /^ *podstead\.dev\/after: .*\n/gm;

/** Pods with every field, in the manifests' directory of the host; without some where they are left out. */
async function declare(on: Host, without?: RegExp): Promise<void> {
  const directory = join(on.source, '..', 'volumes');
  for (const part of ['inner', 'front']) await mkdir(join(directory, 'host', part), { recursive: true });
  const text = everyField({ directory, port: await freePort() });
  await on.write({ 'every-field.yaml': without === undefined ? text : text.replaceAll(without, '') });
}

/** The commit of the last release: its tag, else the one that recorded its state; undefined where history is not there. */
async function commitBefore(): Promise<string | undefined> {
  if (process.env.PODSTEAD_BEFORE) return process.env.PODSTEAD_BEFORE;
  const tag = await run('git', ['-C', root, 'describe', '--tags', '--abbrev=0', '--match', 'v*']);
  if (tag.code === 0) return tag.stdout.trim();
  const recorded = await run('git', ['-C', root, 'log', '-1', '--format=%H', '--', 'test/recorded/*.json']);
  return recorded.stdout.trim() || undefined;
}

/** Builds the program of a commit in a directory of its own; undefined where its files cannot be had. */
async function programOf(t: After, commit: string): Promise<string | undefined> {
  const dir = await mkdtemp(join(tmpdir(), 'pdu-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const archive = join(dir, 'all.tar');
  const got = await run('git', ['-C', root, 'archive', '--output', archive, commit]);
  if (got.code !== 0) return undefined;
  assert.equal((await run('tar', ['-xf', archive, '-C', dir])).code, 0);
  await symlink(join(root, 'node_modules'), join(dir, 'node_modules'));
  const built = await run('node', [join(dir, 'scripts/build.mjs')], {}, 600_000);
  assert.equal(built.code, 0, built.stderr);
  return join(dir, 'dist/podstead.cjs');
}

describe('from version to version', () => {
  const cleaning = cleanUps();

  test('a later format is refused by every command, and nothing is touched', async () => {
    const on = await host(cleaning);
    await declare(on);
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    const before = await lives(on);
    const pods = join(on.state, 'podstead', 'pods');
    const [name = ''] = (await readdir(pods)).sort();
    const text = (await readFile(join(pods, name), 'utf8')).replace('"version": 1', '"version": 2');
    await writeFile(join(pods, name), text);
    const commands = [
      ...[
        ['apply', on.source],
        ['apply', on.source, '--prune'],
        ['plan', on.source],
        ['diff', on.source],
      ],
      ...[['status'], ['why', 'front'], ['generate', 'kube'], ['down', on.source], ['down', '--all'], ['doctor']],
    ];
    for (const command of commands) {
      const { code, stdout, stderr } = await on.podstead(...command);
      assert.notEqual(code, 0, command.join(' '));
      assert.match(
        stdout + stderr,
        /of format 2, and this version of Podstead knows formats up to 1/,
        command.join(' '),
      );
    }
    await rm(join(on.source, 'every-field.yaml'));
    const agent = await on.start('--allow-empty');
    await agent.says(/STATE_NEWER/);
    await agent.says(/STATE_NEWER.*STATE_NEWER/s);
    assert.equal(await agent.stop(), 0);
    assert.deepEqual(await lives(on), before);
    assert.equal(await readFile(join(pods, name), 'utf8'), text);
  });

  test('what the program of the last release made is kept as it runs, and so back again', async t => {
    const commit = await commitBefore();
    const old = commit && (await programOf(cleaning, commit));
    if (!old) return t.skip('no history: neither a tag nor the commit that recorded the last release is here');
    const on = await host(cleaning);
    const before = (...args: string[]): Promise<Ran> => run('node', [old, ...args], on.env);
    await declare(on, later);
    const applied = await before('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    const made = await lives(on);
    const agent = await startAgent(cleaning, ['run', on.source], on.env, old);
    await agent.says(/all as declared/);
    assert.equal(await agent.stop(), 0);

    const planned = await on.podstead('plan', on.source, '--prune');
    assert.equal(planned.code, 0, planned.stdout + planned.stderr);
    const next = await on.start();
    await next.says(/all as declared/);
    assert.equal(await next.stop(), 0);
    assert.deepEqual(await lives(on), made);

    await on.write({ 'more.yaml': more });
    const added = await on.podstead('apply', on.source);
    assert.equal(added.code, 0, added.stderr);
    const all = await lives(on);
    const back = await before('plan', on.source, '--prune');
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.equal((await before('apply', on.source, '--prune')).code, 0);
    assert.deepEqual(await lives(on), all);
    assert.equal((await before('down', '--all')).code, 0);
    assert.deepEqual([...(await listed(on.engine, true)).keys()], []);
  });
});

const more = `
apiVersion: v1
kind: Pod
metadata: { name: more }
spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: 'localhost/bb:1' }] }
`;
