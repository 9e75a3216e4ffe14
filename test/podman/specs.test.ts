import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { seal } from '../../src/model/sealed.ts';
import { containerSpec } from '../../src/podman/container-spec.ts';
import { resources } from '../../src/podman/limits.ts';
import { podSpec } from '../../src/podman/pod-spec.ts';
import { container, pod } from '../e2e/desired.ts';

const resolver = { servers: [], searches: [], options: [] };
const found = {
  podId: 'p',
  uid: 'u',
  owner: 'o',
  imageId: 'abc',
  mounts: { mounts: [], volumes: [], image_volumes: [], devices: [] },
  blanks: undefined,
};

test('podSpec() of a plain pod', () => {
  assert.deepEqual(podSpec(pod('web'), { uid: 'uid-1', owner: 'me', address: undefined, resolver }), {
    name: 'web',
    labels: {
      'podstead.dev/owner': 'me',
      'podstead.dev/key': 'Pod/default/web',
      'podstead.dev/uid': 'uid-1',
      'podstead.dev/digest': 'sandbox-of-web',
    },
    exit_policy: 'continue',
    shared_namespaces: ['net', 'uts', 'ipc'],
    netns: { nsmode: 'bridge' },
    Networks: { test: { aliases: ['web'] } },
    hostname: 'web',
  });
});

test('podSpec() keeps our labels from being forged, and the names of Kubernetes from being hostnames of the engine', () => {
  const spec = podSpec(
    pod('web', { sandbox: { labels: { a: 'b', 'podstead.dev/uid': 'x', 'podstead.dev/deployment': 'y' } } }, 'shop'),
    { uid: 'u', owner: 'o', address: undefined, resolver },
  );
  assert.deepEqual(spec.labels, {
    a: 'b',
    'podstead.dev/owner': 'o',
    'podstead.dev/key': 'Pod/shop/web',
    'podstead.dev/uid': 'u',
    'podstead.dev/digest': 'sandbox-of-web',
  });
  assert.equal(spec.name, 'shop_web');
  assert.equal(spec.hostname, 'web');
});

test("podSpec() on the host's network has the host's name and no network or ports of its own", () => {
  const spec = podSpec(
    pod('web', { sandbox: { hostNetwork: true, hostIpc: true, hostPid: true, shareProcessNamespace: true } }),
    { uid: 'u', owner: 'o', address: undefined, resolver },
  );
  assert.deepEqual(
    [spec.netns, spec.utsns, spec.Networks, spec.hostname],
    [{ nsmode: 'host' }, { nsmode: 'host' }, undefined, undefined],
  );
  assert.deepEqual(spec.shared_namespaces, ['net', 'uts']);
});

test('containerSpec() leaves restarts, health checks and readiness to nobody else', () => {
  const spec = containerSpec(pod('web'), container('web', 'main'), found);
  const { restart_policy, healthconfig, sdnotifyMode, systemd, image_volume_mode, entrypoint, command, image } = spec;
  assert.deepEqual(
    { restart_policy, healthconfig, sdnotifyMode, systemd, image_volume_mode, entrypoint, command, image },
    {
      restart_policy: 'no',
      healthconfig: { Test: ['NONE'] },
      sdnotifyMode: 'ignore',
      systemd: 'false',
      image_volume_mode: 'anonymous',
      entrypoint: undefined,
      command: undefined,
      image: 'abc',
    },
  );
});

test('containerSpec() reveals a secret in env and nowhere else', () => {
  const main = container('web', 'main', { env: [{ name: 'TOKEN', value: seal('s3cret') }] });
  const { env, ...rest } = containerSpec(pod('web', { containers: [main] }), main, found);
  assert.deepEqual(env, { TOKEN: 's3cret' });
  assert.doesNotMatch(inspect(rest, { depth: 9 }), /s3cret/);
});

test('an emptyDir in memory is mounted in the sandbox, and covered in every container', () => {
  const web = pod('web', { volumes: [{ type: 'emptyDir', name: 'cache', memory: true, sizeLimitBytes: undefined }] });
  const { volumes } = podSpec(web, { uid: 'u', owner: 'o', address: undefined, resolver });
  assert.deepEqual(volumes, [{ Name: 'u_cache', Dest: '/.podstead/cache', Options: ['rw', 'nocopy'] }]);
  assert.deepEqual(containerSpec(web, container('web', 'main'), found).mask, ['/.podstead']);
  assert.equal(containerSpec(pod('web'), container('web', 'main'), found).mask, undefined);
});

const none = {
  cpuLimitMilli: undefined,
  cpuRequestMilli: undefined,
  memoryLimitBytes: undefined,
  memoryRequestBytes: undefined,
};
const limits = [
  ['nothing', none, undefined],
  ['a CPU limit', { ...none, cpuLimitMilli: 1500 }, { cpu: { quota: 150_000, period: 100_000 } }],
  ['a CPU limit below what the kernel takes', { ...none, cpuLimitMilli: 1 }, { cpu: { quota: 1000, period: 100_000 } }],
  ['a CPU request', { ...none, cpuRequestMilli: 250 }, { cpu: { shares: 256 } }],
  ['the least CPU request', { ...none, cpuRequestMilli: 0 }, { cpu: { shares: 2 } }],
  [
    'memory',
    { ...none, memoryLimitBytes: 64, memoryRequestBytes: 32 },
    { memory: { limit: 64, swap: 64, reservation: 32 } },
  ],
] as const;
for (const [name, given, want] of limits)
  test(`resources() of ${name}`, () => assert.deepEqual(resources(given), want));
