import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './host.ts';
import { type Agent, cleanUps, eventually, type Host, host, type Listed, listed, writeFiles } from './podstead.ts';

const pod = (name: string, command = 'sleep 10000', more = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 1
${more}  containers:
    - { name: main, image: 'localhost/bb:1', command: [sh, -c, '${command}'] }
`;

describe('podstead run keeps the host as the directory says', () => {
  const cleaning = cleanUps();
  let on: Host;
  let agent: Agent;
  before(async () => {
    on = await host(cleaning);
    await on.write({ 'a.yaml': pod('a'), 'b.yaml': pod('b'), 'c.yaml': pod('c') });
    agent = await on.start();
    await running('a-main', 'b-main', 'c-main');
  });

  const states = async (): Promise<Record<string, string>> =>
    Object.fromEntries([...(await on.containers())].map(([name, each]) => [name, each.State]));
  async function running(...names: string[]): Promise<void> {
    await eventually(`${names} run`, states, found => names.every(name => found[name] === 'running'));
  }
  async function gone(...names: string[]): Promise<void> {
    await eventually(`${names} are gone`, states, found => names.every(name => found[name] === undefined));
  }
  const of = async (name: string): Promise<Listed | undefined> => (await on.containers()).get(name);

  test('it follows a new file, an atomic rename, an edit and a file in a new folder', async () => {
    await on.write({ 'd.yaml': pod('d') });
    await running('d-main');
    await writeFile(join(on.source, '.e.tmp'), pod('e'));
    await rename(join(on.source, '.e.tmp'), join(on.source, 'e.yaml'));
    await running('e-main');
    const before = await of('d-main');
    await on.write({ 'd.yaml': pod('d', 'echo new; sleep 10000'), 'folder/f.yaml': pod('f') });
    await eventually(
      'd is replaced',
      () => of('d-main'),
      each => each?.State === 'running' && each.Id !== before?.Id,
    );
    await running('f-main');
  });

  test('what leaves the directory is removed, and nothing else is touched', async () => {
    const before = await of('a-main');
    await rm(join(on.source, 'e.yaml'));
    await gone('e-main');
    assert.equal((await of('a-main'))?.Id, before?.Id);
  });

  test('a container removed by hand is back, and a pod too', async () => {
    await on.engine.podman('rm', '-f', '-t', '0', 'a-main');
    await running('a-main');
    await on.engine.podman('pod', 'rm', '-f', '-t', '0', 'b');
    await running('b-main');
  });

  test('a killed container is back at once, and by the back-off the second time, as why tells', async () => {
    const killed = async (): Promise<void> => {
      await on.engine.podman('kill', 'c-main');
    };
    const first = await of('c-main');
    await killed();
    await eventually(
      'c was started again',
      () => of('c-main'),
      each => each?.State === 'running' && each.StartedAt >= (first?.StartedAt ?? 0),
    );
    await killed();
    await eventually(
      'c waits',
      async () => (await on.podstead('why', 'c')).stdout,
      text => /back-off/.test(text),
    );
    assert.equal((await of('c-main'))?.State, 'exited');
    assert.match((await on.podstead('status', 'c')).stdout, /c.*(Waiting|back-off)/i);
  });

  test('a broken manifest holds back itself and all pruning, and nothing else', async () => {
    const before = await of('a-main');
    await on.write({ 'a.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: a\n' });
    await rm(join(on.source, 'd.yaml'));
    await on.write({ 'g.yaml': pod('g') });
    await running('g-main');
    await sleep(3_000); // Longer than the two listings that a removal needs.
    assert.equal((await of('a-main'))?.Id, before?.Id);
    assert.equal((await of('d-main'))?.State, 'running');
    assert.match(agent.output(), /a\.yaml/);
    await on.write({ 'a.yaml': pod('a') });
    await gone('d-main');
    assert.equal((await of('a-main'))?.Id, before?.Id);
  });

  test('an emptied directory removes nothing', async () => {
    const kept = join(on.source, '..', 'kept');
    await rename(on.source, kept);
    await mkdir(on.source);
    await sleep(3_500);
    await running('a-main', 'b-main', 'f-main', 'g-main');
    assert.match(agent.output(), /PRUNE_HELD|nothing is removed|held/i);
    await rm(on.source, { recursive: true });
    await rename(kept, on.source);
  });

  test('what runs is kept running while the directory is away', async () => {
    const away = join(on.source, '..', 'away');
    await rename(on.source, away);
    await agent.says(/no such file or directory/);
    const before = await of('f-main');
    await on.engine.podman('kill', 'f-main');
    await eventually(
      'f was started again',
      () => of('f-main'),
      each => each?.State === 'running' && each.StartedAt >= (before?.StartedAt ?? 0),
    );
    await rename(away, on.source);
    await on.write({ 'back.yaml': pod('back') });
    await running('back-main', 'a-main');
  });

  test('objects that are not ours stay, also those that inherit our labels', async () => {
    await on.engine.podman('run', '-d', '--name', 'theirs', 'localhost/bb:1', 'sleep', '10000');
    await on.engine.podman('commit', '-q', 'a-main', 'localhost/inherited:1');
    await on.engine.podman('run', '-d', '--name', 'heir', 'localhost/inherited:1', 'sleep', '10000');
    const labels = (await of('heir'))?.Labels ?? {};
    assert.ok(labels['podstead.dev/owner'], 'the label was inherited');
    await on.write({ 'h.yaml': pod('h') });
    await running('h-main', 'theirs', 'heir');
    await rm(join(on.source, 'h.yaml'));
    await gone('h-main');
    await running('theirs', 'heir');
  });

  test('a second agent says who holds the place, and stops; so do other commands that write', async () => {
    const second = await on.podstead('run', on.source);
    assert.equal(second.code, 1);
    assert.match(second.stderr, new RegExp(`${agent.pid}`));
    for (const command of [
      ['apply', on.source],
      ['down', '--all'],
    ]) {
      const refused = await on.podstead(...command);
      assert.equal(refused.code, 1, command.join(' '));
      assert.match(refused.stderr, new RegExp(`${agent.pid}`));
    }
  });

  test('it goes on after the engine was gone for a while', async () => {
    await on.engine.stopService();
    await on.write({ 'i.yaml': pod('i') });
    await sleep(2_000);
    await on.engine.startService();
    await running('i-main', 'a-main');
  });

  test('pods outlive the agent, killed or stopped, and the next one changes nothing', async () => {
    const before = await listed(on.engine, true);
    await agent.kill();
    await running('a-main', 'b-main');
    agent = await on.start();
    await on.write({ 'j.yaml': pod('j') });
    await running('j-main');
    assert.equal(await agent.stop(), 0);
    const after = await listed(on.engine, true);
    for (const name of ['infra:a', 'a-main', 'infra:b', 'b-main']) {
      assert.equal(after.get(name)?.StartedAt, before.get(name)?.StartedAt, name);
    }
  });

  test('git checkouts back and forth are followed, and nothing is removed half-way', async () => {
    assert.equal((await on.podstead('down', '--all')).code, 0);
    const repo = join(on.source, '..', 'repo');
    const git = async (...args: string[]): Promise<void> => {
      const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
      const { code, stderr } = await run('git', ['-C', repo, ...identity, ...args]);
      assert.equal(code, 0, stderr);
    };
    await writeFiles(repo, { 'm/one.yaml': pod('one'), 'm/two.yaml': pod('two') });
    await git('init', '-q', '-b', 'main');
    await git('add', '.');
    await git('commit', '-q', '-m', 'one');
    await git('checkout', '-q', '-b', 'next');
    await writeFiles(repo, { 'm/one.yaml': pod('one', 'echo next; sleep 10000'), 'm/three.yaml': pod('three') });
    await git('add', '.');
    await git('commit', '-q', '-m', 'next');
    await git('checkout', '-q', 'main');
    const other = await on.startOn(join(repo, 'm'));
    await running('one-main', 'two-main');
    const [one, two] = [await of('one-main'), await of('two-main')];
    await git('checkout', '-q', 'next');
    await running('three-main');
    await eventually(
      'one is replaced',
      () => of('one-main'),
      each => each?.State === 'running' && each.Id !== one?.Id,
    );
    await git('checkout', '-q', 'main');
    await gone('three-main');
    assert.equal((await of('two-main'))?.StartedAt, two?.StartedAt, 'two never stopped');
    const status = await on.podstead('status', '-o', 'json');
    assert.match(status.stdout, /"revision": "[0-9a-f]{7,}/);
    assert.equal(await other.stop(), 0);
  });

  test('a directory of links that are swapped, as a mounted ConfigMap has, is followed', async () => {
    const links = join(on.source, '..', 'links');
    await mkdir(join(links, '..one'), { recursive: true });
    await writeFile(join(links, '..one', 'k.yaml'), pod('k'));
    await symlink('..one', join(links, '..data'));
    await symlink('..data/k.yaml', join(links, 'k.yaml'));
    const down = await on.podstead('down', '--all');
    assert.equal(down.code, 0, down.stderr);
    const other = await on.startOn(links);
    await running('k-main');
    const before = await of('k-main');
    await mkdir(join(links, '..two'));
    await writeFile(join(links, '..two', 'k.yaml'), pod('k', 'echo two; sleep 10000'));
    await symlink('..two', join(links, '..data_tmp'));
    await rename(join(links, '..data_tmp'), join(links, '..data'));
    await eventually(
      'k is replaced',
      () => of('k-main'),
      each => each?.State === 'running' && each.Id !== before?.Id,
    );
    await other.stop();
  });
});
