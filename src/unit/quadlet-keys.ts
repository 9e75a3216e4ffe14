import { quoteArgument } from './quote.ts';
import type { UnitEntry } from './unit-file.ts';

/** Two numbers of a version: Podman's features come with a minor release. */
export type Version = `${number}.${number}`;

/** The sections that Quadlet reads, and that we write. */
export type QuadletGroup = 'Container' | 'Pod' | 'Kube' | 'Volume' | 'Network';

/** One key of Quadlet's. */
export interface QuadletKey {
  /** The first Podman whose Quadlet takes the key: an older one refuses the whole file. */
  readonly since: Version;
  /** Podman's own option, which says the same by PodmanArgs=. */
  readonly flag?: string;
  /** Its value is a list of quoted words; the others are taken as they stand, to the end of the line. */
  readonly words?: true;
}

/** What Podman took before Quadlet had a key for it. */
const flag = (since: Version, name: string): QuadletKey => ({ since, flag: `--${name}` });
const words = (since: Version, name: string): QuadletKey => ({ since, flag: `--${name}`, words: true });

/** Quadlet came with it. */
export const quadletSince: Version = '4.4';

/**
 * The keys that we write, each with its floor: the first release whose `pkg/systemd/quadlet/quadlet.go` and
 * podman-systemd.unit(5) list it.
 */
export const quadletKeys: Readonly<Record<QuadletGroup, Readonly<Record<string, QuadletKey>>>> = {
  Container: {
    Image: { since: '4.4' },
    ContainerName: flag('4.4', 'name'),
    Pod: { since: '5.0' },
    Entrypoint: flag('5.0', 'entrypoint'),
    Exec: { since: '4.4', words: true },
    WorkingDir: flag('4.6', 'workdir'),
    Environment: words('4.4', 'env'),
    Secret: words('4.5', 'secret'),
    Volume: flag('4.4', 'volume'),
    Mount: words('4.5', 'mount'),
    AddDevice: words('4.4', 'device'),
    User: flag('4.4', 'user'),
    GroupAdd: flag('5.1', 'group-add'),
    ReadOnly: flag('4.4', 'read-only'),
    ReadOnlyTmpfs: flag('4.8', 'read-only-tmpfs'),
    NoNewPrivileges: { since: '4.4' },
    Unmask: { since: '4.6', words: true },
    AddCapability: words('4.4', 'cap-add'),
    DropCapability: words('4.4', 'cap-drop'),
    SeccompProfile: { since: '4.4' },
    Ulimit: flag('4.7', 'ulimit'),
    PidsLimit: flag('4.7', 'pids-limit'),
    Memory: flag('5.5', 'memory'),
    RunInit: flag('4.4', 'init'),
    StopSignal: flag('5.2', 'stop-signal'),
    StopTimeout: flag('5.0', 'stop-timeout'),
    Pull: flag('4.6', 'pull'),
    Label: words('4.4', 'label'),
    Annotation: words('4.4', 'annotation'),
    HealthCmd: flag('4.5', 'health-cmd'),
    HealthInterval: flag('4.5', 'health-interval'),
    HealthTimeout: flag('4.5', 'health-timeout'),
    HealthRetries: flag('4.5', 'health-retries'),
    HealthStartPeriod: flag('4.5', 'health-start-period'),
    HealthOnFailure: flag('4.5', 'health-on-failure'),
    HealthStartupCmd: flag('4.5', 'health-startup-cmd'),
    HealthStartupInterval: flag('4.5', 'health-startup-interval'),
    HealthStartupTimeout: flag('4.5', 'health-startup-timeout'),
    HealthStartupRetries: flag('4.5', 'health-startup-retries'),
  },
  Pod: {
    PodName: { since: '5.0' },
    Network: flag('5.0', 'network'),
    NetworkAlias: flag('5.2', 'network-alias'),
    PublishPort: flag('5.0', 'publish'),
    ExitPolicy: flag('5.6', 'exit-policy'),
    HostName: flag('5.5', 'hostname'),
    AddHost: flag('5.3', 'add-host'),
    DNS: flag('5.3', 'dns'),
    DNSSearch: flag('5.3', 'dns-search'),
    DNSOption: flag('5.3', 'dns-option'),
    UserNS: flag('5.3', 'userns'),
    Label: words('5.6', 'label'),
  },
  Kube: {
    Yaml: { since: '4.4' },
    Network: { since: '4.4' },
    KubeDownForce: { since: '4.8' },
  },
  Volume: {
    VolumeName: { since: '4.7' },
    Driver: { since: '4.8' },
    Label: { since: '4.4', words: true },
  },
  Network: {
    NetworkName: { since: '4.7' },
    Driver: { since: '4.4' },
  },
};

/** Collects the lines of one section. */
export interface QuadletSection {
  readonly entries: readonly UnitEntry[];
  /** What was said in another way, or could not be said, as this Podman has no such key yet. */
  readonly late: readonly string[];
  set(key: string, ...values: readonly string[]): void;
  /** An option of Podman that no Quadlet has a key for. */
  option(...words: readonly string[]): void;
}

/**
 * A section for the Quadlet of one Podman.
 *
 * @throws Error from `set` for a key that {@link quadletKeys} lacks
 */
export function quadletSection(group: QuadletGroup, version: Version): QuadletSection {
  const entries: UnitEntry[] = [];
  const late = new Set<string>();
  const option = (...words: readonly string[]): void => {
    entries.push(['PodmanArgs', words.map(quoteArgument).join(' ')]);
  };
  return {
    entries,
    get late() {
      return [...late];
    },
    option,
    set: (key, ...values) => {
      const known = quadletKeys[group][key];
      if (known === undefined) throw new Error(`Cannot write ${key}= of [${group}]: its floor is not in the table`);
      if (values.length === 0) return;
      const isKnown = isAtLeast(version, known.since);
      if (!isKnown) {
        const instead = known.flag === undefined ? 'left out' : 'given as PodmanArgs=';
        late.add(`${key}= of [${group}] came with Podman ${known.since}: ${instead}`);
        if (known.flag === undefined) return;
      }
      if (isKnown && known.words) entries.push([key, values.map(quoteArgument).join(' ')]);
      for (const value of isKnown && known.words ? [] : values) {
        // A line cannot hold every text, and PodmanArgs= can.
        if (known.flag === undefined || (isKnown && isLine(value))) entries.push([key, lineOf(value)]);
        else option(`${known.flag}=${value}`);
      }
    },
  };
}

/** Whether a Podman is of that version or a later one. */
export function isAtLeast(version: Version, floor: Version): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [floorMajor = 0, floorMinor = 0] = floor.split('.').map(Number);
  return major > floorMajor || (major === floorMajor && minor >= floorMinor);
}

/** Quadlet takes white space and quotes off the ends of a value, and a backslash at the end continues the line. */
function isLine(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return value !== '' && !/^[\s"]|[\s"\\]$|[\u0000-\u001f\u007f]/.test(value);
}

/** All that Quadlet reads ends up in a command line of systemd, with its specifiers and variables. */
export function lineOf(value: string): string {
  return value.replaceAll('%', '%%').replaceAll('$', '$$$$');
}
