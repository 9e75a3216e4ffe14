import type { Kind } from '../model/key.ts';

/** What becomes of a field that Kubernetes knows. */
export type Verdict =
  /** Does here what it does in a cluster. */
  | 'honoured'
  /** A single host can do without: a warning. */
  | 'ignored'
  /** Leaving it out would change safety or meaning: an error that refuses the object. */
  | 'refused';

/** One row of the table. A row covers all that is below its path, except where longer paths have rows of their own. */
export interface Row {
  /** `spec.containers[].image`; `[]` is any item of a list, `*` any key of a map. */
  readonly path: string;
  readonly verdict: Verdict;
  /** Values (`'any'`: all of them) that pass without a word, as they ask for what happens anyway. */
  readonly silent: readonly unknown[] | 'any';
  /** Of an honoured field: the values that are. Others are refused. */
  readonly only?: readonly unknown[];
  /** Of an honoured field: the release that it came with. */
  readonly since?: string;
  readonly note?: string;
}

/** Rows under one path, for the reader. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** The release that is in the making, and the first. */
const release = '0.1.0';

const source =
  'volume sources here are hostPath, emptyDir, configMap, secret, projected, downwardAPI, image, ephemeral and persistentVolumeClaim';

const metadata: readonly Row[] = [
  honoured('name', 'namespace', 'labels', 'annotations'),
  ignored('finalizers', 'ownerReferences', 'deletionGracePeriodSeconds', 'deletionTimestamp'),
  silent('creationTimestamp', 'generation', 'managedFields', 'resourceVersion', 'selfLink', 'uid'),
  refused('generateName', 'a name made up at each pass would make a new object each time'),
].flat();

const securityContext: readonly Row[] = [
  honoured('runAsUser', 'runAsGroup', 'runAsNonRoot', 'seLinuxOptions', 'seccompProfile', 'appArmorProfile'),
  refused('windowsOptions', 'this is a Linux host'),
].flat();

const container: readonly Row[] = [
  honoured('name', 'image', 'imagePullPolicy', 'command', 'args', 'workingDir', 'tty'),
  noted(
    'stdin',
    'without a `tty` Podman ends the input with the first client that attaches: a warning unless `stdinOnce` says so',
  ),
  noted('stdinOnce', 'with a `tty` Podman keeps the input open: a warning'),
  honoured('env[].name', 'env[].value', 'env[].valueFrom.configMapKeyRef', 'env[].valueFrom.secretKeyRef'),
  honoured('env[].valueFrom.fieldRef', 'env[].valueFrom.resourceFieldRef'),
  refused('env[].valueFrom.fileKeyRef', 'the file is there only once the container is made, and its environment fixed'),
  honoured('envFrom', 'ports'),
  honoured('resources.limits.cpu', 'resources.requests.cpu', 'resources.requests.memory'),
  noted(
    'resources.limits.memory',
    'what the kernel kills for it ended by OOMKilled; with Podman 4.3 by Error, exit code 137: its monitor leaves the mark in the directory that the engine was started in, one for all containers, and the control group that counts is gone',
  ),
  ignored('resources.limits.*', 'resources.requests.*'),
  refused('resources.claims', 'devices are not allocated here'),
  noted('resizePolicy', 'below Podman 5.4, other limits always replace the container'),
  honoured('volumeMounts[].name', 'volumeMounts[].mountPath', 'volumeMounts[].readOnly', 'volumeMounts[].subPath'),
  honoured('volumeMounts[].mountPropagation', 'volumeMounts[].subPathExpr'),
  noted(
    'volumeMounts[].recursiveReadOnly',
    'with `Enabled` a container does not start while anything is mounted below the volume',
  ),
  refused('volumeDevices', 'block volumes are not supported'),
  under('securityContext', securityContext),
  honoured('securityContext.privileged', 'securityContext.readOnlyRootFilesystem'),
  honoured('securityContext.allowPrivilegeEscalation', 'securityContext.capabilities'),
  honoured('securityContext.procMount'),
  honoured('livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle.postStart', 'lifecycle.preStop'),
  honoured('lifecycle.stopSignal'),
  refused('restartPolicyRules', 'restart rules of single containers come in a later release'),
  honoured('terminationMessagePath', 'terminationMessagePolicy'),
].flat();

/** Where the two lists of containers differ. */
const restartPolicies: readonly Row[] = [
  ...only('initContainers[].restartPolicy', ['Always']),
  ...refused('containers[].restartPolicy', 'a main container restarts as its pod does'),
];

const claimSpec: readonly Row[] = [
  honoured('accessModes'),
  silent('resources'),
  ignoredUnless('storageClassName', ''),
  ignored('volumeAttributesClassName'),
  refused('volumeMode', 'block volumes are not supported', ['Filesystem']),
  refused('volumeName', 'the data of that volume would be missing'),
  refused('selector', 'the data of the volume that it selects would be missing'),
  refused('dataSource', 'the volume would start empty'),
  refused('dataSourceRef', 'the volume would start empty'),
].flat();

const volume: readonly Row[] = [
  honoured('name', 'hostPath', 'configMap', 'secret', 'persistentVolumeClaim', 'downwardAPI'),
  noted('image', 'mounted whole; `subPath` of an image is refused'),
  only('emptyDir.medium', ['', 'Memory']),
  noted(
    'emptyDir.sizeLimit',
    'in memory it is the size; on disk `status` and `why` tell what is above it, and nothing is evicted',
  ),
  honoured('projected.defaultMode', 'projected.sources[].configMap', 'projected.sources[].secret'),
  honoured('projected.sources[].downwardAPI'),
  refused('projected.sources[].serviceAccountToken', 'there is no API server that a token would be for'),
  refused('projected.sources[].clusterTrustBundle', 'there is no API server that has bundles'),
  refused('projected.sources[].podCertificate', 'there is no API server that signs certificates'),
  noted('ephemeral.volumeClaimTemplate', 'a directory that lasts as long as the pod'),
  silent('ephemeral.volumeClaimTemplate.metadata'),
  under('ephemeral.volumeClaimTemplate.spec', claimSpec),
  ...[
    'awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk gitRepo',
    'glusterfs iscsi nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume',
  ].flatMap(names => names.split(' ').flatMap(name => refused(name, source))),
].flat();

const podSpec: readonly Row[] = [
  honoured('restartPolicy', 'terminationGracePeriodSeconds', 'hostname', 'hostNetwork', 'hostPID', 'hostIPC'),
  honoured('shareProcessNamespace', 'hostAliases', 'dnsConfig', 'imagePullSecrets'),
  honoured('hostnameOverride', 'subdomain', 'setHostnameAsFQDN', 'dnsPolicy'),
  under('securityContext', securityContext),
  honoured('securityContext.supplementalGroups', 'securityContext.sysctls'),
  noted(
    'securityContext.fsGroup',
    'of what the engine mounts only while it is used (`volume.podman.io/type`) the owner stays',
  ),
  honoured('securityContext.fsGroupChangePolicy'),
  ignored('securityContext.seLinuxChangePolicy'),
  noted(
    'securityContext.supplementalGroupsPolicy',
    '`Strict` needs a `runAsUser` and a `runAsGroup` for each container',
  ),
  noted(
    'hostUsers',
    '`false` takes ids from /etc/subuid ([manifests.md](manifests.md#users-of-a-pods-own)); not rootless, nor with claims and host paths',
  ),
  refused('ephemeralContainers', 'they are added to running pods, not to manifests'),
  noted('activeDeadlineSeconds', 'counted from when the pod is made, after its images were pulled; the agent keeps it'),
  refused('runtimeClassName', 'the pod would run under another runtime'),
  refused('schedulingGates', 'the pod would start although it is held back'),
  refused('resourceClaims', 'devices are not allocated here'),
  ...['resources.limits.cpu', 'resources.limits.memory', 'resources.requests.cpu', 'resources.requests.memory'].map(
    path => noted(path, 'set on the cgroup of the pod; another amount recreates it'),
  ),
  ignored('resources.limits.*', 'resources.requests.*'),
  refused('resources.claims', 'devices are not allocated here'),
  refused('os', 'this is a Linux host', [{ name: 'linux' }]),
  ignoredUnless('schedulerName', 'default-scheduler'),
  ignoredUnless('serviceAccountName', 'default', ''),
  ignoredUnless('serviceAccount', 'default', ''),
  ignoredUnless('preemptionPolicy', 'PreemptLowerPriority'),
  ignored('affinity', 'nodeName', 'nodeSelector', 'priority', 'priorityClassName'),
  ignored('overhead').map(row => ({ ...row, note: 'only other runtimes have one' })),
  ignored('readinessGates').map(row => ({ ...row, note: 'there is no API server at which somebody sets conditions' })),
  ignored('schedulingGroup', 'tolerations', 'topologySpreadConstraints'),
  silent('automountServiceAccountToken'),
  silent('enableServiceLinks').map(row => ({
    ...row,
    note: 'there are no Services yet whose variables a pod could get',
  })),
].flat();

const deployment: readonly Row[] = [
  honoured('replicas', 'selector'),
  honoured('strategy.type'),
  ignoredUnless(
    'strategy.rollingUpdate',
    {},
    { maxSurge: '25%' },
    { maxUnavailable: '25%' },
    { maxSurge: '25%', maxUnavailable: '25%' },
  ),
  ignoredUnless('minReadySeconds', 0),
  ignoredUnless('paused', false),
  ignoredUnless('progressDeadlineSeconds', 600),
  ignoredUnless('revisionHistoryLimit', 10),
].flat();

const pod: readonly Row[] = [
  ...podSpec,
  ...under('containers[]', container),
  ...under('initContainers[]', container),
  ...restartPolicies,
  ...under('volumes[]', volume),
];
const common: readonly Row[] = [...honoured('apiVersion', 'kind'), ...under('metadata', metadata)];

/** Every field of the five kinds. A test proves that none is missing. */
export const support: { readonly [K in Kind]: readonly Row[] } = {
  Pod: [...common, ...under('spec', pod), ...silent('status')],
  Deployment: [
    ...common,
    ...under('spec', deployment),
    ...under('spec.template.metadata', metadata),
    ...under('spec.template.spec', pod),
    ...silent('status'),
  ],
  ConfigMap: [...common, ...honoured('data', 'binaryData', 'immutable')],
  Secret: [...common, ...honoured('data', 'stringData', 'type', 'immutable')],
  PersistentVolumeClaim: [...common, ...under('spec', claimSpec), ...silent('status')],
};

/** The same rows without repetition, for docs/kubernetes.md. */
export const sections: readonly Section[] = [
  { title: 'metadata, of every kind and of templates', rows: metadata },
  { title: "Pod: spec (and a Deployment's spec.template.spec)", rows: podSpec },
  { title: 'Containers: spec.containers[] and spec.initContainers[]', rows: [...container, ...restartPolicies] },
  { title: 'Volumes: spec.volumes[]', rows: volume },
  { title: 'Deployment: spec', rows: deployment },
  { title: 'ConfigMap', rows: honoured('data', 'binaryData', 'immutable') },
  { title: 'Secret', rows: honoured('data', 'stringData', 'type', 'immutable') },
  { title: 'PersistentVolumeClaim: spec', rows: claimSpec },
];

function honoured(...paths: readonly string[]): readonly Row[] {
  return paths.map(path => ({ path, verdict: 'honoured', silent: 'any', since: release }));
}

function noted(path: string, note: string): readonly Row[] {
  return [{ path, verdict: 'honoured', silent: 'any', since: release, note }];
}

function only(path: string, values: readonly unknown[]): readonly Row[] {
  return [{ path, verdict: 'honoured', silent: 'any', only: values, since: release }];
}

function ignored(...paths: readonly string[]): readonly Row[] {
  return paths.map(path => ({ path, verdict: 'ignored', silent: [] }));
}

function ignoredUnless(path: string, ...values: readonly unknown[]): readonly Row[] {
  return [{ path, verdict: 'ignored', silent: values }];
}

function silent(...paths: readonly string[]): readonly Row[] {
  return paths.map(path => ({ path, verdict: 'ignored', silent: 'any' }));
}

function refused(path: string, note: string, values: readonly unknown[] = []): readonly Row[] {
  return [{ path, verdict: 'refused', silent: values, note }];
}

function under(prefix: string, rows: readonly Row[]): readonly Row[] {
  return rows.map(row => ({ ...row, path: `${prefix}.${row.path}` }));
}
