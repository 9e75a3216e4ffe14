import type { Digest, Key } from '../model/key.ts';
import { unitName } from './name.ts';
import { quoteCommand, quoteWord, splitWords } from './quote.ts';
import { type UnitEntry, type UnitFile, valuesOf } from './unit-file.ts';

/** Everything that a pod's boot unit is made from. */
export interface PodUnitSpec {
  readonly key: Key;
  readonly owner: string;
  /** Of what the unit was made from; written into it for whoever compares. */
  readonly digest: Digest;
  /** The pod's name in the engine. */
  readonly engineName: string;
  /** Engine names of the init containers, in order: each runs to success before the next. */
  readonly initContainers: readonly string[];
  /** Those of the init containers that go on running: the next begins when they were started. */
  readonly sidecars?: readonly string[];
  readonly containers: readonly PodUnitContainer[];
  /** How long a container may take to stop, in seconds. */
  readonly gracePeriodSeconds: number;
  /** True for units of a user's own systemd. */
  readonly user: boolean;
  readonly podman: PodUnitEngine;
  /** Absolute paths that must be mounted first: host paths, the state directory, the engine's storage. */
  readonly mounts: readonly string[];
  /** Absolute paths of files that its containers bind: made, empty, where they are missing, or nothing would start. */
  readonly messages?: readonly string[];
  /** The pod publishes ports, so it starts when the network is up. */
  readonly publishes: boolean;
  /** Pods of the same owner that start before this one and stop after it. */
  readonly after: readonly Key[];
}

export interface PodUnitContainer {
  readonly engineName: string;
  /** False for what is not to run again: policy Never, or OnFailure after success. */
  readonly start: boolean;
}

/** How podman is called, so that it works on the same containers as the agent. */
export interface PodUnitEngine {
  /** Absolute path of the program. */
  readonly path: string;
  /** Global arguments, such as `--root`. */
  readonly args: readonly string[];
  /** Value of CONTAINERS_CONF; undefined for the host's own configuration. */
  readonly containersConf: string | undefined;
  /** Value of CONTAINERS_CONF_OVERRIDE, which Podman 5 reads on top of the host's configuration. */
  readonly containersConfOverride?: string;
}

/** Section and keys that tell what is ours; systemd ignores what begins with X-, systemd.unit(5). */
const marks = { section: 'X-Podstead', owner: 'X-Podstead-Owner', key: 'X-Podstead-Key', digest: 'X-Podstead-Digest' };

/**
 * Makes each file that is named and missing, for any user to write to, below directories that are ours alone. What is
 * there stays as it is: a container that runs may have it.
 */
const remake =
  'umask 077; for f; do [ -e "$f" ] || { mkdir -p "$(dirname "$f")" && : >"$f" && chmod 666 "$f"; } || exit; done';

/** Beyond the grace period: podman's own work around a stop, in seconds. */
const stopMarginSeconds = 30;

/**
 * The unit that starts an existing pod at boot and stops it at shutdown. It pulls nothing and creates nothing: where
 * the pod is not there any more it fails with podman's own words. Init containers run first, in order, and sidecars stop
 * last, in the opposite one: each has a grace period of its own, and nobody waits for a startup probe, which only the
 * agent runs. Containers that are not to run again are left alone, for which `podman pod start` would not do. A pod with nothing to start gets a
 * unit that only stops it.
 *
 * @throws UnitTextError for text that no unit can hold
 */
export function podUnit(spec: PodUnitSpec): UnitFile {
  return {
    name: unitName(spec.key, spec.owner),
    sections: [
      { name: 'Unit', entries: unitEntries(spec) },
      { name: 'Service', entries: serviceEntries(spec) },
      { name: 'Install', entries: [['WantedBy', targetOf(spec)]] },
      { name: marks.section, entries: markEntries(spec) },
    ],
  };
}

/** What systemd starts at boot, and what wants the pod. */
export function targetOf({ user }: PodUnitSpec): string {
  return user ? 'default.target' : 'multi-user.target';
}

/** One line that says what a unit is for. */
export function describe({ key, owner }: PodUnitSpec): string {
  return `${key} (${owner})`.replaceAll('%', '%%').replace(/\p{Control}+/gu, ' ');
}

/** What must be mounted before. */
export function mountsFor(spec: PodUnitSpec): readonly UnitEntry[] {
  return optional('RequiresMountsFor', [...new Set(spec.mounts)].filter(isMountable).toSorted().map(quoteWord));
}

function optional(key: string, values: readonly string[]): readonly UnitEntry[] {
  return values.length === 0 ? [] : [[key, values.join(' ')]];
}

function unitEntries(spec: PodUnitSpec): readonly UnitEntry[] {
  const after = spec.after.map(key => unitName(key, spec.owner)).toSorted();
  // A user's systemd has no network-online.target; it starts when the network is up, or soon after.
  const network = spec.publishes && !spec.user ? ['network-online.target'] : [];
  return [
    ['Description', describe(spec)],
    ...mountsFor(spec),
    ...optional('Wants', [...network, ...after]),
    ...optional('After', [...network, ...after]),
    // So the agent finds the pods started, and is gone before they stop. Not also After= the slice that podman makes of a
    // pod, which systemd stops at shutdown too: naming it loads it, and then podman 4.3.1 can no longer make it.
    ['Before', 'podstead.service podstead-pass.service'],
  ];
}

/** RequiresMountsFor= knows no escapes for control characters; a directory named so is its own lookout. */
function isMountable(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return path.startsWith('/') && !/[\u0000-\u001f\u007f]/.test(path);
}

function serviceEntries(spec: PodUnitSpec): readonly UnitEntry[] {
  const { gracePeriodSeconds: grace, podman, engineName } = spec;
  const command = (...args: readonly string[]): string => quoteCommand([podman.path, ...podman.args, ...args]);
  const { sidecars = [] } = spec;
  const mains = spec.containers.map(container => container.engineName);
  const inits = spec.initContainers.filter(name => !sidecars.includes(name));
  const last = sidecars.toReversed();
  const starting = spec.containers.filter(container => container.start).map(container => container.engineName);
  const start: readonly UnitEntry[] = [
    ['ExecStartPre', command('pod', 'inspect', '--format', '{{.State}}', engineName)],
    ...messageEntries(spec),
    ...spec.initContainers.map((name): UnitEntry => {
      return ['ExecStart', sidecars.includes(name) ? command('start', name) : command('start', '--attach', name)];
    }),
    ['ExecStart', command('start', ...starting)],
  ];
  return [
    ['Type', 'oneshot'],
    ['RemainAfterExit', 'yes'],
    ...environmentEntries(spec),
    ...(starting.length === 0 ? [] : start),
    ...(inits.length + mains.length === 0
      ? []
      : ([['ExecStop', command('stop', '--ignore', '--time', String(grace), ...inits, ...mains)]] as const)),
    ...last.map((name): UnitEntry => ['ExecStop', command('stop', '--ignore', '--time', String(grace), name)]),
    // The sandbox goes last.
    ['ExecStop', command('pod', 'stop', '--ignore', '--time', String(grace), engineName)],
    // Podman 5.5 and later stop the containers of a pod one after the other.
    ['TimeoutStopSec', String(grace * Math.max(1, mains.length + last.length) + stopMarginSeconds)],
    // conmon lives in this unit's control group under cgroupfs, and must not be killed when a start fails.
    ['KillMode', 'process'],
  ];
}

/** Makes the files of termination messages anew where they got lost: without them no container starts. */
export function messageEntries({ messages = [] }: PodUnitSpec): readonly UnitEntry[] {
  return messages.length === 0 ? [] : [['ExecStartPre', quoteCommand(['/bin/sh', '-c', remake, 'sh', ...messages])]];
}

/** The engine's configuration, where it is not the host's own. */
export function environmentEntries({ podman }: PodUnitSpec): readonly UnitEntry[] {
  const variables = { CONTAINERS_CONF: podman.containersConf, CONTAINERS_CONF_OVERRIDE: podman.containersConfOverride };
  return Object.entries(variables).flatMap(([name, value]): readonly UnitEntry[] =>
    value === undefined ? [] : [['Environment', quoteWord(`${name}=${value}`)]],
  );
}

/** What tells whose unit it is, and of what. */
export function markEntries(spec: PodUnitSpec): readonly UnitEntry[] {
  return [
    [marks.owner, quoteWord(spec.owner)],
    [marks.key, quoteWord(spec.key)],
    [marks.digest, quoteWord(spec.digest)],
  ];
}

/** What a unit says of where it comes from. */
export interface UnitMark {
  readonly owner: string;
  readonly key: Key;
  readonly digest: Digest;
}

/** Reads the marks of a unit; undefined for a unit that is not one of ours, of whichever owner. */
export function readMark(unit: UnitFile): UnitMark | undefined {
  const value = (key: string): string | undefined => splitWords(valuesOf(unit, marks.section, key).at(-1) ?? '')[0];
  const [owner, key, digest] = [value(marks.owner), value(marks.key), value(marks.digest)];
  if (owner === undefined || digest === undefined || !isKey(key)) return undefined;
  return { owner, key, digest };
}

function isKey(text: string | undefined): text is Key {
  return text !== undefined && text.split('/').length === 3;
}
