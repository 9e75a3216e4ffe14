import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredOf } from '../plan/scenario.ts';

const podWith = (annotations: string, kind = 'Pod'): string => {
  const pod = `metadata: { name: web, labels: { a: b }, annotations: { ${annotations} } }
spec:
  volumes: [{ name: host, hostPath: { path: /srv/data } }, { name: rest, hostPath: { path: /srv } }]
  containers: [{ name: main, image: a:1 }]`;
  if (kind === 'Pod') return `apiVersion: v1\nkind: Pod\n${pod}`;
  const template = pod.replace(/^/gm, '    ');
  return `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  selector: { matchLabels: { a: b } }\n  template:\n${template.replace('name: web, ', '')}`;
};

test('resolve() gives an SELinux label to the host path that the annotation names', () => {
  for (const option of ['z', 'Z']) {
    const { desired, problems } = desiredOf(podWith(`bind-mount-options: '/srv/data:${option}'`));
    const volumes = desired.pods.get('Pod/default/web')?.volumes ?? [];
    const labelled = volumes.map(volume => (volume.type === 'hostPath' ? volume.relabel : ''));
    assert.deepEqual([labelled, problems], [[option, undefined], []]);
  }
});

const warned: readonly (readonly [string, string, string, RegExp])[] = [
  ['an SELinux option that is none', "bind-mount-options: '/srv/data:U'", 'Pod', /PATH:z/],
  [
    "one name for a Deployment's sandboxes",
    'io.podman.annotations.infra.name: x',
    'Deployment',
    /cannot have one name/,
  ],
  ['automatic updates', 'io.containers.autoupdate/main: local', 'Pod', /by version or digest/],
  ["readiness by the service manager's protocol", 'io.containers.sdnotify: container', 'Pod', /readinessProbe/],
  ['init containers that run once', 'io.podman.annotations.init.container.type: once', 'Pod', /may run again/],
  ['volumes of images', 'io.podman.annotations.kube.image.volumes.mount/main: b', 'Pod', /volumes\[\]\.image/],
  ['a user namespace of another kind', 'io.podman.annotations.userns: keep-id', 'Pod', /Remove it/],
  ['another of Podman', 'io.podman.annotations.autoremove/main: x', 'Pod', /Remove it/],
];
for (const [name, annotation, kind, hint] of warned) {
  test(`resolve() warns of ${name}`, () => {
    const { problems } = desiredOf(podWith(annotation, kind));
    assert.deepEqual(
      problems.map(({ code, severity }) => `${severity} ${code}`),
      ['warning FIELD_UNSUPPORTED'],
    );
    assert.match(problems[0]?.hint ?? '', hint);
  });
}

const usual = [
  'io.containers.autoupdate: disabled',
  'io.containers.sdnotify/main: ignore',
  'io.podman.annotations.init.container.type: always',
  "io.podman.annotations.kube.health.check: 'true'",
  'io.podman.annotations.userns: host',
];
for (const annotation of usual)
  test(`resolve() takes ${annotation}`, () => assert.deepEqual(desiredOf(podWith(annotation)).problems, []));
