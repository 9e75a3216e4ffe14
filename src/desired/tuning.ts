import type { DesiredTuning, Json } from '../model/desired.ts';
import { autoUpdate, isAutoUpdate } from './auto-update.ts';
import { compact } from './compact.ts';
import { report, type Scope } from './scope.ts';
import { usersAnnotation } from './users.ts';

const prefix = 'io.podman.annotations.';
/** Names the infra container of a Pod. */
const infraName = `${prefix}infra.name`;
/** `PATH:z` or `PATH:Z`, an SELinux label for a host path. */
export const bindMountOptions = 'bind-mount-options';
/** What Podman's annotations may ask for one container, as `io.podman.annotations.NAME/CONTAINER`. */
const ofContainer = [
  'apparmor',
  'cpuset',
  'init',
  'label',
  'memory-nodes',
  'pids-limit',
  'seccomp',
  'volumes-from',
] as const;
type Name = (typeof ofContainer)[number];

/** The annotations of one pod, as they were given. */
export interface Annotations {
  readonly values: Readonly<Record<string, string>>;
  /** JSON pointer of the map. */
  readonly place: string;
}

/** Security that annotations set; a field of the manifest goes before it. */
export interface AnnotatedSecurity {
  readonly appArmorProfile: string | undefined;
  readonly seccompProfile: string | undefined;
  readonly selinuxOptions: readonly string[];
}

/** Of a whole pod, with the values that are followed. */
const isFollowed: Readonly<Record<string, (value: string, scope: Scope) => boolean>> = {
  [usersAnnotation]: value => value === 'auto' || value === 'host',
  [infraName]: (_, { object }) => object.kind === 'Pod',
  [bindMountOptions]: value => /^\/.*:[zZ]$/.test(value),
  [autoUpdate]: isAutoUpdate,
};

/** Values that ask for what happens anyway. */
const isUsual: Readonly<Record<string, (value: string) => boolean>> = {
  'io.containers.sdnotify': value => value === 'ignore',
  [`${prefix}init.container.type`]: value => value === 'always',
  // Podman's own mark of what it generated.
  [`${prefix}kube.health.check`]: () => true,
};

/** Every annotation that is followed, without the container that some of them are for. */
export const followed: readonly string[] = [
  ...Object.keys(isFollowed),
  `${prefix}ulimit`,
  ...ofContainer.map(name => prefix + name),
];

/** What to do instead. */
const unfollowed: Readonly<Record<string, string>> = {
  [bindMountOptions]: 'Give it as PATH:z or PATH:Z',
  [autoUpdate]: 'Give it as registry, local or disabled',
  'io.containers.sdnotify': 'Use a readinessProbe',
  [infraName]: "Name it in a Pod: a Deployment's pods cannot have one name",
  [`${prefix}init.container.type`]: 'See that the init container may run again',
  [`${prefix}kube.image.volumes.mount`]: 'Use volumes[].image',
};

/** The name that a Pod gives its infra container; undefined where it gives none. */
export function infraNameOf({ values }: Pick<Annotations, 'values'>, { object }: Scope): string | undefined {
  return object.kind === 'Pod' ? values[infraName] || undefined : undefined;
}

/** Warns of annotations that Podman follows and we do not (podman-kube-play(1)). */
export function reportAnnotations({ values, place }: Annotations, containers: readonly string[], scope: Scope): void {
  const warn = (key: string, message: string, hint: string): void =>
    report(scope, `${place}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, 'FIELD_UNSUPPORTED', message, {
      severity: 'warning',
      hint,
    });
  for (const key of Object.keys(values)) {
    const [name = '', container] = key.split('/');
    const value = values[key] ?? '';
    if (isFollowed[key]?.(value, scope) || isUsual[name]?.(value)) continue;
    const isOfContainer = name === autoUpdate && container !== undefined && isAutoUpdate(value);
    if (isOfContainer && containers.includes(container)) continue;
    if (isOfContainer) {
      warn(key, `Ignoring annotation '${key}': there is no container '${container}'`, 'Correct its name');
    } else if (name.startsWith('io.containers.') || key === bindMountOptions) {
      warn(key, `Ignoring annotation '${key}': Podstead does not follow it`, unfollowed[name] ?? 'Remove it');
    } else if (name.startsWith(prefix)) {
      const rest = name.slice(prefix.length);
      const known = container === undefined ? rest === 'ulimit' : ofContainer.some(each => each === rest);
      if (!known)
        warn(key, `Ignoring annotation '${key}': Podstead does not follow it`, unfollowed[name] ?? 'Remove it');
      else if (container !== undefined && !containers.includes(container))
        warn(key, `Ignoring annotation '${key}': there is no container '${container}'`, 'Correct its name');
    }
  }
}

/** What annotations ask for a container beyond Kubernetes' fields; undefined where nothing. */
export function resolveTuning(container: string, annotations: Annotations, scope: Scope): DesiredTuning | undefined {
  const { values, place } = annotations;
  const of = (name: Name): string | undefined => values[`${prefix}${name}/${container}`];
  const ulimit = values[`${prefix}ulimit`];
  const pids = of('pids-limit');
  const fault = (key: string, expected: string): void =>
    report(
      scope,
      `${place}/${key.replaceAll('/', '~1')}`,
      'FIELD_VALUE',
      `Cannot use '${values[key]}': expected ${expected}`,
      { hint: 'Correct the annotation, or remove it' },
    );
  const ulimits = ulimit === undefined ? [] : parseUlimits(ulimit);
  if (ulimits === undefined) fault(`${prefix}ulimit`, 'limits as in nofile=1024:2048,nproc=50');
  const pidsLimit = pids === undefined || !/^-?\d+$/.test(pids) ? undefined : Number(pids);
  if (pids !== undefined && pidsLimit === undefined) fault(`${prefix}pids-limit/${container}`, 'a number');
  const tuning = {
    ulimits: ulimits ?? [],
    pidsLimit,
    cpus: of('cpuset'),
    memoryNodes: of('memory-nodes'),
    init: /^(true|1)$/i.test(of('init') ?? ''),
  };
  const isSet = tuning.init || ulimits?.length !== 0 || pidsLimit !== undefined || tuning.cpus || tuning.memoryNodes;
  return isSet ? tuning : undefined;
}

/** Profiles and labels that annotations give a container. */
export function annotatedSecurity(container: string, { values }: Annotations): AnnotatedSecurity {
  const of = (name: Name): string | undefined => values[`${prefix}${name}/${container}`] || undefined;
  const label = of('label');
  return {
    appArmorProfile: of('apparmor'),
    seccompProfile: of('seccomp'),
    selinuxOptions: label === undefined ? [] : [label],
  };
}

/** The canonical form: nothing where nothing is asked for. */
export function canonicalTuning(tuning: DesiredTuning | undefined): Json | undefined {
  if (tuning === undefined) return undefined;
  const { ulimits, init, ...rest } = tuning;
  const limits = Object.fromEntries(ulimits.map(({ name, soft, hard }) => [name, `${soft}:${hard}`]));
  return compact({ ...rest, init: init || undefined, ulimits: limits });
}

function parseUlimits(text: string): DesiredTuning['ulimits'] | undefined {
  const parsed = text.split(',').map(each => /^\s*([a-z]+)=(-?\d+)(?::(-?\d+))?\s*$/.exec(each));
  if (parsed.some(each => each === null)) return undefined;
  return parsed.flatMap(each => {
    const [, name = '', soft = '', hard = soft] = each ?? [];
    return [{ name, soft: Number(soft), hard: Number(hard) }];
  });
}
