import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { finishedPods } from './manifests.ts';
import { cleanUps, eventually, type Host, host } from './podstead.ts';

const idle = "command: [sh, -c, 'trap exit TERM; while :; do sleep 1 & wait; done']";

const manifests = (dir: string): string => `
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: { name: all, namespace: shop }
    data: { A: one, B: two, file.txt: text }
    binaryData: { blob: AAEC }
  - apiVersion: v1
    kind: Secret
    metadata: { name: all, namespace: shop }
    data: { S: aHVzaA== }
---
apiVersion: v1
kind: Pod
metadata: { name: front, namespace: shop, labels: { app: front }, annotations: { note: hello } }
spec:
  hostname: shopfront
  terminationGracePeriodSeconds: 1
  shareProcessNamespace: true
  hostAliases: [{ ip: 10.9.8.7, hostnames: [backend.example, backend] }]
  dnsConfig: { options: [{ name: ndots, value: '3' }] }
  securityContext: { runAsUser: 1000, runAsGroup: 2000, supplementalGroups: [3000], sysctls: [{ name: net.ipv4.ip_unprivileged_port_start, value: '80' }] }
  initContainers:
    - name: first
      image: localhost/bb:1
      command: [sh, -c, 'echo first > /work/order']
      volumeMounts: [{ name: work, mountPath: /work }]
    - name: second
      image: localhost/bb:1
      command: [sh, -c, 'echo second >> /work/order']
      volumeMounts: [{ name: work, mountPath: /work }]
  containers:
    - name: main
      image: localhost/bb:1
      ${idle}
      workingDir: /tmp
      env:
        - { name: PLAIN, value: x }
        - { name: A, value: env-wins }
        - { name: BOTH, value: '$(PLAIN)-$(B)-$$(PLAIN)' }
        - { name: NONE, valueFrom: { configMapKeyRef: { name: absent, key: k, optional: true } } }
      envFrom:
        - configMapRef: { name: all }
        - secretRef: { name: all }
          prefix: SECRET_
      resources: { limits: { memory: 64Mi, cpu: 500m }, requests: { memory: 32Mi, cpu: 100m } }
      securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
      volumeMounts:
        - { name: work, mountPath: /work }
        - { name: host, mountPath: /host, readOnly: true }
        - { name: made, mountPath: /made }
        - { name: one, mountPath: /one }
        - { name: host, mountPath: /sub, subPath: inner }
        - { name: mem, mountPath: /mem }
    - name: root
      image: localhost/bb:1
      ${idle}
      securityContext: { runAsUser: 0, capabilities: { add: [NET_ADMIN] } }
      ports: [{ containerPort: 53, hostPort: 18053, protocol: UDP, hostIP: 127.0.0.1 }]
  volumes:
    - { name: work, emptyDir: {} }
    - { name: mem, emptyDir: { medium: Memory } }
    - { name: host, hostPath: { path: ${dir}/host, type: Directory } }
    - { name: made, hostPath: { path: ${dir}/made, type: DirectoryOrCreate } }
    - { name: one, configMap: { name: all, defaultMode: 0440, items: [{ key: file.txt, path: deep/renamed.txt, mode: 0444 }] } }
---
apiVersion: v1
kind: Pod
metadata: { name: hosty }
spec:
  hostNetwork: true
  terminationGracePeriodSeconds: 1
  containers: [{ name: main, image: 'localhost/bb:1', ${idle} }]
---
${finishedPods}---
apiVersion: v1
kind: Pod
metadata: { name: peer, namespace: shop }
spec:
  terminationGracePeriodSeconds: 1
  containers: [{ name: main, image: 'localhost/bb:1', ${idle} }]
`;

describe('the fields of everyday manifests do what they say', () => {
  const cleaning = cleanUps();
  let on: Host;
  let dir: string;
  before(async () => {
    on = await host(cleaning);
    dir = join(on.source, '..', 'volumes');
    await mkdir(join(dir, 'host', 'inner'), { recursive: true });
    await writeFile(join(dir, 'host', 'file'), 'from the host');
    await writeFile(join(dir, 'host', 'inner', 'file'), 'inner');
    await on.write({ 'all.yaml': manifests(dir) });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
  });

  const sh = async (container: string, command: string): Promise<string> => {
    const { stdout, stderr } = await on.engine.podman('exec', container, 'sh', '-c', command);
    return (stdout + stderr).trim();
  };
  const main = 'shop_front-main';

  const checks: readonly (readonly [string, string, string, string | RegExp])[] = [
    ['init containers ran in order', main, 'cat /work/order', 'first\nsecond'],
    ['env wins over envFrom', main, 'echo $A $B', 'env-wins two'],
    ['variables expand in values', main, 'echo "$BOTH"', 'x-two-$(PLAIN)'],
    ['envFrom takes Secrets with a prefix', main, 'echo $SECRET_S', 'hush'],
    ['an optional reference may be missing', main, 'echo "[$NONE]"', '[]'],
    ['workingDir', main, 'pwd', '/tmp'],
    ['runAsUser, runAsGroup, supplementalGroups', main, 'id -u; id -g; id -G', '1000\n2000\n2000 3000'],
    ['a container overrides the user', 'shop_front-root', 'id -u', '0'],
    ['readOnlyRootFilesystem', main, 'echo x > /file', /Read-only/],
    ['drop of all capabilities', main, 'grep CapEff /proc/self/status', /0000000000000000/],
    ['allowPrivilegeEscalation: false', main, 'grep NoNewPrivs /proc/self/status', /1$/],
    ['hostname', main, 'hostname', 'shopfront'],
    ['hostAliases', main, 'grep 10.9.8.7 /etc/hosts', /backend\.example/],
    ['dnsConfig', main, 'cat /etc/resolv.conf', /ndots:3/],
    ['sysctls', main, 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start', '80'],
    ['shareProcessNamespace', main, 'cat /proc/1/comm', 'catatonit'],
    ['hostPath', main, 'cat /host/file', 'from the host'],
    ['hostPath, read-only', main, 'echo x > /host/new', /Read-only/],
    ['subPath', main, 'cat /sub/file', 'inner'],
    [
      'items with paths and modes',
      main,
      'cat /one/deep/renamed.txt; echo; stat -L -c %a /one/deep/renamed.txt',
      'text\n444',
    ],
    ['only the items named', main, 'ls /one', 'deep'],
    ['emptyDir in memory', main, 'stat -f -c %T /mem', 'tmpfs'],
    ['hostNetwork', 'hosty-main', 'ls /sys/class/net | grep -c .', /[1-9]/],
    ['names of pods of the namespace', main, 'nslookup peer 2>&1 | grep ^Address | tail -n 1', /10\./],
  ];

  for (const [name, container, command, want] of checks) {
    test(name, async () => {
      const found = await sh(container, command);
      if (typeof want === 'string') assert.equal(found, want);
      else assert.match(found, want);
    });
  }

  test('limits and requests reach the engine', async () => {
    const { stdout } = await on.engine.podman('inspect', main, '--format', '{{json .HostConfig}}');
    const { Memory, MemorySwap, MemoryReservation, CpuQuota, CpuPeriod } = JSON.parse(stdout);
    assert.deepEqual(
      { Memory, MemorySwap, MemoryReservation, cpu: CpuQuota / CpuPeriod },
      {
        Memory: 67_108_864,
        MemorySwap: 67_108_864,
        MemoryReservation: 33_554_432,
        cpu: 0.5,
      },
    );
  });

  test('a directory was made where DirectoryOrCreate asks for it', async () => {
    assert.ok((await stat(join(dir, 'made'))).isDirectory());
  });

  test('ports are published with address and protocol', async () => {
    const { stdout } = await on.engine.podman('port', 'shop_front-root');
    assert.match(stdout, /53\/udp -> 127\.0\.0\.1:18053/);
  });

  test('finished pods are left alone, as their policy says', async () => {
    await eventually(
      'once ended',
      async () => (await on.containers()).get('once-main'),
      each => each?.ExitCode === 3,
    );
    const plan = await on.podstead('plan', on.source);
    assert.equal(plan.code, 0, plan.stdout);
    assert.match((await on.podstead('status')).stdout, /Pod\/default\/success +(Completed|Succeeded)/);
  });

  test('the plan is empty, and empty again with the records lost', async () => {
    assert.equal((await on.podstead('plan', on.source)).code, 0);
    const file = await readFile(join(on.source, 'all.yaml'), 'utf8');
    await on.write({ 'all.yaml': file.replace('note: hello', 'note: changed').replace('app: front', 'app: other') });
    const before = (await on.containers()).get(main)?.Id;
    const updated = await on.podstead('apply', on.source);
    assert.equal(updated.code, 0, updated.stderr);
    assert.equal((await on.containers()).get(main)?.Id, before, 'labels and annotations change in place');
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('changed resources are set in place where the engine keeps them, or replace the container alone', async () => {
    const file = await readFile(join(on.source, 'all.yaml'), 'utf8');
    await on.write({ 'all.yaml': file.replace('memory: 64Mi', 'memory: 96Mi') });
    const before = await on.containers();
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    const after = await on.containers();
    const [major = 0, minor = 0] = (await on.engine.podman('version', '--format', '{{.Client.Version}}')).stdout
      .split('.')
      .map(Number);
    const isKept = major > 5 || (major === 5 && minor >= 4);
    assert.equal(after.get(main)?.Id === before.get(main)?.Id, isKept);
    const memory = await on.engine.podman('inspect', '--format', '{{.HostConfig.Memory}}', main);
    assert.equal(memory.stdout.trim(), `${96 * 2 ** 20}`);
    assert.equal(after.get('shop_front-root')?.Id, before.get('shop_front-root')?.Id);
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('down leaves what it found', async () => {
    const down = await on.podstead('down', '--all');
    assert.equal(down.code, 0, down.stderr);
    assert.equal((await on.containers()).size, 0);
    assert.equal((await on.engine.podman('volume', 'ls', '-q')).stdout.trim(), '');
    assert.equal(await readFile(join(dir, 'host', 'file'), 'utf8'), 'from the host');
  });
});
