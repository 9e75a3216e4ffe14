import { type Changes, long, notKeys, notLabels, notSubdomains, single, values } from './damage.ts';
import { refusedContainers } from './refused-container.ts';
import { refusedPods } from './refused-pod.ts';
import { refusedScheduling } from './refused-scheduling.ts';
import { refusedVolumes } from './refused-volume.ts';

/** Changes to each of the objects of pod.ts and kinds.ts. */
export interface Verdicts {
  readonly pod: readonly Changes[];
  readonly deployment: readonly Changes[];
  readonly configMap: readonly Changes[];
  readonly secret: readonly Changes[];
  readonly claim: readonly Changes[];
}

const metadata = [
  ...values('metadata.name', ...notSubdomains),
  ...values('metadata.namespace', ...notLabels.slice(1)),
  ...values(
    'metadata.labels',
    ...notKeys.map(key => ({ [key]: 'x' })),
    ...['a b', '-', 'a-', long(64)].map(a => ({ a })),
  ),
  ...values('metadata.annotations', ...notKeys.filter(key => key !== 'UPPER/a').map(key => ({ [key]: 'x' }))),
  ...values('metadata.annotations', { a: long(256 * 1024) }),
  ...values('metadata.finalizers', ['a'], ['a b/c'], ['orphan', 'foregroundDeletion']),
  ...values('metadata.creationTimestamp', 'yesterday', '2024-01-01', ''),
  ...values('metadata.generateName', 'A-', '_'),
  ...single(['metadata.name', undefined], ['metadata', undefined], ['apiVersion', 'v2'], ['kind', 'Pot'], ['extra', 1]),
];

const template = 'spec.template.spec.containers[0]';
const share = 'spec.strategy.rollingUpdate';
const claimSpec = 'spec';

/** What a server refuses, one damage each. */
export const refused: Verdicts = {
  pod: [...metadata, ...refusedContainers, ...refusedPods, ...refusedScheduling, ...refusedVolumes],
  deployment: [
    ...metadata,
    ...values('spec.replicas', -1, 1.5, '2', 2 ** 31),
    ...values('spec.minReadySeconds', -1, 60, 61),
    ...values('spec.revisionHistoryLimit', -1),
    ...values('spec.progressDeadlineSeconds', -1, 5, 0),
    ...values('spec.selector', undefined, {}, { matchLabels: {} }, { app: 'web' }, { matchLabels: { app: 'x' } }),
    ...values('spec.selector.matchLabels.app', 'a b', 'x'),
    ...values('spec.selector.matchExpressions[0].operator', 'in', 'NotIn', 'DoesNotExist', '', undefined),
    ...values('spec.selector.matchExpressions[0].values', [], ['x'], ['a b', 'front']),
    ...values('spec.selector.matchExpressions[0].key', '', 'other'),
    ...values('spec.template', undefined, {}),
    ...values(
      'spec.template.metadata',
      undefined,
      {},
      { labels: { app: 'web' } },
      { labels: { app: 'web', tier: 'front', 'a b': 'c' } },
    ),
    ...values('spec.template.metadata.annotations', { 'a b': 'c' }),
    ...values('spec.template.spec', undefined, {}),
    ...values('spec.template.spec.restartPolicy', 'Never', 'OnFailure', 'always'),
    ...values('spec.template.spec.activeDeadlineSeconds', 5),
    ...values('spec.template.spec.ephemeralContainers', [{ name: 'debug', image: 'a' }]),
    ...values(`${template}.name`, '', 'A'),
    ...values(`${template}.image`, '', undefined),
    ...values(`${template}.comand`, ['a']),
    ...values(`${template}.ports[0].containerPort`, 0, '80'),
    ...values('spec.strategy.type', 'Rolling', 'Recreate', 'rollingupdate'),
    ...values(`${share}.maxSurge`, '-1', -1, '50', 'x', 0, '0%', 1.5, true),
    ...values(`${share}.maxUnavailable`, -1, '101%', '1', '%', 'half'),
  ],
  configMap: [
    ...metadata,
    ...values(
      'data',
      { 'a/b': 'c' },
      { '': 'a' },
      { '..': 'a' },
      { '.': 'a' },
      { '..a': 'b' },
      { 'a b': 'c' },
      { [long(254)]: 'a' },
    ),
    ...values(
      'data',
      { a: 1 },
      { a: true },
      { a: { b: 'c' } },
      { a: ['b'] },
      ['a'],
      'a',
      { picture: 'x' },
      { a: long(2 ** 20) },
    ),
    ...values('binaryData', { a: '*' }, { a: 'YQ' }, { a: 5 }, { 'a/b': 'YQ==' }),
    ...values('immutable', 'yes', 1),
  ],
  secret: [
    ...metadata,
    ...values('data', { 'a/b': 'YQ==' }, { a: 'b' }, { a: 'plain text' }, { a: 'YQ' }, { a: 1 }, { a: { b: 'c' } }),
    ...values('stringData', { 'a b': 'c' }, { a: 1 }, { a: true }, { '..a': 'b' }, { a: long(2 ** 20 + 1) }),
    ...values(
      'type',
      'kubernetes.io/tls',
      'kubernetes.io/dockerconfigjson',
      'kubernetes.io/dockercfg',
      'kubernetes.io/basic-auth',
    ),
    ...values('type', 'kubernetes.io/ssh-auth', 5),
    [['type', 'kubernetes.io/dockerconfigjson'] as const, ['stringData', { '.dockerconfigjson': 'x' }] as const],
    [['type', 'kubernetes.io/dockerconfigjson'] as const, ['data', { '.dockerconfigjson': 'eA==' }] as const],
    [['type', 'kubernetes.io/ssh-auth'] as const, ['stringData', { 'ssh-privatekey': '' }] as const],
    [['type', 'kubernetes.io/service-account-token'] as const, ['metadata.annotations', {}] as const],
    ...values('immutable', 'true'),
  ],
  claim: [
    ...metadata,
    ...values(
      `${claimSpec}.accessModes`,
      undefined,
      [],
      ['RWO'],
      ['readWriteOnce'],
      ['ReadWriteOnce', 'ReadWriteOncePod'],
      'ReadWriteOnce',
    ),
    ...values(`${claimSpec}.resources`, undefined, {}, { requests: {} }, { limits: { storage: '1Gi' } }),
    ...values(`${claimSpec}.resources.requests.storage`, 0, '0', '-1Gi', '1GB', '', 'big', '1 Gi', undefined),
    ...values(`${claimSpec}.storageClassName`, 'A', 'a b', 5),
    ...values(`${claimSpec}.volumeMode`, '', 'File', 'block'),
    ...values(`${claimSpec}.selector`, { matchLabels: { a: 'b c' } }, { a: 'b' }),
    ...values(
      `${claimSpec}.dataSource`,
      { kind: 'PersistentVolumeClaim' },
      { kind: 'PersistentVolumeClaim', name: 'differs' },
    ),
    ...values(
      `${claimSpec}.dataSourceRef`,
      { kind: 'Volume', name: 'a' },
      { kind: 'A', name: 'a', apiGroup: 'A_' },
      { name: 'a' },
    ),
    ...values(`${claimSpec}.volumeAttributesClassName`, 'A'),
  ],
};
