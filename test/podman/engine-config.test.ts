import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineConfig } from '../../src/podman/engine-config.ts';
import { type HostFacts, parseSettings } from '../../src/podman/host-facts.ts';

/** A host on which Podman works as it comes: cgroup v2, systemd, high limits. */
const easy: HostFacts = {
  cgroup: 'v2',
  systemd: true,
  journal: true,
  runtimes: ['crun', 'runc'],
  limits: { nofile: 1048576, nproc: 1048576 },
  canRaiseLimits: true,
  rootless: false,
  netavark: true,
  dns: true,
  usesCni: false,
  bridgePlugin: false,
  configured: {},
};
const bare = {
  ...easy,
  cgroup: 'hybrid',
  systemd: false,
  journal: false,
  limits: { nofile: 20000, nproc: 32768 },
  canRaiseLimits: false,
} as const;

const cases: readonly (readonly [string, HostFacts, string | undefined])[] = [
  ['leaves alone a host where all works', easy, undefined],
  ['leaves alone low limits that may be raised', { ...easy, limits: { nofile: 1, nproc: 1 } }, undefined],
  [
    'leaves alone low limits of a user',
    { ...easy, limits: { nofile: 1, nproc: 1 }, canRaiseLimits: false, rootless: true },
    undefined,
  ],
  ['leaves crun on v1 where there is nothing else', { ...easy, cgroup: 'v1', runtimes: ['crun'] }, undefined],
  ['leaves runc on v1', { ...easy, cgroup: 'v1', runtimes: ['runc'] }, undefined],
  ['leaves a runtime that the host chose', { ...easy, cgroup: 'v1', configured: { runtime: 'runc' } }, undefined],
  [
    'takes runc on a hybrid host',
    { ...easy, cgroup: 'hybrid' },
    '[engine]\nruntime = "runc"\n\n[containers]\n\n[network]\nnetwork_backend = "netavark"\n',
  ],
  [
    'repeats what the host set, and keeps to CNI',
    {
      ...easy,
      cgroup: 'v1',
      usesCni: true,
      configured: { runtime: '/usr/bin/crun', eventsLogger: 'journald', ulimits: ['nofile=9:9'] },
    },
    '[engine]\nruntime = "runc"\nevents_logger = "journald"\n\n[containers]\ndefault_ulimits = ["nofile=9:9"]\n\n[network]\n',
  ],
  [
    'makes a bare host work',
    bare,
    '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n\n[containers]\ndefault_ulimits = ["nofile=20000:20000","nproc=32768:32768"]\nlog_driver = "k8s-file"\n\n[network]\nnetwork_backend = "netavark"\n',
  ],
  [
    'leaves alone a bare host whose own file does all that',
    {
      ...bare,
      configured: {
        runtime: 'runc',
        cgroupManager: 'cgroupfs',
        eventsLogger: 'file',
        logDriver: 'k8s-file',
        ulimits: ['nofile=1:1'],
      },
    },
    undefined,
  ],
];
for (const [name, host, want] of cases) test(`engineConfig() ${name}`, () => assert.equal(engineConfig(host), want));

test('engineConfig() repeats how long monitors stay, for its file replaces the one of the host', () => {
  const text = engineConfig({ ...bare, configured: { exitCommandDelay: 10 } });
  assert.match(text ?? '', /^\[engine\]\n(?:.+\n)*exit_command_delay = 10\n/);
});

test('parseSettings() reads what counts, past comments, and the last of two', () => {
  const toml = `[engine]\n# runtime = "kata"\nruntime = "crun"\n runtime='runc'\nruntime_supports_json = ["x"]\n[containers]\ndefault_ulimits = [\n  "nofile=1:2",\n "nproc=3:4" ]\nlog_driver = "none"\n[engine]\n#exit_command_delay = 1\nexit_command_delay = 10\n`;
  assert.deepEqual(parseSettings(toml), {
    runtime: 'runc',
    logDriver: 'none',
    ulimits: ['nofile=1:2', 'nproc=3:4'],
    exitCommandDelay: 10,
  });
  assert.deepEqual(parseSettings(''), {});
});
