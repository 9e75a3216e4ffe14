/** A JSON Schema, as far as we write it. */
export type Schema = { readonly [keyword: string]: unknown };

/** What a field of a definition has beyond its type. Facts of the Kubernetes API reference, 1.34 to 1.36. */
type Overlay = { readonly [field: string]: Schema };

const port: Schema = { minimum: 1, maximum: 65535 };
const natural: Schema = { minimum: 0 };
const mode: Schema = { minimum: 0, maximum: 0o777 };
/** User and group ids: Linux reserves the upper half for "none". */
const id: Schema = { minimum: 0, maximum: 2 ** 31 - 1 };
const profile: Schema = { enum: ['Localhost', 'RuntimeDefault', 'Unconfined'] };
const pullPolicy: Schema = { enum: ['Always', 'IfNotPresent', 'Never'] };
const terminationPolicy: Schema = { enum: ['FallbackToLogsOnError', 'File'] };
const anyObject: Schema = { replace: { type: 'object' } };

/** By definition (the client's class name without its version), then by field. `replace` stands for the whole. */
export const fields: { readonly [definition: string]: Overlay } = {
  Pod: { status: anyObject },
  Deployment: { status: anyObject },
  PersistentVolumeClaim: { status: anyObject },
  ObjectMeta: { managedFields: { replace: { type: 'array' } } },
  PodSpec: {
    dnsPolicy: { enum: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] },
    preemptionPolicy: { enum: ['Never', 'PreemptLowerPriority'] },
    restartPolicy: { enum: ['Always', 'OnFailure', 'Never'] },
    terminationGracePeriodSeconds: natural,
    activeDeadlineSeconds: { minimum: 1 },
    containers: { minItems: 1 },
  },
  Container: { imagePullPolicy: pullPolicy, terminationMessagePolicy: terminationPolicy },
  EphemeralContainer: { imagePullPolicy: pullPolicy, terminationMessagePolicy: terminationPolicy },
  ContainerPort: {
    containerPort: port,
    hostPort: { minimum: 0, maximum: 65535 },
    protocol: { enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP' },
  },
  Probe: {
    initialDelaySeconds: natural,
    periodSeconds: natural,
    timeoutSeconds: natural,
    successThreshold: natural,
    failureThreshold: natural,
  },
  HTTPGetAction: { scheme: { enum: ['HTTP', 'HTTPS'] } },
  SecurityContext: { procMount: { enum: ['Default', 'Unmasked'] }, runAsUser: id, runAsGroup: id },
  PodSecurityContext: {
    fsGroupChangePolicy: { enum: ['Always', 'OnRootMismatch'] },
    supplementalGroupsPolicy: { enum: ['Merge', 'Strict'] },
    runAsUser: id,
    runAsGroup: id,
    fsGroup: id,
    supplementalGroups: { items: { type: 'integer', ...id } },
  },
  AppArmorProfile: { type: profile },
  SeccompProfile: { type: profile },
  VolumeMount: {
    mountPropagation: { enum: ['None', 'HostToContainer', 'Bidirectional'] },
    recursiveReadOnly: { enum: ['Disabled', 'IfPossible', 'Enabled'] },
  },
  HostPathVolumeSource: {
    type: {
      enum: ['', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket', 'CharDevice', 'BlockDevice'],
    },
  },
  EmptyDirVolumeSource: { sizeLimit: { quantity: true } },
  ConfigMapVolumeSource: { defaultMode: mode },
  SecretVolumeSource: { defaultMode: mode },
  ProjectedVolumeSource: { defaultMode: mode },
  DownwardAPIVolumeSource: { defaultMode: mode },
  KeyToPath: { mode },
  ImageVolumeSource: { pullPolicy },
  ResourceRequirements: { limits: { quantity: true }, requests: { quantity: true } },
  VolumeResourceRequirements: { limits: { quantity: true }, requests: { quantity: true } },
  ResourceFieldSelector: { divisor: { quantity: true } },
  PersistentVolumeClaimSpec: {
    accessModes: {
      items: { type: 'string', enum: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'] },
    },
    volumeMode: { enum: ['Block', 'Filesystem'] },
  },
  Toleration: {
    effect: { enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] },
    operator: { enum: ['Equal', 'Exists', 'Gt', 'Lt'] },
  },
  TopologySpreadConstraint: {
    nodeAffinityPolicy: { enum: ['Honor', 'Ignore'] },
    nodeTaintsPolicy: { enum: ['Honor', 'Ignore'] },
    whenUnsatisfiable: { enum: ['DoNotSchedule', 'ScheduleAnyway'] },
  },
  LabelSelectorRequirement: { operator: { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] } },
  DeploymentSpec: { replicas: natural, minReadySeconds: natural, revisionHistoryLimit: natural },
  DeploymentStrategy: { type: { enum: ['RollingUpdate', 'Recreate'] } },
};

/** Fields that the server demands although the client's types make them optional. */
export const required: { readonly [definition: string]: readonly string[] } = {
  Pod: ['apiVersion', 'kind', 'metadata', 'spec'],
  Deployment: ['apiVersion', 'kind', 'metadata', 'spec'],
  ConfigMap: ['apiVersion', 'kind', 'metadata'],
  Secret: ['apiVersion', 'kind', 'metadata'],
  PersistentVolumeClaim: ['apiVersion', 'kind', 'metadata', 'spec'],
  PodTemplateSpec: ['spec'],
  Container: ['image'],
  SecretVolumeSource: ['secretName'],
  ConfigMapVolumeSource: ['name'],
  PersistentVolumeClaimSpec: ['accessModes', 'resources'],
};

/** A number, or a number with a suffix, as resource.Quantity parses it. */
export const quantity: Schema = {
  type: ['string', 'number'],
  pattern: '^[+-]?([0-9]+|[0-9]+\\.[0-9]*|\\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$',
};
