import type { RestartPolicy } from '../model/desired.ts';
import { describe, environmentEntries, markEntries, messageEntries, type PodUnitSpec, podUnit } from './pod.ts';
import { quoteCommand } from './quote.ts';
import { afterSuccess, restartEntries, restartsUnseen } from './restart.ts';
import type { UnitEntry, UnitFile, UnitSection } from './unit-file.ts';

/** How systemd is to keep an existing pod without an agent. */
export interface Keeping {
  readonly policy: RestartPolicy;
  /** The number of systemd's version, for what came later. */
  readonly systemd: number;
}

/** A container that has a unit. */
interface Member {
  readonly name: string;
  /** Those that it begins after. */
  readonly before: readonly string[];
  /** It runs to its end, and nothing is to go on running. */
  readonly isOnce: boolean;
  readonly isInit: boolean;
}

/**
 * Units that start an existing pod at boot and start its containers again where they end: that of the pod, which brings
 * up its sandbox, and one for each container that is to run. Init containers run in order before what needs them.
 *
 * @param earlier pods that it comes after, where they have such units too
 * @throws UnitTextError for text that no unit can hold
 */
export function keptUnits(
  spec: PodUnitSpec,
  keeping: Keeping,
  earlier: readonly PodUnitSpec[] = [],
): readonly UnitFile[] {
  const { sidecars = [] } = spec;
  const unitOf = (name: string): string => keptName(spec, name);
  const members = membersOf(spec);
  const units = members.map(({ name, before, isOnce, isInit }): UnitFile => {
    const policy = policyOf(keeping.policy, sidecars.includes(name), isOnce);
    const restart = restartEntries(policy, keeping.systemd);
    const needed = afterSuccess(before.map(unitOf), { systemd: keeping.systemd, user: spec.user });
    return {
      name: unitOf(name),
      sections: [
        {
          name: 'Unit',
          entries: [
            ['Description', `${describe(spec)}: ${name}`],
            ['BindsTo', podUnitName(spec)],
            ['After', podUnitName(spec)],
            ...needed.unit,
            ...restart.unit,
          ],
        },
        {
          name: 'Service',
          entries: [
            ...needed.service,
            ...serviceEntries(spec, name, isOnce),
            ...restart.service,
            ...(isInit ? restartsUnseen(keeping.systemd) : []),
          ],
        },
        { name: 'X-Podstead', entries: markEntries(spec) },
      ],
    };
  });
  const before = earlier.flatMap(each => membersOf(each).map(({ name }) => keptName(each, name)));
  return [sandboxUnit(spec, members, before), ...units];
}

function membersOf(spec: PodUnitSpec): readonly Member[] {
  const { sidecars = [] } = spec;
  const mains = spec.containers.filter(({ start }) => start).map(({ engineName }) => engineName);
  const inits = mains.length === 0 ? [] : spec.initContainers;
  return [
    ...inits.map((name, i) => ({ name, before: inits.slice(0, i), isOnce: !sidecars.includes(name), isInit: true })),
    ...mains.map(name => ({ name, before: inits, isOnce: false, isInit: false })),
  ];
}

function policyOf(policy: RestartPolicy, isSidecar: boolean, isOnce: boolean): RestartPolicy {
  if (isSidecar) return 'Always';
  // An init container that succeeded is not run again.
  return isOnce && policy === 'Always' ? 'OnFailure' : policy;
}

function podUnitName(spec: PodUnitSpec): string {
  return podUnit(spec).name;
}

/** Not to be taken for another pod's: what follows the underscore of a namespace has none in front. */
function keptName(spec: PodUnitSpec, container: string): string {
  const own = container.startsWith(`${spec.engineName}-`) ? container.slice(spec.engineName.length + 1) : container;
  return podUnitName(spec).replace(/\.service$/, `__${own}.service`);
}

function serviceEntries(spec: PodUnitSpec, name: string, isOnce: boolean): readonly UnitEntry[] {
  const { podman, gracePeriodSeconds: grace } = spec;
  const command = (...args: readonly string[]): string => quoteCommand([podman.path, ...podman.args, ...args]);
  const stop: readonly UnitEntry[] = [
    ['ExecStop', command('stop', '--ignore', '--time', String(grace), name)],
    ['TimeoutStopSec', String(grace + 30)],
    // Podman cleans up after its container when conmon has ended.
    ['KillMode', 'process'],
  ];
  if (isOnce) {
    return [
      ['Type', 'oneshot'],
      ['RemainAfterExit', 'yes'],
      ...environmentEntries(spec),
      ['ExecStart', command('start', '--attach', name)],
      ...stop,
    ];
  }
  // conmon is all that `podman start` leaves in the service, so that systemd finds its main process by itself; it ends
  // as its container does.
  return [['Type', 'forking'], ...environmentEntries(spec), ['ExecStart', command('start', name)], ...stop];
}

/** The boot unit, with the sandbox in place of the containers. */
function sandboxUnit(spec: PodUnitSpec, members: readonly Member[], before: readonly string[]): UnitFile {
  const { name, sections } = podUnit({ ...spec, initContainers: [], sidecars: [], containers: [] });
  const { podman, engineName, gracePeriodSeconds: grace } = spec;
  const units = members.map(member => keptName(spec, member.name)).join(' ');
  // What somebody else started is no child of its unit, so that systemd could not tell when it ends.
  const running = members.filter(({ isOnce }) => !isOnce).map(member => member.name);
  const stop = [podman.path, ...podman.args, 'stop', '--ignore', '--time', String(grace), ...running];
  // No name of the sandbox is known before it is made; the pod's is, and no other that podman starts alone.
  const script = 'exec "$@" start "$("$@" pod inspect --format "{{.InfraContainerID}}" "$0")"';
  const start: readonly UnitEntry[] = [
    ['ExecStartPre', quoteCommand(stop)],
    ...messageEntries(spec),
    ['ExecStart', quoteCommand(['/bin/sh', '-c', script, engineName, podman.path, ...podman.args])],
  ];
  const wants: readonly UnitEntry[] = [
    ['Wants', units],
    ['Before', units],
    // Their containers have units of their own, which end their start after that of their pod.
    ...(before.length === 0 ? [] : [['After', before.join(' ')] as const]),
  ];
  const more = (section: UnitSection): readonly UnitEntry[] => {
    if (members.length === 0) return [];
    return section.name === 'Unit' ? wants : section.name === 'Service' ? start : [];
  };
  return { name, sections: sections.map(each => ({ ...each, entries: [...each.entries, ...more(each)] })) };
}
