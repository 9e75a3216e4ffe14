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
  ['automatic updates of another kind', 'io.containers.autoupdate: weekly', 'Pod', /registry, local or disabled/],
  ['automatic updates of no container', 'io.containers.autoupdate/mian: local', 'Pod', /Correct its name/],
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
  'io.containers.autoupdate/main: local',
  'io.containers.autoupdate: registry',
  'io.containers.sdnotify/main: ignore',
  'io.podman.annotations.init.container.type: always',
  "io.podman.annotations.kube.health.check: 'true'",
  'io.podman.annotations.userns: host',
];
for (const annotation of usual)
  test(`resolve() takes ${annotation}`, () => assert.deepEqual(desiredOf(podWith(annotation)).problems, []));

/** A pod with a plain init container, a sidecar and two others; what its containers follow, and what is told. */
const followed = (
  annotations: string,
  image = 'a:1',
  more = '',
  contexts: Readonly<Record<string, string>> = {},
): { readonly follow: readonly (string | undefined)[]; readonly told: readonly string[] } => {
  const { desired, problems } = desiredOf(
    `apiVersion: v1
kind: Pod
metadata: { name: web, annotations: { ${annotations} } }
spec:
  initContainers: [{ name: setup, image: a:1 }, { name: proxy, image: a:1, restartPolicy: Always }]
  containers: [{ name: main, image: '${image}'${more} }, { name: side, image: a:1 }]`,
    contexts,
  );
  const { initContainers = [], containers = [] } = desired.pods.get('Pod/default/web') ?? {};
  return {
    follow: [...initContainers, ...containers].map(({ autoUpdate }) => autoUpdate),
    told: problems.map(({ code, severity, hint }) => `${severity} ${code} ${hint}`),
  };
};
const auto = 'io.containers.autoupdate';

test('resolve() has the containers of a pod follow their images, but for init containers; one says otherwise', () => {
  assert.deepEqual(followed(`${auto}: registry`), {
    follow: [undefined, 'registry', 'registry', 'registry'],
    told: [],
  });
  assert.deepEqual(followed(`${auto}: image, ${auto}/side: disabled, ${auto}/proxy: local`).follow, [
    ...[undefined, 'local', 'registry', undefined],
  ]);
});

const stuck: readonly (readonly [string, string, string, string, Readonly<Record<string, string>>, RegExp])[] = [
  ['named by digest', `${auto}/main: registry`, `a@sha256:${'0'.repeat(64)}`, '', {}, /by a tag/],
  ['named by digest, of this host', `${auto}/main: local`, `a:1@sha256:${'0'.repeat(64)}`, '', {}, /by a tag/],
  ['built here', `${auto}/main: registry`, 'localhost/app:1', '', { app: 'x' }, /follows its files/],
  ['never pulled', `${auto}/main: registry`, 'a:1', ', imagePullPolicy: Never', {}, /allow pulling/],
  ['of an init container', `${auto}/setup: local`, 'a:1', '', {}, /Remove/],
];
for (const [name, annotations, image, more, contexts, hint] of stuck) {
  test(`resolve() warns where a container is to follow an image that is ${name}`, () => {
    const { follow, told } = followed(annotations, image, more, contexts);
    assert.deepEqual(follow, [undefined, undefined, undefined, undefined]);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^warning FIELD_CONFLICT /);
    assert.match(told[0] ?? '', hint);
  });
}
