import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from '../../src/cli/doctor-checks.ts';
import { type DoctorFacts, type EngineFacts, execsPerSecond } from '../../src/cli/doctor-facts.ts';
import type { PodRecord } from '../../src/model/record.ts';

const engine: EngineFacts = {
  name: 'podman 5.4.2 at unix:///run/podman/podman.sock',
  version: '5.4.2',
  runtime: 'crun',
  cgroupManager: 'systemd',
  cgroupVersion: 'v2',
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
  eventLogger: 'journald',
  networkBackend: 'netavark',
  graphRoot: '/var/lib/containers/storage',
};

const healthy: DoctorFacts = {
  host: {
    cgroup: 'v2',
    systemd: true,
    journal: true,
    runtimes: ['crun'],
    limits: { nofile: 1_048_576, nproc: 1_048_576 },
    canRaiseLimits: true,
    rootless: false,
    netavark: true,
    dns: true,
    usesCni: false,
    bridgePlugin: true,
    configured: {},
  },
  mends: {},
  engine,
  uid: 0,
  userName: 'root',
  subordinate: { uids: 0, gids: 0 },
  lingers: false,
  inotify: { watches: 65_536, instances: 512 },
  disk: [{ path: '/var/lib', freeBytes: 50e9 }],
  unitDirectory: { path: '/etc/systemd/system', writable: true },
  execsPerSecond: 0,
};

const user = { uid: 7, userName: 'me', subordinate: { uids: 65_536, gids: 65_536 }, lingers: true };

type Case = readonly [name: string, more: Partial<DoctorFacts>, check: string, result: 'warn' | 'fail', mend: RegExp];
const cases: readonly Case[] = [
  [
    'an engine that does not answer',
    { engine: { failure: 'no engine answers', hint: 'Start it' } },
    'engine',
    'fail',
    /Start it/,
  ],
  ['crun on hybrid cgroups', { host: { ...healthy.host, cgroup: 'hybrid' } }, 'runtime', 'fail', /runtime = "runc"/],
  [
    'no runtime',
    { engine: { failure: 'x', hint: undefined }, host: { ...healthy.host, runtimes: [] } },
    'runtime',
    'fail',
    /install runc/,
  ],
  ['the systemd manager without systemd', { host: { ...healthy.host, systemd: false } }, 'cgroups', 'fail', /cgroupfs/],
  [
    'rootless limits on v1',
    { ...user, host: { ...healthy.host, cgroup: 'v1', rootless: true } },
    'cgroups',
    'warn',
    /unified_cgroup_hierarchy/,
  ],
  [
    'limits below the defaults',
    { mends: { ulimits: ['nofile=1024:1024'] } },
    'ulimits',
    'warn',
    /default_ulimits = \["nofile=1024:1024"\]/,
  ],
  [
    'journald events without a journal',
    { host: { ...healthy.host, journal: false } },
    'events',
    'fail',
    /events_logger = "file"/,
  ],
  ['no events', { engine: { ...engine, eventLogger: 'none' } }, 'events', 'warn', /events_logger/],
  ['monitors of many exec probes', { execsPerSecond: 2 }, 'exec probes', 'warn', /exit_command_delay = 10/],
  [
    'CNI',
    { engine: { ...engine, networkBackend: 'cni' } },
    'network',
    'warn',
    /^In containers.conf, under \[network\]/,
  ],
  [
    'CNI without plugins',
    { engine: { ...engine, networkBackend: 'cni' }, host: { ...healthy.host, bridgePlugin: false } },
    'network',
    'fail',
    /network_backend = "netavark".*"podman system reset", which removes all/,
  ],
  [
    'CNI without netavark',
    { engine: { ...engine, networkBackend: 'cni' }, host: { ...healthy.host, netavark: false } },
    'network',
    'warn',
    /^apt-get install netavark aardvark-dns\. In containers\.conf/,
  ],
  ['no netavark', { host: { ...healthy.host, netavark: false } }, 'network', 'fail', /apt-get install netavark/],
  ['no DNS', { host: { ...healthy.host, dns: false } }, 'dns', 'warn', /aardvark-dns/],
  ['no subuids', { ...user, subordinate: { uids: 0, gids: 65_536 } }, 'subuids', 'fail', /--add-subuids .* me$/],
  ['too few subuids', { ...user, subordinate: { uids: 10, gids: 65_536 } }, 'subuids', 'warn', /--add-subuids/],
  ['no lingering', { ...user, lingers: false }, 'lingering', 'warn', /enable-linger me/],
  [
    'controllers that users lack',
    { ...user, host: { ...healthy.host, rootless: true }, engine: { ...engine, controllers: ['memory', 'pids'] } },
    'controllers',
    'warn',
    /Delegate=cpu/,
  ],
  [
    'controllers that root lacks',
    { engine: { ...engine, controllers: [] } },
    'controllers',
    'warn',
    /unified_cgroup_hierarchy/,
  ],
  ['few watches', { inotify: { watches: 100, instances: 512 } }, 'inotify', 'warn', /max_user_watches=65536/],
  [
    'a full disk',
    {
      disk: [
        { path: '/a', freeBytes: 5e9 },
        { path: '/b', freeBytes: 1e6 },
      ],
    },
    'disk',
    'fail',
    /image prune/,
  ],
  ['a disk filling up', { disk: [{ path: '/a', freeBytes: 1e9 }] }, 'disk', 'warn', /image prune/],
  ['a unit directory out of reach', { unitDirectory: { path: '/u', writable: false } }, 'units', 'warn', /\/u/],
];

test('check() finds nothing wrong with a healthy host, as root and as a user', () => {
  for (const facts of [healthy, { ...healthy, ...user }]) {
    assert.deepEqual(
      check(facts).filter(finding => finding.result !== 'ok'),
      [],
    );
  }
});

test('check() takes exec probes whose monitors are few, or end soon', () => {
  const soon = { ...healthy.host, configured: { exitCommandDelay: 10 } };
  const found = [{ execsPerSecond: 0.1 }, { execsPerSecond: 2, host: soon }, {}].map(
    more => check({ ...healthy, ...more }).find(({ name }) => name === 'exec probes')?.result,
  );
  assert.deepEqual(found, ['ok', 'ok', undefined]);
});

test('execsPerSecond() counts the exec probes of what was applied', () => {
  const exec = { handler: { type: 'exec', command: ['true'] }, periodSeconds: 2 };
  const probes = {
    main: { liveness: exec, readiness: { ...exec, handler: { type: 'tcpSocket' } } },
    side: { startup: exec },
  };
  const applied = { sandbox: {}, containers: { main: {}, side: {}, idle: {} }, inPlace: { probes } };
  const records = [{ applied }, { applied: undefined }] as unknown as PodRecord[];
  assert.equal(execsPerSecond(records), 1);
});

for (const [name, more, about, result, mend] of cases) {
  test(`check() tells of ${name}, with the mend`, () => {
    const finding = check({ ...healthy, ...more }).find(one => one.name === about);
    assert.equal(finding?.result, result);
    assert.match(finding?.mend ?? '', mend);
  });
}
