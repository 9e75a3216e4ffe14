import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { labels } from '../../src/model/labels.ts';
import { cleanUps, type Host, host } from './podstead.ts';

const pod = (name: string, namespace: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  terminationGracePeriodSeconds: 1
  containers: [{ name: main, image: 'localhost/bb:1', volumeMounts: [{ name: data, mountPath: /data }] }]
  volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data, namespace: ${namespace} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } }
`;

describe('down', () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
    await on.write({ 'a.yaml': pod('a', 'default'), 'b.yaml': pod('b', 'shop') });
  });

  const networks = async (): Promise<readonly string[]> =>
    (await on.engine.podman('network', 'ls', '--format', '{{.Name}}')).stdout.trim().split('\n').sort();
  const makeNetwork = async (name: string, owner?: string): Promise<void> => {
    const label = owner === undefined ? [] : ['--label', `podstead.dev/owner=${owner}`];
    const made = await on.engine.podman('network', 'create', ...label, name);
    assert.equal(made.code, 0, made.stderr);
  };

  test('it removes networks of ours that a crash left without pods, and neither those in use nor those of others', async () => {
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    await makeNetwork('gone_podstead', 'podstead');
    await makeNetwork('theirs', 'somebody');
    await makeNetwork('nobodys');
    assert.equal((await on.podstead('plan', on.source)).code, 0, 'they are no business of a plan');
    const down = await on.podstead('down', `${on.source}/a.yaml`);
    assert.equal(down.code, 0, down.stderr);
    assert.deepEqual(await networks(), ['nobodys', 'podman', 'shop_podstead', 'theirs']);
    assert.equal((await on.containers()).get('shop_b-main')?.State, 'running');
  });

  test('a pruning that removes a network takes such ones with it', async () => {
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    await makeNetwork('gone_podstead', 'podstead');
    await on.write({ 'b.yaml': '' });
    const pruned = await on.podstead('apply', on.source, '--prune');
    assert.equal(pruned.code, 0, pruned.stderr);
    assert.deepEqual(await networks(), ['nobodys', 'podman', 'podstead', 'theirs']);
  });

  test('an engine that died amid a removal may leave a pod without containers: the next down removes it, if it is ours', async () => {
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    const { podman } = on.engine;
    const infra = (await podman('pod', 'inspect', '--format', '{{json .Labels}}', 'a')).stdout;
    const { [labels.uid]: uid = '', [labels.key]: key = '', [labels.owner]: owner = '' } = JSON.parse(infra);
    const leave = async (of: Readonly<Record<string, string>>): Promise<void> => {
      const told = Object.entries(of).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
      assert.equal((await podman('pod', 'create', '--infra=false', '--name', 'a', ...told)).code, 0);
    };
    const left = async (): Promise<string> =>
      (await podman('pod', 'ps', '--filter', 'name=^a$', '--format', '{{.Name}}')).stdout.trim();
    const ours = { [labels.uid]: uid, [labels.key]: key, [labels.owner]: owner };
    assert.equal((await podman('pod', 'rm', '-f', '-t', '0', 'a')).code, 0);
    await leave(ours);
    const down = await on.podstead('down', `${on.source}/a.yaml`);
    assert.deepEqual([down.code, await left()], [0, ''], down.stderr);
    assert.deepEqual(
      (await readdir(join(on.state, 'podstead', 'pods'))).filter(name => name.includes('_a')),
      [],
    );

    assert.equal((await on.podstead('apply', on.source)).code, 0);
    assert.equal((await podman('pod', 'rm', '-f', '-t', '0', 'a')).code, 0);
    await leave(ours);
    assert.equal((await on.podstead('apply', on.source)).code, 0, 'where it is wanted, it is made anew');
    assert.equal((await on.containers()).get('a-main')?.State, 'running');

    assert.equal((await podman('pod', 'rm', '-f', '-t', '0', 'a')).code, 0);
    await leave({ [labels.owner]: 'somebody' });
    assert.equal((await on.podstead('down', `${on.source}/a.yaml`)).code, 0);
    assert.equal(await left(), 'a', "it is somebody else's");
    assert.equal((await podman('pod', 'rm', 'a')).code, 0);
  });

  test('with --volumes it ends with 0 the second time too, and says what is not there', async () => {
    const args = ['down', `${on.source}/a.yaml`, '--volumes', 'data'];
    for (const says of [/^(?!.*is not there)/s, /Volume "data" is not there/]) {
      const down = await on.podstead(...args);
      assert.equal(down.code, 0, down.stderr);
      assert.match(down.stderr, says);
    }
    await on.engine.podman('volume', 'create', 'theirs');
    const refused = await on.podstead('down', `${on.source}/a.yaml`, '--volumes', 'theirs');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /not one of ours/);
  });
});
