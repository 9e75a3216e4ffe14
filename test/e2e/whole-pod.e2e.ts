import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, type Host, host } from './podstead.ts';

const manifests = `
apiVersion: v1
kind: Pod
metadata: { name: whole }
spec:
  terminationGracePeriodSeconds: 0
  resources: { limits: { memory: 64Mi, cpu: 500m }, requests: { memory: 32Mi, cpu: 100m } }
  containers:
    - { name: main, image: 'localhost/bb:1' }
    - { name: side, image: 'localhost/bb:1', resources: { limits: { memory: 48Mi }, requests: { memory: 16Mi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: strict }
spec:
  terminationGracePeriodSeconds: 0
  securityContext: { supplementalGroupsPolicy: Strict, supplementalGroups: [3000], runAsUser: 1000, runAsGroup: 1000 }
  containers: [{ name: main, image: 'localhost/grouped:1' }]
---
apiVersion: v1
kind: Pod
metadata: { name: merged }
spec:
  terminationGracePeriodSeconds: 0
  securityContext: { supplementalGroups: [3000], runAsUser: 1000 }
  containers: [{ name: main, image: 'localhost/grouped:1' }]
`;

describe('what a pod says of all its containers', () => {
  const clean = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(clean);
    const { podman } = on.engine;
    await writeFile(join(on.runtime, 'group'), 'root:x:0:\napp:x:1000:\nextra:x:50:app\n');
    await podman('create', '--name', 'maker', 'localhost/bb:1');
    await podman('cp', join(on.runtime, 'group'), 'maker:/etc/group');
    const made = await podman('commit', '--quiet', 'maker', 'localhost/grouped:1');
    assert.equal(made.code, 0, made.stderr);
    await podman('rm', 'maker');
    await on.write({ 'a.yaml': manifests });
    const applied = await on.podstead('apply', '--strict', on.source);
    assert.equal(applied.code, 0, applied.stderr);
  });

  const groups = async (container: string): Promise<readonly string[]> =>
    (await on.engine.podman('exec', container, 'id', '-G')).stdout.trim().split(' ').sort();

  test('limits and requests are those of the cgroup above its containers, and stay when it starts again', async t => {
    if (!existsSync('/sys/fs/cgroup/memory')) return t.skip('needs a host with cgroup v1');
    const limits = async (): Promise<readonly number[]> => {
      const shown = await on.engine.podman('inspect', '--format', '{{.State.CgroupPath}}', 'whole-main');
      const above = join(shown.stdout.trim(), '..');
      const files = [
        'memory/memory.limit_in_bytes',
        'memory/memory.soft_limit_in_bytes',
        'cpu/cpu.cfs_quota_us',
        'cpu/cpu.shares',
      ];
      const [memory, soft, quota, shares] = await Promise.all(
        files.map(async file => {
          const [controller = '', name = ''] = file.split('/');
          return Number(await readFile(join('/sys/fs/cgroup', controller, above, name), 'utf8'));
        }),
      );
      return [memory ?? 0, soft ?? 0, quota ?? 0, shares ?? 0];
    };
    assert.deepEqual(await limits(), [64 * 2 ** 20, 32 * 2 ** 20, 50_000, 102]);
    await on.engine.podman('pod', 'restart', 'whole');
    assert.deepEqual(await limits(), [64 * 2 ** 20, 32 * 2 ** 20, 50_000, 102]);
  });

  test("groups are the image's only where the pod does not forbid it", async () => {
    assert.deepEqual(await groups('strict-main'), ['1000', '3000']);
    assert.deepEqual(await groups('merged-main'), ['1000', '3000', '50']);
  });

  test('the next plan is empty; another limit makes the pod anew', async () => {
    const planned = await on.podstead('plan', on.source);
    assert.equal(planned.code, 0, planned.stdout);
    await on.write({ 'a.yaml': manifests.replace('limits: { memory: 64Mi,', 'limits: { memory: 80Mi,') });
    assert.match((await on.podstead('plan', on.source)).stdout, /recreate Pod\/default\/whole/);
  });

  test('strict groups without a user and group are refused', async () => {
    await on.write({ 'a.yaml': manifests.replace('runAsUser: 1000, runAsGroup: 1000', 'runAsUser: 1000') });
    const { stdout, stderr } = await on.podstead('validate', on.source);
    assert.match(stdout + stderr, /error FIELD_UNSUPPORTED: .*'main'.*no runAsUser and runAsGroup/);
  });
});
