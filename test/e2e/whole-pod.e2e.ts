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

interface Limits {
  /** In bytes. */
  readonly memory: number;
  readonly reserved: number;
  /** Of each 100 ms, in microseconds. */
  readonly quota: number;
  /** They are those of 100 thousandths of a processor. */
  readonly shares: boolean;
}

/** 102 shares are that weight in cgroup v2: by the formula that runtimes have had, and by the one that came in 2025. */
const weights = [4, 17];

/** What a control group has, of either version. */
async function limitsOf(group: string): Promise<Limits> {
  const at = (...path: readonly string[]): Promise<string> => readFile(join('/sys/fs/cgroup', ...path), 'utf8');
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) {
    const files = ['memory.max', 'memory.low', 'cpu.max', 'cpu.weight'].map(name => at(group, name));
    const [memory, reserved, quota = '', weight] = await Promise.all(files);
    const shares = weights.includes(Number(weight));
    return { memory: Number(memory), reserved: Number(reserved), quota: Number(quota.split(' ')[0]), shares };
  }
  const [memory, reserved, quota, shares] = await Promise.all([
    at('memory', group, 'memory.limit_in_bytes'),
    at('memory', group, 'memory.soft_limit_in_bytes'),
    at('cpu', group, 'cpu.cfs_quota_us'),
    at('cpu', group, 'cpu.shares'),
  ]);
  const told = { memory: Number(memory), reserved: Number(reserved), quota: Number(quota) };
  return { ...told, shares: Number(shares) === 102 };
}

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

  test('limits and requests are those of the cgroup above its containers, and stay when it starts again', async () => {
    const limits = async (): Promise<Limits> => {
      const shown = await on.engine.podman('inspect', '--format', '{{.State.CgroupPath}}', 'whole-main');
      return limitsOf(join(shown.stdout.trim().replace(/\/container$/, ''), '..'));
    };
    const wanted = { memory: 64 * 2 ** 20, reserved: 32 * 2 ** 20, quota: 50_000, shares: true };
    assert.deepEqual(await limits(), wanted);
    await on.engine.podman('pod', 'restart', 'whole');
    assert.deepEqual(await limits(), wanted);
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
