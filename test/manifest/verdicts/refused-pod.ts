import { type Changes, long, notLabels, notSubdomains, single, values } from './damage.ts';

const c = 'spec.containers[0]';
const owners = [
  ...values('metadata.ownerReferences[0].apiVersion', '', 'a/b/c', 'apps/'),
  ...values('metadata.ownerReferences[0].name', '', undefined),
  ...values('metadata.ownerReferences[0].uid', '', undefined),
  ...values('metadata.ownerReferences[0].kind', ''),
  ...values('metadata.ownerReferences[1]', { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'v', controller: true }),
  ...values('metadata.ownerReferences[0]', { apiVersion: 'v1', kind: 'Event', name: 'p', uid: 'v' }),
];

const names = [
  ...values('spec.hostname', ...notLabels.slice(1)),
  ...values('spec.subdomain', ...notLabels.slice(1)),
  ...values('spec.nodeName', 'A B'),
  ...values('spec.serviceAccountName', ...notSubdomains),
  ...values('spec.priorityClassName', 'A'),
  ...values('spec.runtimeClassName', '', 'A'),
  ...values('spec.hostnameOverride', 'A', '', long(65)),
  ...values('spec.hostAliases[0].ip', '', '1.2.3', '10.0.0.256', 'a', undefined),
  ...values('spec.hostAliases[0].hostnames[0]', 'A', '', 'a_b'),
  ...values('spec.dnsPolicy', 'none', 'Cluster'),
  ...values('spec.dnsConfig', undefined, {}, { nameservers: [] }),
  ...values('spec.dnsConfig.nameservers', ['a'], ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4']),
  ...values(
    'spec.dnsConfig.searches',
    ['A'],
    Array(33).fill('a'),
    Array(10).fill(long(60).concat('.', long(60), '.', long(60), '.', long(60))),
  ),
  ...values('spec.dnsConfig.options', [{ value: '1' }], [{ name: '' }]),
];

const security = ['spec.securityContext', `${c}.securityContext`].flatMap(at => [
  ...values(`${at}.runAsUser`, -1, 2 ** 31),
  ...values(`${at}.runAsGroup`, -1, 2 ** 31),
  ...values(`${at}.seccompProfile`, {}, { type: '' }, { type: 'None' }, { type: 'Localhost' }),
  ...values(
    `${at}.seccompProfile`,
    { type: 'Unconfined', localhostProfile: 'a' },
    { type: 'Localhost', localhostProfile: '/a' },
  ),
  ...values(`${at}.seccompProfile`, { type: 'Localhost', localhostProfile: 'a/../b' }),
  ...values(`${at}.appArmorProfile`, {}, { type: 'Localhost' }, { type: 'Localhost', localhostProfile: ' a' }),
  ...values(
    `${at}.appArmorProfile`,
    { type: 'Localhost', localhostProfile: '' },
    { type: 'Unconfined', localhostProfile: 'a' },
  ),
  ...values(`${at}.windowsOptions`, { runAsUserName: 'a' }, { gmsaCredentialSpecName: 'A' }, { hostProcess: true }),
]);

const podSecurity = [
  ...values('spec.securityContext.fsGroup', -1, 2 ** 31),
  ...values('spec.securityContext.fsGroupChangePolicy', '', 'Never'),
  ...values('spec.securityContext.supplementalGroups', [-1], [2 ** 31]),
  ...values('spec.securityContext.supplementalGroupsPolicy', '', 'merge'),
  ...values('spec.securityContext.seLinuxChangePolicy', '', 'None'),
  ...values(
    'spec.securityContext.sysctls[0].name',
    '',
    'A',
    'net..a',
    '.a',
    'a.*',
    'kernel/shm_rmid_forced',
    long(254),
    undefined,
  ),
  ...single(['spec.hostPID', true]),
  [['spec.hostNetwork', true] as const, [`${c}.ports`, []] as const],
  [['spec.hostIPC', true] as const],
  ...['hostNetwork', 'hostPID', 'hostIPC'].map(
    (field): Changes => [
      ['spec.hostUsers', false],
      [`spec.${field}`, true],
      ['spec.shareProcessNamespace', false],
      ['spec.securityContext.sysctls', []],
      [`${c}.ports`, []],
      [`${c}.livenessProbe`, undefined],
    ],
  ),
  ...values(`${c}.securityContext.procMount`, '', 'unmasked', 'Unmasked'),
  ...values(`${c}.securityContext.privileged`, true),
  ...values(`${c}.securityContext.capabilities.add`, ['CAP_SYS_ADMIN'], 'NET_ADMIN', [1]),
];

const annotations = [
  ...values('metadata.annotations["seccomp.security.alpha.kubernetes.io/pod"]', 'default', 'unconfined'),
  ...values('metadata.annotations["container.seccomp.security.alpha.kubernetes.io/main"]', 'localhost//a', 'x'),
  ...values('metadata.annotations["container.apparmor.security.beta.kubernetes.io/main"]', 'x', 'unconfined'),
  ...values('metadata.annotations["container.apparmor.security.beta.kubernetes.io/none"]', 'unconfined'),
  ...values(
    'metadata.annotations["controller.kubernetes.io/pod-deletion-cost"]',
    'x',
    '1.5',
    '+1',
    '01',
    '99999999999',
  ),
  ...values('metadata.annotations["kubernetes.io/config.mirror"]', 'x'),
];

/** What a server refuses of a pod as a whole, one damage each. */
export const refusedPods: readonly Changes[] = [owners, names, security, podSecurity, annotations].flat();
