import type { Json } from '../model/desired.ts';
import { type Fields, fields, flag, given, others, some, text, texts } from './json.ts';

/** Where the kubelet keeps profiles named by `localhostProfile` (Kubernetes, seccomp tutorial). */
const seccompRoot = '/var/lib/kubelet/seccomp/';
const selinux = /^(user|role|type|level):(.+)$/;

const known = [
  ...['user', 'groups', 'runAsNonRoot', 'privileged', 'readOnlyRootFilesystem', 'noNewPrivileges', 'addCapabilities'],
  ...['dropCapabilities', 'seccompProfile', 'appArmorProfile', 'selinuxOptions', 'unmaskedProc'],
];

/** A container's security, and what of it only Podman's annotations can say, by their names without the container's. */
export interface SecurityContext {
  readonly securityContext: Fields;
  readonly annotations: Readonly<Record<string, string>>;
  /** What cannot be said at all. */
  readonly unsaid: readonly string[];
}

/** The security of a container, from its canonical form. The groups are the pod's to say. */
export function securityOf(security: Json | undefined): SecurityContext {
  const { seccompProfile, appArmorProfile, selinuxOptions, ...rest } = fields(security);
  const user = text(rest.user);
  const seccomp = seccompOf(text(seccompProfile));
  const labels = texts(selinuxOptions);
  const options = labels.map(label => selinux.exec(label));
  const isKnown = options.every(option => option !== null);
  const securityContext = given({
    ...userOf(user, rest.runAsNonRoot === true),
    runAsNonRoot: flag(rest.runAsNonRoot),
    privileged: flag(rest.privileged),
    readOnlyRootFilesystem: flag(rest.readOnlyRootFilesystem),
    allowPrivilegeEscalation: rest.noNewPrivileges === true ? false : undefined,
    capabilities: some(given({ add: some(texts(rest.addCapabilities)), drop: some(texts(rest.dropCapabilities)) })),
    seLinuxOptions: isKnown
      ? some(Object.fromEntries(options.map(([, name = '', value = '']) => [name, value])))
      : undefined,
    procMount: rest.unmaskedProc === true ? 'Unmasked' : undefined,
    seccompProfile: seccomp,
    appArmorProfile: appArmorOf(text(appArmorProfile)),
  });
  return {
    securityContext,
    annotations: textsOf({
      seccomp: seccomp === undefined ? text(seccompProfile) : undefined,
      label: !isKnown && labels.length === 1 ? labels[0] : undefined,
    }),
    unsaid: [
      ...(user !== undefined && !/^\d+(:\d+)?$/.test(user) ? [`the user "${user}", which is no number`] : []),
      ...(!isKnown && labels.length > 1 ? [`the SELinux options ${labels.join(', ')}`] : []),
      ...others(security, known).map(name => `"security.${name}"`),
    ],
  };
}

/** A group without a user is root's; a pod that must not be root's says the group alone. */
function userOf(user: string | undefined, nonRoot: boolean): Readonly<Record<string, number>> {
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(user ?? '') ?? [];
  return {
    ...(uid === undefined || (uid === '0' && gid !== undefined && nonRoot) ? {} : { runAsUser: Number(uid) }),
    ...(gid === undefined ? {} : { runAsGroup: Number(gid) }),
  };
}

function seccompOf(profile: string | undefined): Json | undefined {
  if (profile === 'unconfined') return { type: 'Unconfined' };
  if (profile?.startsWith(seccompRoot) !== true) return undefined;
  return { type: 'Localhost', localhostProfile: profile.slice(seccompRoot.length) };
}

function appArmorOf(profile: string | undefined): Json | undefined {
  if (profile === undefined) return undefined;
  return profile === 'unconfined' ? { type: 'Unconfined' } : { type: 'Localhost', localhostProfile: profile };
}

function textsOf(all: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
