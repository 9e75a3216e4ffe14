import { type Changes, long, notLabels, values } from './damage.ts';

const volumes = [
  ...values('spec.volumes[0].name', ...notLabels, undefined, 'disk'),
  ...values('spec.volumes[0].hostPath', { path: '/a' }),
  ...values('spec.volumes[0].emptyDir.sizeLimit', '-1', -1, 'a'),
  ...values('spec.volumes[1].persistentVolumeClaim', {}, { claimName: '' }, { claimName: 'web.example-own' }),
  ...values('spec.volumes[2].configMap', {}, { name: '' }),
  ...values('spec.volumes[2].configMap.defaultMode', -1, 512, 644, '0644'),
  ...values('spec.volumes[2].configMap.items[0].mode', -1, 512),
  ...values('spec.volumes[2].configMap.items[0].path', '', '/a', '../a', 'a/..', '..a', undefined),
  ...values('spec.volumes[2].configMap.items[0].key', '', undefined),
  ...values(
    'spec.volumes[3].secret',
    {},
    { secretName: '' },
    { name: 'a' },
    { secretName: 'a', items: [{ key: 'a' }] },
  ),
  ...values('spec.volumes[4].hostPath', {}, { path: '' }, { path: '/a/../b' }, { path: '/a', type: 'Dir' }),
  ...values('spec.volumes[5].projected.defaultMode', 1000),
  ...values('spec.volumes[5].projected.sources[0].secret', { name: 'a' }),
  ...values('spec.volumes[5].projected.sources[0].configMap.name', '', undefined),
  ...values('spec.volumes[5].projected.sources[0].configMap.items[0].path', '..', 'labels'),
  ...values(
    'spec.volumes[5].projected.sources[2].downwardAPI.items[0].fieldRef.fieldPath',
    'status.podIP',
    'spec.nodeName',
    '',
  ),
  ...values(
    'spec.volumes[5].projected.sources[3].serviceAccountToken',
    {},
    { path: '/a' },
    { path: 'a', expirationSeconds: 599 },
  ),
  ...values('spec.volumes[5].projected.sources[3].serviceAccountToken.expirationSeconds', 2 ** 32 + 1),
  ...values('spec.volumes[6].downwardAPI.items[0].resourceFieldRef', undefined, {}, { resource: 'limits.cpu' }),
  ...values('spec.volumes[6].downwardAPI.items[0].fieldRef', { fieldPath: 'metadata.name' }),
  ...values('spec.volumes[6].downwardAPI.items[0].path', '', '/a', '..'),
  ...values('spec.volumes[6].downwardAPI.items[0].mode', 512),
  ...values('spec.volumes[7].nfs', {}, { server: 'a' }, { path: '/a' }, { server: 'a', path: 'b' }),
  ...values(
    'spec.volumes[8].csi',
    {},
    { driver: '' },
    { driver: 'a_b' },
    { driver: long(64) },
    { driver: 'a', nodePublishSecretRef: {} },
  ),
  ...values('spec.volumes[9].image', {}, { reference: '' }, { reference: 'a', pullPolicy: 'always' }),
  ...values('spec.volumes[10].ephemeral', {}, { volumeClaimTemplate: {} }, { volumeClaimTemplate: { spec: {} } }),
  ...values('spec.volumes[10].ephemeral.volumeClaimTemplate.metadata.name', 'a'),
  ...values('spec.volumes[8]', { name: 'x', iscsi: { targetPortal: 'a', iqn: 'b', lun: 0 } }, { name: 'x', fc: {} }),
  ...values(
    'spec.volumes[8]',
    { name: 'x', fc: { targetWWNs: ['a'] } },
    { name: 'x', flocker: {} },
    { name: 'x', rbd: { image: 'a', monitors: [] } },
  ),
  ...values(
    'spec.volumes[8]',
    { name: 'x', gitRepo: {} },
    { name: 'x', azureDisk: { diskName: 'a', diskURI: 'b', kind: 'Managed' } },
  ),
  ...values(
    'spec.volumes[8]',
    { name: 'x', awsElasticBlockStore: { volumeID: 'a', partition: 256 } },
    { name: 'x', cephfs: { monitors: [] } },
  ),
  ...values(
    'spec.volumes[8]',
    { name: 'x', flexVolume: { driver: 'a', options: { 'kubernetes.io/a': 'b' } } },
    { name: 'x', portworxVolume: {} },
  ),
];

/** What a server refuses of volumes, one damage each. */
export const refusedVolumes: readonly Changes[] = [volumes].flat();
