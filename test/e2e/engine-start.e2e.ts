import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import type { DesiredContainer, DesiredPort, DesiredSecurity } from '../../src/model/desired.ts';
import { seal } from '../../src/model/sealed.ts';
import { type Bench, bench, cleanups, fails } from './bench.ts';
import { container, pod } from './desired.ts';
import { freePort, run } from './host.ts';

const later = cleanups();
let on: Bench;
before(async () => {
  on = await bench(later);
});
after(() => later.run());

const key = 'Pod/default/web';
const plain = container('web', 'main');

function withMain(more: Partial<DesiredContainer>): ReturnType<typeof pod> {
  return pod('web', { containers: [container('web', 'main', more)], gracePeriodSeconds: 0 });
}

function tcp(hostPort: number): DesiredPort {
  return { hostIp: '127.0.0.1', hostPort, containerPort: 80, protocol: 'tcp' };
}

const failures = [
  ['a command that is not there', { command: ['/nope'] }, /"\/nope"/],
  ['a command that is no program', { command: ['/etc/passwd'] }, /permission denied/],
  ['a user that is not there', { security: { ...plain.security, user: 'ghost' } }, /ghost/],
  ['a limit below what a process needs', { resources: { ...plain.resources, memoryLimitBytes: 4096 } }, /memory limit/],
] as const;
for (const [name, more, words] of failures) {
  test(`startContainer() fails for ${name}, in the runtime's own words`, async () => {
    const error = await fails(on.make(withMain(more), 'uid-1'), 'START_FAILED', words);
    assert.doesNotMatch(error.message, /runc create failed|OCI runtime/);
    assert.equal((await on.pod(key)).containers.get('main')?.state, 'created');
    await on.drop(key);
  });
}

test('a port that is taken is named with who has it: a process, a pod', async () => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  const publishing = pod('web', { sandbox: { ports: [tcp(port)] } });
  const check = { verb: 'checkPorts', pod: key, ports: [tcp(port)] } as const;
  await fails(on.do(check), 'PORT_TAKEN', new RegExp(`port ${port}/tcp of the host is held by process ${process.pid}`));
  await fails(
    on.make(publishing, 'uid-1'),
    'PORT_TAKEN',
    new RegExp(`port ${port}/tcp of the host is held by process ${process.pid}`),
  );
  assert.equal((await on.pod(key)).containers.get('main')?.state, 'created');
  await new Promise(resolve => server.close(resolve));
  await on.drop(key);

  const other = await freePort();
  await on.do({
    verb: 'checkPorts',
    pod: key,
    ports: [tcp(other), { ...tcp(other), protocol: 'udp' }, { ...tcp(other), protocol: 'sctp' }],
  });
  await on.podman('run', '-d', '--name', 'theirs', '-p', `127.0.0.1:${other}:80`, 'localhost/bb:1');
  assert.deepEqual((await on.observe()).foreignPorts, [
    { hostIp: '127.0.0.1', hostPort: other, protocol: 'tcp', by: 'theirs' },
  ]);
  const second = pod('web', { sandbox: { ports: [tcp(other)] } });
  await fails(on.make(second, 'uid-1'), 'PORT_TAKEN', /held by container "theirs"/);
  await on.podman('rm', '-f', '-t', '0', 'theirs');
  await on.drop(key);
  await fails(on.do({ ...check, ports: [{ ...tcp(other), hostIp: '192.0.2.1' }] }), 'REFUSED', /address of this host/);
});

test('a published port is served, and shown by observe()', async () => {
  const port = await freePort();
  const serve = ['/bin/sh', '-c', 'echo hello > /srv/index.html; exec httpd -f -p 80 -h /srv'];
  const web = pod('web', {
    sandbox: { ports: [tcp(port)] },
    containers: [container('web', 'main', { command: serve })],
    gracePeriodSeconds: 0,
  });
  await on.make(web, 'uid-1');
  assert.deepEqual((await on.pod(key)).ports, [tcp(port)]);
  let answer = '';
  for (let i = 0; i < 200 && answer === ''; i++) {
    answer = await fetch(`http://127.0.0.1:${port}/`).then(
      response => response.text(),
      () => '',
    );
  }
  assert.equal(answer, 'hello\n');
  assert.deepEqual((await on.observe()).foreignPorts, []);
  await on.drop(key);
});

const users = [
  ['the image has none', undefined, /runs as root/],
  ['it is root', '0:0', /runs as root/],
  ['it is a name', 'app', /user "app"/],
] as const;
for (const [name, user, words] of users) {
  test(`runAsNonRoot refuses a container where ${name}`, async () => {
    const security: DesiredSecurity = { ...plain.security, runAsNonRoot: true, user };
    await fails(on.make(withMain({ security }), 'uid-1'), 'REFUSED', words);
    await on.drop(key);
  });
}

test('a container gets what its manifest says', async () => {
  const main: Partial<DesiredContainer> = {
    command: ['/bin/sh', '-c'],
    args: ['sleep 600'],
    workingDir: '/made/here',
    env: [
      { name: 'PLAIN', value: 'a "b" $c' },
      { name: 'TOKEN', value: seal('s3cret') },
    ],
    resources: { cpuLimitMilli: 250, cpuRequestMilli: 100, memoryLimitBytes: 2 ** 26, memoryRequestBytes: 2 ** 25 },
    security: {
      ...plain.security,
      user: '1000:1000',
      groups: ['2000'],
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      noNewPrivileges: true,
      addCapabilities: ['NET_ADMIN'],
      dropCapabilities: ['CHOWN'],
      seccompProfile: 'unconfined',
    },
  };
  const web = pod('web', {
    containers: [container('web', 'main', main), container('web', 'side')],
    gracePeriodSeconds: 0,
    sandbox: {
      hostname: 'given',
      shareProcessNamespace: true,
      hostAliases: [{ ip: '192.0.2.7', names: ['one.example', 'two.example'] }],
      dns: { policy: 'cluster', servers: ['192.0.2.53'], searches: ['corp.example'], options: ['ndots:3'] },
      sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
      labels: { app: 'web', 'podstead.dev/owner': 'forged' },
      annotations: { 'example.com/note': 'a long one '.repeat(20) },
    },
  });
  await on.make(web, 'uid-1');
  const script = [
    'hostname; pwd; id -u; id -g; id -G; echo "$PLAIN $TOKEN"',
    'grep example /etc/hosts | wc -l; grep -c "corp.example\\|ndots:3" /etc/resolv.conf',
    'cat /proc/sys/net/ipv4/ip_unprivileged_port_start; grep -E "NoNewPrivs|Seccomp:" /proc/self/status | tr -d "\\t"',
    '(echo x > /x) 2>/dev/null || echo read-only; ps | grep -c "[c]atatonit"',
  ].join('; ');
  const lines = (await on.exec('web-main', script)).split('\n');
  const want = [
    'given',
    '/made/here',
    '1000',
    '1000',
    '1000 2000',
    'a "b" $c s3cret',
    '2',
    '2',
    '0',
    'NoNewPrivs:1',
    'Seccomp:0',
    'read-only',
    '1',
    '',
  ];
  assert.deepEqual(lines, want);
  // Podman 5 leaves the asking of such servers to the network's own.
  const told = await on.exec('web-main', 'cat /etc/resolv.conf');
  const ofNetwork = await run('grep', ['-r', '192.0.2.53', '/run/containers/networks/aardvark-dns']);
  assert.match(told + ofNetwork.stdout, /192\.0\.2\.53/);
  const seen = JSON.parse(await on.podman('inspect', 'web-main'))[0];
  const { HostConfig, Config, State } = seen;
  assert.deepEqual(
    [
      HostConfig.Memory,
      HostConfig.MemorySwap,
      HostConfig.MemoryReservation,
      HostConfig.CpuQuota,
      HostConfig.CpuPeriod,
      HostConfig.CpuShares,
    ],
    [2 ** 26, 2 ** 26, 2 ** 25, 25_000, 100_000, 102],
  );
  assert.equal(HostConfig.RestartPolicy.Name, 'no');
  assert.equal(Config.Labels.app, 'web');
  assert.equal(Config.Labels['podstead.dev/owner'], 'test');
  assert.equal(Config.StopTimeout, 0);
  assert.ok(State.Healthcheck === undefined || State.Healthcheck.Status === '');
  assert.deepEqual(HostConfig.CapDrop, ['CAP_CHOWN']);
  await on.drop(key);
});

test("a pod may have the host's network, processes and IPC", async () => {
  const web = pod('web', { sandbox: { hostNetwork: true, hostPid: true, hostIpc: true }, gracePeriodSeconds: 0 });
  await on.make(web, 'uid-1');
  const links = 'for n in net pid ipc; do busybox readlink /proc/self/ns/$n; done; busybox hostname';
  const want = await run('sh', [
    '-c',
    'for n in net pid ipc; do readlink /proc/self/ns/$n; done; cat /proc/sys/kernel/hostname',
  ]);
  assert.equal(await on.exec('web-main', links), want.stdout);
  assert.deepEqual(
    (await on.observe()).networks.filter(name => name === 'test'),
    [],
  );
  await on.drop(key);
});

test('pods of a namespace find each other by name', async () => {
  await on.make(pod('one'), 'uid-1');
  await on.make(pod('two'), 'uid-2');
  assert.match(await on.exec('one-main', 'nslookup two 2>&1'), /Name:\s+two\S*\s+Address[^\n]*10\./);
  await on.drop('Pod/default/one');
  await on.drop('Pod/default/two');
});
