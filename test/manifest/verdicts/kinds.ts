/** Objects that a server takes, of the other kinds that run here. */
export const fullDeployment: object = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: {
    replicas: 2,
    minReadySeconds: 5,
    paused: false,
    progressDeadlineSeconds: 60,
    revisionHistoryLimit: 3,
    selector: {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }],
    },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
    template: {
      metadata: { labels: { app: 'web', tier: 'front', more: '' }, annotations: { a: 'b' } },
      spec: {
        restartPolicy: 'Always',
        containers: [{ name: 'main', image: 'example.com/web:1', ports: [{ containerPort: 80 }] }],
      },
    },
  },
};

export const fullConfigMap: object = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'config' },
  data: { 'a.b': 'c', _: '', 'UPPER-case': 'x' },
  binaryData: { picture: 'iVBORw0KGgo=' },
  immutable: false,
};

export const fullSecret: object = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'secret', annotations: { 'kubernetes.io/service-account.name': 'default' } },
  type: 'Opaque',
  data: { a: 'Yg==', c: '' },
  stringData: { a: 'plain', d: 'plain' },
  immutable: true,
};

export const fullClaim: object = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', labels: { a: 'b' } },
  spec: {
    accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
    resources: { requests: { storage: '1Gi' }, limits: { storage: '2Gi' } },
    storageClassName: 'fast.example',
    selector: { matchLabels: { a: 'b' } },
    volumeMode: 'Filesystem',
    volumeName: 'volume-1',
    dataSource: { kind: 'PersistentVolumeClaim', name: 'other' },
    dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'other' },
  },
};
