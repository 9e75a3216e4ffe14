/** A JSON Schema, as far as we write it. */
export type Schema = { readonly [keyword: string]: unknown };

/** What a field of a definition has beyond its type. Facts of the Kubernetes API reference, 1.34 to 1.36. */
type Overlay = { readonly [field: string]: Schema };

const natural: Schema = { minimum: 0, maximum: 2 ** 31 - 1 };
const port: Schema = { minimum: 1, maximum: 65535 };
const mode: Schema = { minimum: 0, maximum: 0o777 };
/** User and group ids: Linux reserves the upper half for "none". */
const id: Schema = { minimum: 0, maximum: 2 ** 31 - 1 };
const profile: Schema = { enum: ['Localhost', 'RuntimeDefault', 'Unconfined'] };
/** Where an empty text is filled in like an absent one. */
const pullPolicy: Schema = orEmpty('Always', 'IfNotPresent', 'Never');
const terminationPolicy: Schema = orEmpty('FallbackToLogsOnError', 'File');
const quantities: Schema = { quantity: true };
const inclusion: Schema = { enum: ['Honor', 'Ignore'] };
const accessModes: Schema = {
  items: { type: 'string', enum: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'] },
};
const container: Overlay = {
  imagePullPolicy: pullPolicy,
  terminationMessagePolicy: terminationPolicy,
  restartPolicy: { enum: ['Always', 'OnFailure', 'Never'] },
  restartPolicyRules: { maxItems: 20 },
};
const partition: Schema = { minimum: 0, maximum: 255 };

/** Signals of Linux: the common ones, and the real-time ones counted from either end. */
const signals: readonly string[] = [
  ...'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS'.split(' '),
  ...'TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'.split(' '),
  ...Array.from({ length: 15 }, (_, i) => `RTMIN+${i + 1}`),
  ...Array.from({ length: 14 }, (_, i) => `RTMAX-${i + 1}`),
].map(name => `SIG${name}`);

/** By definition (the client's class name without its version), then by field. `replace` stands for the whole. */
export const fields: { readonly [definition: string]: Overlay } = {
  ObjectMeta: { managedFields: { replace: { type: 'array' } }, generation: { minimum: 0 } },
  PodSpec: {
    dnsPolicy: orEmpty('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'),
    preemptionPolicy: { enum: ['Never', 'PreemptLowerPriority'] },
    restartPolicy: orEmpty('Always', 'OnFailure', 'Never'),
    activeDeadlineSeconds: { minimum: 1, maximum: 2 ** 31 - 1 },
    overhead: quantities,
  },
  PodOS: { name: { enum: ['linux', 'windows'] } },
  Container: container,
  EphemeralContainer: container,
  ContainerRestartRule: { action: { enum: ['Restart', 'RestartAllContainers'] } },
  ContainerRestartRuleOnExitCodes: { operator: { enum: ['In', 'NotIn'] }, values: { maxItems: 255 } },
  ContainerResizePolicy: {
    resourceName: { enum: ['cpu', 'memory'] },
    restartPolicy: { enum: ['NotRequired', 'RestartContainer'] },
  },
  ContainerPort: {
    containerPort: port,
    hostPort: { minimum: 0, maximum: 65535 },
    protocol: { ...orEmpty('TCP', 'UDP', 'SCTP'), default: 'TCP' },
  },
  Probe: {
    initialDelaySeconds: natural,
    periodSeconds: natural,
    timeoutSeconds: natural,
    successThreshold: natural,
    failureThreshold: natural,
    terminationGracePeriodSeconds: { minimum: 1 },
  },
  GRPCAction: { port },
  HTTPGetAction: { scheme: orEmpty('HTTP', 'HTTPS') },
  Lifecycle: { stopSignal: { enum: signals } },
  SecurityContext: { procMount: { enum: ['Default', 'Unmasked'] }, runAsUser: id, runAsGroup: id },
  PodSecurityContext: {
    fsGroupChangePolicy: { enum: ['Always', 'OnRootMismatch'] },
    supplementalGroupsPolicy: { enum: ['Merge', 'Strict'] },
    seLinuxChangePolicy: { enum: ['MountOption', 'Recursive'] },
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
  EmptyDirVolumeSource: { sizeLimit: quantities },
  ConfigMapVolumeSource: { defaultMode: mode },
  SecretVolumeSource: { defaultMode: mode },
  ProjectedVolumeSource: { defaultMode: mode },
  DownwardAPIVolumeSource: { defaultMode: mode },
  DownwardAPIVolumeFile: { mode },
  KeyToPath: { mode },
  ServiceAccountTokenProjection: { expirationSeconds: { minimum: 600, maximum: 2 ** 32 } },
  ImageVolumeSource: { pullPolicy },
  AWSElasticBlockStoreVolumeSource: { partition },
  GCEPersistentDiskVolumeSource: { partition },
  ISCSIVolumeSource: { lun: partition },
  AzureDiskVolumeSource: {
    cachingMode: { enum: ['None', 'ReadOnly', 'ReadWrite'] },
    kind: { enum: ['Dedicated', 'Managed', 'Shared'] },
  },
  ResourceRequirements: { limits: quantities, requests: quantities },
  VolumeResourceRequirements: { limits: quantities, requests: quantities },
  ResourceFieldSelector: { divisor: quantities },
  PersistentVolumeClaimSpec: { accessModes, volumeMode: { enum: ['Block', 'Filesystem'] } },
  Toleration: {
    effect: orEmpty('NoExecute', 'NoSchedule', 'PreferNoSchedule'),
    operator: orEmpty('Equal', 'Exists', 'Gt', 'Lt'),
  },
  TopologySpreadConstraint: {
    maxSkew: { minimum: 1 },
    minDomains: { minimum: 1 },
    nodeAffinityPolicy: inclusion,
    nodeTaintsPolicy: inclusion,
    whenUnsatisfiable: { enum: ['DoNotSchedule', 'ScheduleAnyway'] },
  },
  PreferredSchedulingTerm: { weight: { minimum: 1, maximum: 100 } },
  WeightedPodAffinityTerm: { weight: { minimum: 1, maximum: 100 } },
  NodeSelectorRequirement: { operator: { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] } },
  LabelSelectorRequirement: { operator: { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] } },
  DeploymentSpec: {
    replicas: natural,
    minReadySeconds: natural,
    revisionHistoryLimit: natural,
    progressDeadlineSeconds: natural,
  },
  DeploymentStrategy: { type: orEmpty('RollingUpdate', 'Recreate') },
  // From here on, of the kinds that are checked and skipped.
  PersistentVolumeSpec: {
    accessModes,
    capacity: quantities,
    persistentVolumeReclaimPolicy: orEmpty('Delete', 'Recycle', 'Retain'),
    volumeMode: { enum: ['Block', 'Filesystem'] },
  },
  ResourceQuotaSpec: { hard: quantities },
  LimitRangeItem: {
    default: quantities,
    defaultRequest: quantities,
    max: quantities,
    maxLimitRequestRatio: quantities,
    min: quantities,
  },
  V2MetricTarget: { averageValue: quantities, value: quantities },
  Overhead: { podFixed: quantities },
  CSIStorageCapacity: { capacity: quantities, maximumVolumeSize: quantities },
  ServiceSpec: {
    type: orEmpty('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'),
    sessionAffinity: orEmpty('ClientIP', 'None'),
    externalTrafficPolicy: orEmpty('Cluster', 'Local'),
    internalTrafficPolicy: { enum: ['Cluster', 'Local'] },
    ipFamilyPolicy: { enum: ['PreferDualStack', 'RequireDualStack', 'SingleStack'] },
  },
  ServicePort: { port, protocol: orEmpty('TCP', 'UDP', 'SCTP') },
  StatefulSetSpec: {
    replicas: natural,
    minReadySeconds: natural,
    revisionHistoryLimit: natural,
    podManagementPolicy: orEmpty('OrderedReady', 'Parallel'),
  },
  StatefulSetUpdateStrategy: { type: orEmpty('OnDelete', 'RollingUpdate') },
  DaemonSetSpec: { minReadySeconds: natural, revisionHistoryLimit: natural },
  DaemonSetUpdateStrategy: { type: orEmpty('OnDelete', 'RollingUpdate') },
  ReplicaSetSpec: { replicas: natural, minReadySeconds: natural },
  ReplicationControllerSpec: { replicas: natural, minReadySeconds: natural },
  JobSpec: {
    activeDeadlineSeconds: { minimum: 0 },
    backoffLimit: natural,
    completions: natural,
    parallelism: natural,
    ttlSecondsAfterFinished: natural,
    completionMode: { enum: ['Indexed', 'NonIndexed'] },
  },
  PodFailurePolicyRule: { action: { enum: ['Count', 'FailIndex', 'FailJob', 'Ignore'] } },
  PodFailurePolicyOnExitCodesRequirement: { operator: { enum: ['In', 'NotIn'] } },
  CronJobSpec: {
    concurrencyPolicy: orEmpty('Allow', 'Forbid', 'Replace'),
    startingDeadlineSeconds: { minimum: 0 },
    successfulJobsHistoryLimit: natural,
    failedJobsHistoryLimit: natural,
  },
  HTTPIngressPath: { pathType: { enum: ['Exact', 'ImplementationSpecific', 'Prefix'] } },
  NetworkPolicyPort: { protocol: { enum: ['TCP', 'UDP', 'SCTP'] } },
  NetworkPolicySpec: { policyTypes: { items: { type: 'string', enum: ['Egress', 'Ingress'] } } },
  HorizontalPodAutoscalerSpec: { maxReplicas: { minimum: 1 } },
  V2HorizontalPodAutoscalerSpec: { maxReplicas: { minimum: 1 } },
};

/** Fields that Kubernetes has had since the client's types were made. */
export const added: { readonly [definition: string]: { readonly [field: string]: Schema } } = {
  PodSpec: {
    schedulingGroup: {
      type: 'object',
      properties: { podGroupName: { type: 'string' } },
      additionalProperties: false,
    },
  },
  PodCertificateProjection: { userAnnotations: { type: 'object', additionalProperties: { type: 'string' } } },
};

/** Kinds that Kubernetes has had since the client's types were made: known by name, without a schema. */
export const addedKinds: readonly string[] = [
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy',
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding',
];

/**
 * Fields that the server demands although the client's types make them optional. What says which object it is (kind,
 * version, name) is looked at elsewhere: objects also stand inside of others, without it.
 */
export const required: { readonly [definition: string]: readonly string[] } = {
  PodTemplateSpec: ['spec'],
  Container: ['image'],
  ContainerRestartRule: ['exitCodes'],
  ExecAction: ['command'],
  SecretVolumeSource: ['secretName'],
  ConfigMapVolumeSource: ['name'],
  EphemeralVolumeSource: ['volumeClaimTemplate'],
  PersistentVolumeClaimSpec: ['accessModes', 'resources'],
  ...Object.fromEntries(
    [
      ...['Pod', 'Deployment', 'PersistentVolumeClaim'],
      ...['CronJob', 'DaemonSet', 'Ingress', 'Job', 'PersistentVolume', 'ReplicaSet', 'StatefulSet'],
    ].map(kind => [kind, ['spec']]),
  ),
};

/** By definition: what the client's types demand and the server fills in, or passes over. */
const optional: { readonly [definition: string]: readonly string[] } = {
  HTTPHeader: ['value'],
  Sysctl: ['value'],
  SleepAction: ['seconds'],
  ISCSIVolumeSource: ['lun'],
  PreferredSchedulingTerm: ['preference'],
  // Where it is of a kind that is no source of data, the server drops it unseen.
  TypedLocalObjectReference: ['kind', 'name'],
  RoleRef: ['apiGroup'],
  NetworkPolicySpec: ['podSelector'],
  EndpointSlice: ['endpoints'],
  Endpoint: ['addresses'],
  PriorityClass: ['value'],
  LimitRangeSpec: ['limits'],
  StatefulSetSpec: ['serviceName'],
  PodFailurePolicyOnPodConditionsPattern: ['status'],
};

/** Whether a field may be left out although the client's types demand it. */
export function isOptional(definition: string, field: string): boolean {
  return optional[definition]?.includes(field) ?? false;
}

/** A number, or a number with a suffix, as resource.Quantity parses it: spaces around it count for nothing. */
export const quantity: Schema = {
  type: ['string', 'number'],
  pattern: '^\\s*[+-]?([0-9]+|[0-9]+\\.[0-9]*|\\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?\\s*$',
};

/** A moment as RFC 3339 writes it. */
export const timestamp: Schema = {
  type: 'string',
  pattern:
    '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d+)?(Z|[+-]\\d{2}:\\d{2})$',
};

function orEmpty(...values: readonly string[]): Schema {
  return { enum: ['', ...values] };
}
