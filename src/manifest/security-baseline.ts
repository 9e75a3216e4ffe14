import {
  type Check,
  type CheckedPod,
  capabilitiesOf,
  type Placed,
  plural,
  quoted,
  settersAt,
  settersOf,
  told,
  type Violation,
  violation,
  volumesOf,
} from './violation.ts';

const harmlessCapabilities = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);
const harmlessSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);
const harmlessTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];
/** Known ways to become the host (Pod Security Standards, Baseline). Those that Restricted has in its own form are in {@link overridden}. */
export const baseline: readonly Check[] = [
  appArmorProfile,
  hostNamespaces,
  hostPorts,
  handlerHosts,
  ({ containers }) =>
    told('privileged', containers, ({ securityContext }) => securityContext?.privileged === true, {
      detail: who => `${who} must not set securityContext.privileged=true`,
      field: '/securityContext/privileged',
    }),
  ({ containers }) =>
    told('procMount', containers, ({ securityContext }) => (securityContext?.procMount ?? 'Default') !== 'Default', {
      detail: who => `${who} must not set securityContext.procMount to "Unmasked"`,
      field: '/securityContext/procMount',
    }),
  seLinuxOptions,
  forbiddenSysctls,
];

/** What Restricted says in a form of its own. */
export const overridden: readonly Check[] = [
  capabilitiesOf('non-default capabilities', name => harmlessCapabilities.has(name)),
  volumesOf(
    'hostPath volumes',
    volume => volume.hostPath !== undefined,
    names => names,
  ),
  seccompUnconfined,
];

function appArmorProfile({ metadata, spec, containers }: CheckedPod): Violation | undefined {
  const key = 'container.apparmor.security.beta.kubernetes.io/';
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(
    ([name, value]) => name.startsWith(key) && !/^($|runtime\/default$|localhost\/)/.test(value),
  );
  const isBad = (type: string | undefined): boolean => type === 'Unconfined';
  const bad = containers.filter(({ container }) => isBad(container.securityContext?.appArmorProfile?.type));
  const isPodBad = isBad(spec.securityContext?.appArmorProfile?.type);
  const setters = settersOf(isPodBad, bad);
  const details = [
    ...annotations.map(([name, value]) => `${name}=${JSON.stringify(value)}`),
    ...(setters === '' ? [] : [`${setters} must not set AppArmor profile type to "Unconfined"`]),
  ];
  if (details.length === 0) return undefined;
  const count = annotations.length + Number(isPodBad) + bad.length;
  const reason = count === 1 ? 'forbidden AppArmor profile' : 'forbidden AppArmor profiles';
  return { reason, detail: details.join(', '), at: settersAt(isPodBad, bad, '/securityContext/appArmorProfile') };
}

function hostNamespaces({ spec }: CheckedPod): Violation | undefined {
  const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(field => spec[field] === true);
  if (set.length === 0) return undefined;
  return { reason: 'host namespaces', detail: set.map(field => `${field}=true`).join(', '), at: `/${set[0]}` };
}

function hostPorts({ containers }: CheckedPod): Violation | undefined {
  const portsOf = ({ container }: Placed): readonly number[] =>
    (container.ports ?? []).flatMap(({ hostPort }) => hostPort || []);
  const bad = containers.filter(each => portsOf(each).length > 0);
  const ports = [...new Set(bad.flatMap(portsOf))].map(String).sort();
  const verb = bad.length === 1 ? 'uses' : 'use';
  return violation('hostPort', bad, who => `${who} ${verb} ${plural('hostPort', ports.length)} ${ports.join(', ')}`, {
    field: '/ports',
  });
}

/** Probes and hooks that dial another host than the pod (since 1.34). */
function handlerHosts({ containers }: CheckedPod): Violation | undefined {
  const handlersOf = ({ container: { livenessProbe, readinessProbe, startupProbe, lifecycle } }: Placed) =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].filter(Boolean);
  const hostsOf = (each: Placed): readonly string[] =>
    handlersOf(each).flatMap(
      handler => [handler?.httpGet?.host, handler?.tcpSocket?.host].filter(host => !!host) as string[],
    );
  const bad = containers.filter(each => hostsOf(each).length > 0);
  const hosts = [...new Set(bad.flatMap(hostsOf))].sort();
  const verb = bad.length === 1 ? 'uses' : 'use';
  const detail = (who: string): string =>
    `${who} ${verb} probe or lifecycle ${plural('host', hosts.length)} ${quoted(hosts)}`;
  return violation('probe or lifecycle host', bad, detail);
}

function seLinuxOptions({ spec, containers }: CheckedPod): Violation | undefined {
  const faultsOf = (options: { type?: string; user?: string; role?: string } = {}): readonly string[] => [
    ...(harmlessTypes.includes(options.type ?? '') ? [] : [`type ${JSON.stringify(options.type)}`]),
    ...(options.user ? ['user may not be set'] : []),
    ...(options.role ? ['role may not be set'] : []),
  ];
  const ofPod = faultsOf(spec.securityContext?.seLinuxOptions);
  const of = ({ container }: Placed): readonly string[] => faultsOf(container.securityContext?.seLinuxOptions);
  const bad = containers.filter(each => of(each).length > 0);
  const setters = settersOf(ofPod.length > 0, bad);
  if (setters === '') return undefined;
  const faults = [...new Set([...ofPod, ...bad.flatMap(of)])].join('; ');
  const at = settersAt(ofPod.length > 0, bad, '/securityContext/seLinuxOptions');
  return { reason: 'seLinuxOptions', detail: `${setters} set forbidden securityContext.seLinuxOptions: ${faults}`, at };
}

/** Nobody may switch system call filtering off. */
export function seccompUnconfined({ spec, containers }: CheckedPod): Violation | undefined {
  const isBad = (type: string | undefined): boolean => type === 'Unconfined';
  const isPodBad = isBad(spec.securityContext?.seccompProfile?.type);
  const bad = containers.filter(({ container }) => isBad(container.securityContext?.seccompProfile?.type));
  const setters = settersOf(isPodBad, bad);
  if (setters === '') return undefined;
  const detail = `${setters} must not set securityContext.seccompProfile.type to "Unconfined"`;
  return { reason: 'seccompProfile', detail, at: settersAt(isPodBad, bad, '/securityContext/seccompProfile') };
}

function forbiddenSysctls({ spec }: CheckedPod): Violation | undefined {
  const names = (spec.securityContext?.sysctls ?? [])
    .map(({ name }) => name)
    .filter(name => !harmlessSysctls.has(name));
  const at = '/securityContext/sysctls';
  return names.length === 0
    ? undefined
    : { reason: 'forbidden sysctls', detail: [...new Set(names)].sort().join(', '), at };
}
