import { type Changes, long, notLabels, single, values } from './damage.ts';

const c = 'spec.containers[0]';
const i = 'spec.initContainers[0]';
const containers = [
  ...values('spec.containers', undefined, [], [{}]),
  ...values(`${c}.name`, ...notLabels, undefined, 'side', 'prepare'),
  ...values(`${i}.name`, 'main', ''),
  ...values(`${c}.image`, '', undefined, ' a', 'a ', 'a\n'),
  ...values(`${c}.imagePullPolicy`, 'always', 'Sometimes'),
  ...values(`${c}.terminationMessagePolicy`, 'Log', 'file'),
  ...values(`${c}.restartPolicy`, '', 'Sometimes'),
  ...values('spec.containers[1].restartPolicy', undefined),
  ...values('spec.containers[1].restartPolicyRules[0].action', '', 'restart', undefined),
  ...values('spec.containers[1].restartPolicyRules[0].exitCodes', undefined, {}, { operator: 'Is' }),
  ...values(
    'spec.containers[1].restartPolicyRules',
    Array(21).fill({ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }),
  ),
  ...values('spec.restartPolicy', 'always', 'Sometimes'),
  ...values('spec.activeDeadlineSeconds', 0, -1, 2 ** 31),
  ...values('spec.ephemeralContainers', [{ name: 'debug', image: 'a' }]),
  ...values(`${i}.livenessProbe`, { tcpSocket: { port: 80 } }),
  ...values(`${i}.readinessProbe`, { tcpSocket: { port: 80 } }),
  ...values(`${i}.startupProbe`, { tcpSocket: { port: 80 } }),
  ...values(`${i}.lifecycle`, { preStop: { exec: { command: ['a'] } } }),
  ...values(
    `${c}.resizePolicy`,
    [{ resourceName: 'storage', restartPolicy: 'NotRequired' }],
    [{ resourceName: 'cpu' }],
  ),
  ...values(`${c}.resizePolicy`, Array(2).fill({ resourceName: 'cpu', restartPolicy: 'NotRequired' })),
  ...single([`${c}.resizePolicy[0].restartPolicy`, 'Restart']),
  [['spec.restartPolicy', 'Never'] as const, [`${c}.resizePolicy[0].restartPolicy`, 'RestartContainer'] as const],
];

const ports = [
  ...values(`${c}.ports[0].containerPort`, 0, -1, 65536, 'http', '80', 1.5, undefined),
  ...values(`${c}.ports[0].hostPort`, -1, 65536, '8080'),
  ...values(`${c}.ports[0].name`, 'HTTP', 'a--b', '-a', 'a-', '80', long(16), 'dns', 'a_b'),
  ...values(`${c}.ports[0].protocol`, 'tcp', 'HTTP'),
  ...values(`${c}.ports[2].protocol`, 'UDP'),
  [['spec.hostNetwork', true] as const, [`${c}.ports[0].hostPort`, 9] as const, ['spec.securityContext', {}] as const],
];

const environment = [
  ...values(`${c}.env[0].name`, '', 'A=B', 'é', 'a\tb', undefined),
  ...values(`${c}.env[0].value`, 8080, true, ['a']),
  ...values(`${c}.env[0].valueFrom`, { fieldRef: { fieldPath: 'metadata.name' } }, {}),
  ...values(`${c}.env[2].value`, 'x'),
  ...values(`${c}.env[2].valueFrom`, {}, { fieldRef: {} }, { fieldRef: { fieldPath: '' } }),
  ...values(`${c}.env[2].valueFrom.secretKeyRef`, { name: 'a', key: 'b' }),
  ...values(
    `${c}.env[2].valueFrom.fieldRef.fieldPath`,
    ...[
      'metadata.labels',
      'metadata.annotations',
      'spec.containers',
      'status.phase',
      'metadata.Name',
      "spec['a']",
      "metadata.labels['a b']",
    ],
  ),
  ...values(`${c}.env[3].valueFrom.fieldRef.apiVersion`, 'v2'),
  ...values(`${c}.env[4].valueFrom.resourceFieldRef.resource`, '', 'limits.gpu', 'cpu', undefined),
  ...values(`${c}.env[4].valueFrom.resourceFieldRef.divisor`, '2', '1Mi', '1k', 'x'),
  ...values(`${c}.env[5].valueFrom.resourceFieldRef.divisor`, '2', '1m', '1024', '1e3'),
  ...values(`${c}.env[6].valueFrom.configMapKeyRef.name`, '', 'A', undefined),
  ...values(`${c}.env[6].valueFrom.configMapKeyRef.key`, '', 'a/b', '..', '.', '..a', undefined, long(254)),
  ...values(`${c}.env[7].valueFrom.secretKeyRef.key`, 'a b'),
  ...values(`${c}.envFrom[0].prefix`, 'a=b', 'é'),
  ...values(`${c}.envFrom[0].configMapRef`, undefined, {}, { name: '' }, { name: 'A' }),
  ...values(`${c}.envFrom[0].secretRef`, { name: 'a' }),
];

const mounts = [
  ...values(`${c}.volumeMounts[0].name`, '', 'none', undefined, 'disk'),
  ...values(`${c}.volumeMounts[0].mountPath`, '', '/all', '/dev/xvda', undefined),
  ...values(`${c}.volumeMounts[0].mountPropagation`, '', 'none', 'Bidirectional'),
  ...values(`${c}.volumeMounts[1].subPath`, '/a', '../a', 'a/../b', '..'),
  ...values(`${c}.volumeMounts[1].subPathExpr`, 'a'),
  ...values(`${c}.volumeMounts[2].subPathExpr`, '/$(A)', 'a/..'),
  ...values(`${c}.volumeMounts[1].recursiveReadOnly`, '', 'Yes'),
  ...values(`${c}.volumeMounts[0].recursiveReadOnly`, 'Enabled', 'IfPossible'),
  [
    [`${c}.volumeMounts[1].recursiveReadOnly`, 'Enabled'] as const,
    [`${c}.volumeMounts[1].mountPropagation`, 'HostToContainer'] as const,
  ],
  ...values(`${c}.volumeDevices[0].name`, '', 'none', 'tmp', 'host', undefined),
  ...values(`${c}.volumeDevices[0].devicePath`, '', '/tmp', '/dev/../a', undefined),
  ...values(`${c}.volumeDevices[1]`, { name: 'disk', devicePath: '/dev/b' }, { name: 'own', devicePath: '/dev/xvda' }),
];

const resources = [
  ...values(`${c}.resources.limits.cpu`, '50m', -1, '-1', '', 'half', '1 cpu', '1K', '0x1', true, ['1']),
  ...values(`${c}.resources.limits.memory`, '1Mi', '5MB', '64mi', '1Gb', '1,5Gi'),
  ...values(`${c}.resources.requests.cpu`, '600m', -1),
  ...values(`${c}.resources.limits.storage`, '1Gi'),
  ...values(`${c}.resources.limits.gpu`, 1),
  ...values(`${c}.resources.limits["example.com/gpu"]`, 2, '1500m', undefined),
  ...values(`${c}.resources.limits["example.com/a b"]`, 1),
  ...values(`${c}.resources.limits["hugepages-2Mi"]`, '8Mi', '3Mi', undefined),
  ...values(`${c}.resources.claims`, [{ name: 'none' }], [{}]),
  ...single([`${c}.resources`, { limits: { 'hugepages-2Mi': '2Mi' } }]),
];

const probes = [
  ...['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap(name => [
    ...values(
      `${c}.${name}`,
      {},
      { periodSeconds: 5 },
      { exec: {} },
      { exec: { command: [] } },
      { exec: { command: 'a' } },
    ),
    ...values(
      `${c}.${name}`,
      { exec: { command: ['a'] }, tcpSocket: { port: 1 } },
      { tcpSocket: {} },
      { tcpSocket: { port: 0 } },
    ),
    ...values(
      `${c}.${name}`,
      { tcpSocket: { port: 65536 } },
      { tcpSocket: { port: 'A' } },
      { tcpSocket: { port: '80' } },
    ),
    ...values(
      `${c}.${name}`,
      { httpGet: { path: '/' } },
      { httpGet: { port: 80, scheme: 'http' } },
      { httpGet: { port: '' } },
    ),
    ...values(`${c}.${name}`, { httpGet: { port: 80, httpHeaders: [{ name: 'a b', value: 'c' }] } }, { grpc: {} }),
    ...values(
      `${c}.${name}`,
      { httpGet: { port: 80, httpHeaders: [{ value: 'c' }] } },
      { grpc: { port: 'x' } },
      { sleep: { seconds: 1 } },
    ),
    ...['failureThreshold', 'initialDelaySeconds', 'periodSeconds', 'successThreshold', 'timeoutSeconds'].flatMap(
      field => values(`${c}.${name}.${field}`, -1, '1', 1.5),
    ),
  ]),
  ...values(`${c}.livenessProbe.successThreshold`, 2),
  ...values(`${c}.startupProbe.successThreshold`, 2),
  ...values(`${c}.livenessProbe.terminationGracePeriodSeconds`, 0, -1),
  ...values(`${c}.readinessProbe.terminationGracePeriodSeconds`, 1),
  ...['postStart', 'preStop'].flatMap(name => [
    ...values(
      `${c}.lifecycle.${name}`,
      {},
      { exec: {} },
      { httpGet: {} },
      { exec: { command: ['a'] }, sleep: { seconds: 1 } },
    ),
    ...values(
      `${c}.lifecycle.${name}`,
      { sleep: { seconds: -1 } },
      { sleep: { seconds: 21 } },
      { tcpSocket: { port: 'A' } },
      { grpc: { port: 1 } },
    ),
  ]),
  ...values('spec.terminationGracePeriodSeconds', 2, '20', 1.5),
];

/** What a server refuses of containers, one damage each. */
export const refusedContainers: readonly Changes[] = [containers, ports, environment, mounts, resources, probes].flat();
