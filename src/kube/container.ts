import type { Json } from '../model/desired.ts';
import { hooksOf, probesOf } from './handlers.ts';
import { type Fields, fields, flag, given, items, member, others, some, text, texts } from './json.ts';
import { divisorText } from './quantity.ts';
import type { Remarks } from './remarks.ts';
import { securityOf } from './security.ts';
import { type Words, wordsOf } from './words.ts';

const known = [
  ...['image', 'build', 'init', 'command', 'args', 'workingDir', 'env', 'mounts', 'security', 'tuning', 'stopSignal'],
  ...['tty', 'stdin', 'restartPolicy', 'messagePath'],
];
const knownTuning = ['ulimits', 'pidsLimit', 'cpus', 'memoryNodes', 'init'];
const propagations: Readonly<Record<string, string>> = {
  private: 'None',
  rslave: 'HostToContainer',
  rshared: 'Bidirectional',
};
const secretKey = /^Secret\/[^/]*\/([^[]+)\[(.*)\]$/s;

/** A container of a manifest, and what its pod has to say for it. */
export interface ContainerManifest {
  readonly container: Fields;
  /** Podman's annotations for it: names without `io.podman.annotations.`. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly ulimits: Readonly<Record<string, string>>;
}

/** Where a container stands. */
export interface ContainerPlace {
  readonly name: string;
  /** The pod's key, for remarks. */
  readonly about: string;
  /** The part of the pod that changes in place. */
  readonly inPlace: Json;
  /** Of all containers of the pod. */
  readonly names: readonly string[];
  /** Those that the pod's sandbox publishes, where nobody tells whose they are. */
  readonly ports: readonly Json[] | undefined;
}

/** One container as a manifest says it, from its canonical form. */
export function containerOf(canonical: Json, place: ContainerPlace, remarks: Remarks): ContainerManifest {
  const { name, inPlace, ports } = place;
  const of = (part: string): Json | undefined => member(member(inPlace, part), name);
  const say = (what: string): void => remarks.add(place.about, `container ${name}: ${what}`);
  const { image, command, args, workingDir, env, mounts, security, tuning, stopSignal, tty, stdin } = fields(canonical);
  const { restartPolicy, messagePath } = fields(canonical);
  const words = wordsOf(env, of('asWritten'));
  const { securityContext, annotations, unsaid } = securityOf(security);
  for (const what of [...unsaid, ...others(canonical, known).map(each => `"${each}"`)]) say(`cannot say ${what}`);
  for (const what of others(tuning, knownTuning)) say(`cannot say "tuning.${what}"`);
  const list = (where: string, value: Json | undefined): readonly Json[] | undefined =>
    value === undefined ? undefined : texts(value).map((word, i) => words.at(`${where}/${i}`, word));
  const { ulimits, ...tuned } = fields(tuning);
  const container = given({
    name,
    image,
    imagePullPolicy: of('pullPolicies'),
    command: list('command', command),
    args: list('args', args),
    workingDir,
    env: some(variables(fields(env), words, place, say)),
    ports: some(items(of('ports') ?? ports)),
    resources: some(fields(of('resources'))),
    resizePolicy: of('resizePolicies'),
    restartPolicy,
    volumeMounts: some(Object.entries(fields(mounts)).map(([path, mount]) => mountOf(path, fields(mount), words))),
    ...probesOf(of('probes')),
    lifecycle: some(given({ ...hooksOf(of('hooks')), stopSignal })),
    securityContext: some(securityContext),
    terminationMessagePath: messagePath,
    terminationMessagePolicy: of('messages'),
    tty: flag(tty),
    stdin: flag(stdin),
    stdinOnce: flag(stdin === true && tty !== true),
  });
  return {
    container,
    annotations: { ...annotations, ...tunedBy(tuned) },
    ulimits: fields(ulimits) as Record<string, string>,
  };
}

/** By the names of Podman's annotations (podman-kube-play(1)). */
function tunedBy({ pidsLimit, cpus, memoryNodes, init }: Fields): Readonly<Record<string, string>> {
  const all = { 'pids-limit': pidsLimit, cpuset: cpus, 'memory-nodes': memoryNodes, init };
  const set = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set.map(([name, value]) => [name, String(value)]));
}

function variables(env: Fields, words: Words, at: ContainerPlace, say: (what: string) => void): readonly Json[] {
  const names = Object.keys(env);
  return names.map((name, index) => {
    const value = env[name];
    if (typeof value !== 'string') return { name, valueFrom: sourceOf(fields(value), at) };
    const place = `env/${name}`;
    const later = names.slice(index).find(each => value.includes(`$(${each})`));
    if (later !== undefined && words.isWritten(place, value))
      say(`cannot say the value of ${name}: it takes in one of ${later} that a later one covers`);
    return { name, value: words.at(place, value) };
  });
}

function sourceOf({ secret, field, amount, divisorMilli }: Fields, at: ContainerPlace): Json {
  const [, name = '', key = ''] = secretKey.exec(text(secret) ?? '') ?? [];
  if (secret !== undefined) return { secretKeyRef: { name, key } };
  if (field !== undefined) return { fieldRef: { fieldPath: field } };
  const free = freeOf(String(amount), at);
  return {
    resourceFieldRef: given({
      containerName: free === at.name ? undefined : free,
      resource: `limits.${amount}`,
      divisor: divisorText(Number(divisorMilli)),
    }),
  };
}

/** A container without a limit, this one first: what the host has is told only of such. */
function freeOf(amount: string, { name: own, names, inPlace }: ContainerPlace): string {
  const resources = member(inPlace, 'resources');
  const isLimited = (name: string): boolean => member(member(member(resources, name), 'limits'), amount) !== undefined;
  return [own, ...names].find(name => !isLimited(name)) ?? own;
}

function mountOf(path: string, mount: Fields, words: Words): Json {
  const { volume, readOnly, recursiveReadOnly, propagation } = mount;
  const subPath = text(mount.subPath);
  const isExpression = subPath !== undefined && words.isWritten(`mounts/${path}`, subPath);
  return given({
    name: volume,
    mountPath: path,
    readOnly: flag(readOnly),
    recursiveReadOnly: recursiveReadOnly === true ? 'Enabled' : undefined,
    ...(isExpression ? { subPathExpr: subPath } : { subPath }),
    mountPropagation: propagations[text(propagation) ?? ''],
  });
}
