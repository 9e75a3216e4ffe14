import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleFault } from '../../src/manifest/cron.ts';
import { checkedKinds } from '../../src/manifest/generated/validators.js';
import { codes, pod, read } from './read.ts';

const skipped = 'warning KIND_UNSUPPORTED';
const rule =
  '{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}}';
const template = (policy: string, more = ''): string =>
  `{metadata: {labels: {a: b}}, spec: {${policy}containers: [{name: c, image: d${more}}]}}`;
const object = (version: string, kind: string, rest: string): string =>
  `{apiVersion: ${version}, kind: ${kind}, metadata: {name: a}${rest && ', '}${rest}}`;

/** Objects that commonly stand beside pods, and what is said of each. */
const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ['a Namespace', object('v1', 'Namespace', ''), [skipped]],
  ['a ServiceAccount', object('v1', 'ServiceAccount', 'automountServiceAccountToken: false'), [skipped]],
  ['a Service', object('v1', 'Service', 'spec: {selector: {a: b}, ports: [{port: 80, targetPort: http}]}'), [skipped]],
  [
    'a Service with a text as its port',
    object('v1', 'Service', 'spec: {ports: [{port: http}]}'),
    [skipped, 'error FIELD_TYPE'],
  ],
  ['a Service of an unknown type', object('v1', 'Service', 'spec: {type: Internal}'), [skipped, 'error FIELD_VALUE']],
  [
    'a misspelt field of a Service',
    object('v1', 'Service', 'spec: {selektor: {a: b}}'),
    [skipped, 'error FIELD_UNKNOWN'],
  ],
  ['an Ingress', object('networking.k8s.io/v1', 'Ingress', `spec: {rules: [${rule}]}`), [skipped]],
  ['an Ingress of old', object('extensions/v1beta1', 'Ingress', 'spec: {}'), ['error API_VERSION']],
  [
    'a NetworkPolicy',
    object('networking.k8s.io/v1', 'NetworkPolicy', 'spec: {ingress: [{ports: [{port: 80}]}]}'),
    [skipped],
  ],
  [
    'a Role',
    object('rbac.authorization.k8s.io/v1', 'Role', 'rules: [{verbs: [get], resources: [pods], apiGroups: [""]}]'),
    [skipped],
  ],
  [
    'a Role without verbs',
    object('rbac.authorization.k8s.io/v1', 'Role', 'rules: [{verbs: []}]'),
    [skipped, 'error FIELD_REQUIRED'],
  ],
  [
    'a ClusterRole with a name of its own kind',
    object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'rules: []').replace('name: a', 'name: "system:A_b"'),
    [skipped],
  ],
  ['a StorageClass', object('storage.k8s.io/v1', 'StorageClass', 'provisioner: example.com/a'), [skipped]],
  [
    'a StorageClass without what makes its volumes',
    object('storage.k8s.io/v1', 'StorageClass', ''),
    [skipped, 'error FIELD_REQUIRED'],
  ],
  [
    'a PersistentVolume',
    object(
      'v1',
      'PersistentVolume',
      'spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /a}}',
    ),
    [skipped],
  ],
  [
    'an autoscaler',
    object(
      'autoscaling/v2',
      'HorizontalPodAutoscaler',
      'spec: {maxReplicas: 3, scaleTargetRef: {kind: A, name: b}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]}',
    ),
    [skipped],
  ],
  [
    'an autoscaler of no pods',
    object('autoscaling/v2', 'HorizontalPodAutoscaler', 'spec: {maxReplicas: 0, scaleTargetRef: {kind: A, name: b}}'),
    [skipped, 'error FIELD_VALUE'],
  ],
  ['an autoscaler of old', object('autoscaling/v2beta2', 'HorizontalPodAutoscaler', ''), ['error API_VERSION']],
  [
    'a PodDisruptionBudget',
    object('policy/v1', 'PodDisruptionBudget', 'spec: {minAvailable: 50%, selector: {}}'),
    [skipped],
  ],
  ['a kind newer than our types', object('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicy', ''), [skipped]],
  ['a custom resource', object('example.com/v1', 'Pod', 'spec: {anything: [1]}'), [skipped]],
  ['a resource of an operator', object('monitoring.coreos.com/v1', 'ServiceMonitor', ''), [skipped]],
  [
    'a CustomResourceDefinition',
    object(
      'apiextensions.k8s.io/v1',
      'CustomResourceDefinition',
      'spec: {group: g, scope: Namespaced, names: {kind: K, plural: ks}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}',
    ),
    [skipped],
  ],
  ['a file for kustomize', object('kustomize.config.k8s.io/v1beta1', 'Kustomization', ''), ['error KIND_UNKNOWN']],
  [
    'an object without a name',
    object('v1', 'Service', 'spec: {}').replace('name: a', ''),
    [skipped, 'error FIELD_REQUIRED'],
  ],
  [
    'an object without a version',
    object('v1', 'Service', '').replace('apiVersion: v1, ', ''),
    ['error FIELD_REQUIRED'],
  ],
  [
    'a StatefulSet with claims',
    object(
      'apps/v1',
      'StatefulSet',
      `spec: {serviceName: a, selector: {matchLabels: {a: b}}, template: ${template('', ', volumeMounts: [{name: data, mountPath: /d}]')}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}`,
    ),
    [skipped],
  ],
  [
    'a DaemonSet',
    object('apps/v1', 'DaemonSet', `spec: {selector: {matchLabels: {a: b}}, template: ${template('')}}`),
    [skipped],
  ],
  [
    'a ReplicaSet that selects others',
    object('apps/v1', 'ReplicaSet', `spec: {selector: {matchLabels: {a: c}}, template: ${template('')}}`),
    [skipped, 'error FIELD_CONFLICT'],
  ],
  [
    'a DaemonSet with a wrong port',
    object(
      'apps/v1',
      'DaemonSet',
      `spec: {selector: {matchLabels: {a: b}}, template: ${template('', ', ports: [{containerPort: 0}]')}}`,
    ),
    [skipped, 'error FIELD_VALUE'],
  ],
  ['a Job', object('batch/v1', 'Job', `spec: {template: ${template('restartPolicy: Never, ')}}`), [skipped]],
  [
    'a Job that never ends',
    object('batch/v1', 'Job', `spec: {template: ${template('')}}`),
    [skipped, 'error FIELD_VALUE'],
  ],
  [
    'a CronJob with a wrong schedule',
    object(
      'batch/v1',
      'CronJob',
      `spec: {schedule: "61 * * * *", jobTemplate: {spec: {template: ${template('restartPolicy: Never, ')}}}}`,
    ),
    [skipped, 'error FIELD_VALUE'],
  ],
];

for (const [name, text, want] of cases) {
  test(`load() of ${name}`, () => {
    const { objects, problems } = read(text);
    assert.deepEqual(objects, []);
    assert.deepEqual(
      codes(problems)
        .map(code => code.replace(/^\d+:\d+ /, ''))
        .sort(),
      [...want].sort(),
      JSON.stringify(problems.map(problem => problem.message)),
    );
    assert.ok(problems.every(({ hint, line }) => line === 1 && hint !== undefined));
  });
}

test('load() skips other kinds and reads on', () => {
  const { objects, problems } = read(
    `${cases
      .slice(0, 4)
      .map(each => each[1])
      .join('\n---\n')}\n---\n${pod()}`,
  );
  assert.deepEqual(
    objects.map(each => [each.key, each.usable]),
    [['Pod/default/web', true]],
  );
  assert.deepEqual(
    codes(problems),
    ['1:18', '3:18', '5:18', '7:18'].map(at => `${at} ${skipped}`).concat('7:70 error FIELD_TYPE'),
  );
});

test('load() makes errors of skipped kinds with strict', () => {
  const { problems } = read(object('example.com/v1', 'Thing', ''), true);
  assert.deepEqual(codes(problems), ['1:30 error KIND_UNSUPPORTED']);
});

test('every kind that issues of users name has a schema', () => {
  const names = Object.keys(checkedKinds).map(name => name.slice(name.lastIndexOf('/') + 1));
  const wanted =
    'Namespace ServiceAccount Role RoleBinding ClusterRole ClusterRoleBinding NetworkPolicy HorizontalPodAutoscaler PodDisruptionBudget Ingress StorageClass PersistentVolume Service StatefulSet DaemonSet ReplicaSet ReplicationController Job CronJob CustomResourceDefinition';
  assert.deepEqual(
    wanted.split(' ').filter(kind => !names.includes(kind)),
    [],
  );
});

const schedules: readonly (readonly [string, boolean])[] = [
  ['* * * * *', true],
  ['*/5 0-23/2 1,15 jan-MAR sun', true],
  ['0 0 ? * 6', true],
  ['@daily', true],
  ['@every 1h30m', true],
  ['', false],
  ['* * * *', false],
  ['* * * * * *', false],
  ['60 * * * *', false],
  ['* 24 * * *', false],
  ['* * 0 * *', false],
  ['* * * 13 *', false],
  ['* * * * 7', false],
  ['5-1 * * * *', false],
  ['*/0 * * * *', false],
  ['1/2/3 * * * *', false],
  ['a * * * *', false],
  ['@sometimes', false],
  ['@every soon', false],
  ['TZ=UTC * * * * *', false],
];
for (const [schedule, right] of schedules) {
  test(`scheduleFault() ${right ? 'takes' : 'refuses'} "${schedule}"`, () => {
    assert.equal(scheduleFault(schedule) === undefined, right);
  });
}
