import type { PodUnitSpec } from '../../src/unit/pod.ts';

/** The unit of a pod with one init container and two main ones. */
export const webUnit: PodUnitSpec = {
  key: 'Pod/default/web',
  owner: 'podstead',
  digest: '0123456789abcdef0123456789abcdef',
  engineName: 'web',
  initContainers: ['web-setup'],
  containers: [
    { engineName: 'web-nginx', start: true },
    { engineName: 'web-log', start: true },
  ],
  gracePeriodSeconds: 30,
  user: false,
  podman: { path: '/usr/bin/podman', args: [], containersConf: undefined },
  mounts: ['/var/lib/podstead', '/var/lib/containers/storage'],
  messages: ['web-setup', 'web-nginx', 'web-log'].map(name => `/var/lib/podstead/files/u/..ends/${name}`),
  publishes: true,
  after: [],
};

/** By the golden file in test/golden/units that holds the unit. */
export const goldenUnits: Readonly<Record<string, PodUnitSpec>> = {
  web: webUnit,
  user: {
    ...webUnit,
    user: true,
    mounts: ['/home/me/.local/share/containers/storage'],
    podman: {
      path: '/usr/bin/podman',
      args: ['--root', '/home/me/store'],
      containersConf: '/home/me/podstead/containers.conf',
    },
  },
  job: {
    ...webUnit,
    key: 'Pod/shop/migrate',
    engineName: 'shop_migrate',
    initContainers: ['shop_migrate-wait'],
    containers: [{ engineName: 'shop_migrate-run', start: false }],
    gracePeriodSeconds: 5,
    publishes: false,
    mounts: [],
  },
  odd: {
    ...webUnit,
    key: 'Pod/shop/a.b-c',
    owner: 'my host %i "1"',
    engineName: 'shop_a.b-c',
    initContainers: [],
    containers: [{ engineName: 'shop_a.b-c-main', start: true }],
    podman: {
      path: '/bin/sh',
      args: ['--root', '/srv/100% sure/$HOME/"quoted"\\back', ';', '', 'tab\there'],
      containersConf: '/etc/a b/50%.conf',
    },
    messages: ['/srv/100% $x `id` "q"/..ends/main'],
    mounts: ['/srv/a b/%n', '/srv/"q"\\x', 'relative', '/srv/new\nline', '/srv/a b/%n'],
    after: ['Pod/shop/db', 'Pod/default/cache-1'],
  },
};
