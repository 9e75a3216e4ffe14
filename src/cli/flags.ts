import { Option } from 'commander';
import { type SecurityLevel, securityLevels } from '../model/security-level.ts';
import type { GcPolicy } from '../plan/image-gc.ts';
import type { Version } from '../unit/quadlet-keys.ts';

/** Fresh ones each time: commander keeps state in them. They may stand before and after the command. */
export function globalOptions(): readonly Option[] {
  const options = [
    new Option('--engine <URL>', 'address of the engine, as in unix:///run/podman/podman.sock'),
    new Option('--engine-unsupported', 'try an engine of a version that is not supported'),
    new Option('--owner <NAME>', 'whose objects are ours on this host'),
    new Option('-o, --output <FORMAT>', 'format of the output').choices(['text', 'json', 'yaml']),
    new Option('-q, --quiet', 'print no progress'),
    new Option('--log-level <LEVEL>', 'least level of log lines').choices(['debug', 'info', 'warn', 'error']),
    new Option('--state-dir <DIR>', 'where to keep state'),
    new Option('--no-color', 'print no colours'),
  ];
  return options.map(option => option.helpGroup('Global options:'));
}

/** For commands that judge manifests. */
export function podSecurityOption(): Option {
  const text = 'level of the Pod Security Standards that pods are held to';
  return new Option('--pod-security <LEVEL>', text).choices(securityLevels);
}

/** For commands that take a KEY. */
export function namespaceOption(): Option {
  return new Option('-n, --namespace <NAME>', 'the namespace of KEY');
}

/** How manifests are judged. */
export interface StrictFlag {
  readonly strict?: boolean;
  readonly podSecurity?: SecurityLevel;
}
export interface PruneFlag {
  readonly prune?: boolean;
  readonly allowEmpty?: boolean;
}
export interface NamespaceFlag {
  readonly namespace?: string;
}
export interface RunFlags extends StrictFlag {
  readonly once?: boolean;
  /** With `once`: the service that systemd starts when something is due. */
  readonly wake?: string;
  /** With `once`: milliseconds. */
  readonly timeout?: number;
  readonly units?: string;
  /** Milliseconds. */
  readonly checkImages?: number;
  readonly allowEmpty?: boolean;
  readonly logFormat?: 'text' | 'json';
  readonly pruneImages?: GcPolicy;
}
export interface RefreshFlag {
  readonly refresh?: boolean;
}
export interface ApplyFlags extends StrictFlag, PruneFlag, RefreshFlag {
  /** False with `--no-wait`. */
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}
export interface DownFlags {
  readonly all?: boolean;
  readonly volumes?: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
}
export interface LogsFlags extends NamespaceFlag {
  readonly follow?: boolean;
  readonly tail?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly container?: string;
  readonly timestamps?: boolean;
}
export interface ExecFlags extends NamespaceFlag {
  readonly container?: string;
  readonly stdin?: boolean;
  readonly tty?: boolean;
}
export interface UserFlag {
  /** For the user's own systemd; where undefined, for that of whoever asks. */
  readonly user?: boolean;
}
export interface InstallFlags extends UserFlag {
  /** False with `--no-resident`. */
  readonly resident: boolean;
}
export interface GenerateFlags extends NamespaceFlag, UserFlag {
  readonly directory?: string;
}
export interface AdoptFlags extends NamespaceFlag {
  /** Where manifests are written; standard output where undefined. */
  readonly directory?: string;
  readonly dryRun?: boolean;
  /** Whatever unit of systemd keeps the pod too. */
  readonly force?: boolean;
}
export interface GenerateSystemdFlags extends GenerateFlags {
  readonly restart?: boolean;
}
export interface GenerateQuadletFlags extends GenerateFlags {
  readonly podmanVersion?: Version;
  readonly kube?: boolean;
}
export interface GenerateKubeFlags extends NamespaceFlag {
  readonly pod?: string;
  readonly container?: string;
  readonly filename?: string;
}
