import type { PrivatePodman } from '../e2e/host.ts';
import { type Listed, listed } from '../e2e/podstead.ts';
import type { Random } from './random.ts';

/** What the operator works on, and what he must remember of his own doings. */
export interface Operator {
  readonly engine: PrivatePodman;
  readonly random: Random;
  /** Names of our pods. */
  readonly pods: readonly string[];
  /** A host port that one of our pods publishes. */
  readonly port: number;
  /** The claim's volume. */
  readonly claim: string;
  /** Set once he has removed the claim's volume, and its data with it. */
  claimRemoved: boolean;
  /** His containers that stand in nobody's way, and must be left alone. */
  readonly own: Set<string>;
  /** His pods and containers that take our names, ports or places: they go in the end. */
  readonly clashing: Map<string, 'pod' | 'container'>;
  count: number;
}

type Act = (on: Operator) => Promise<string>;

/** Does one thing at random. @returns what, in words */
export async function act(on: Operator): Promise<string> {
  on.count += 1;
  const names = Object.keys(acts);
  const name = names[on.random(names.length)] ?? '';
  return `${name} ${(await acts[name]?.(on)) ?? ''}`;
}

/** Takes away what stands in our way. */
export async function clearAway({ engine, clashing }: Operator): Promise<void> {
  for (const [name, kind] of clashing)
    await engine.podman(...(kind === 'pod' ? ['pod'] : []), 'rm', '-f', '-t', '0', name);
  clashing.clear();
}

/** A container of ours, picked at random. */
async function victim({ engine, random, pods }: Operator, infra = false): Promise<Listed | undefined> {
  const all = [...(await listed(engine, true)).values()];
  const ours = all.filter(({ IsInfra, PodName }) => IsInfra === infra && pods.some(pod => PodName.startsWith(pod)));
  return ours[random(Math.max(ours.length, 1))];
}

const onVictim =
  (infra: boolean, ...words: string[]): Act =>
  async on => {
    const found = await victim(on, infra);
    if (found === undefined) return 'nothing';
    await on.engine.podman(...words, found.Id);
    return `${found.Names[0]}`;
  };

const onPod =
  (...words: string[]): Act =>
  async on => {
    const name = (await victim(on, true))?.PodName ?? 'web';
    await on.engine.podman('pod', ...words, name);
    return name;
  };

/** A commit of one of ours has its labels; run, it is the operator's. */
async function runCommit(on: Operator, inside: boolean): Promise<string> {
  const found = await victim(on);
  if (found === undefined) return 'nothing';
  const [image, name] = [`localhost/commit:${on.count}`, `copy${on.count}`];
  await on.engine.podman('commit', '-q', found.Id, image);
  const { code } = await on.engine.podman(
    'run',
    '-d',
    '--name',
    name,
    // What was committed may end by itself, as an init container does.
    '--entrypoint=["sleep","100000"]',
    ...(inside ? ['--pod', found.PodName] : []),
    image,
  );
  if (code === 0 && inside) on.clashing.set(name, 'container');
  else if (code === 0) on.own.add(name);
  return `${found.Names[0]} as ${name}${inside ? ` in ${found.PodName}` : ''}`;
}

/** All that he does, by what it is called. */
const acts: Readonly<Record<string, Act>> = {
  kill: onVictim(false, 'kill'),
  'kill infra': onVictim(true, 'kill'),
  stop: onVictim(false, 'stop', '-t', '0'),
  rm: onVictim(false, 'rm', '-f', '-t', '0'),
  'rm infra': onVictim(true, 'rm', '-f', '-t', '0'),
  restart: onVictim(false, 'restart', '-t', '0'),
  pause: onVictim(false, 'pause'),
  'pause pod': onPod('pause'),
  'stop pod': onPod('stop', '-t', '1'),
  'rm pod': onPod('rm', '-f', '-t', '0'),
  rename: async on => {
    const found = await victim(on);
    if (found === undefined) return 'nothing';
    await on.engine.podman('rename', found.Id, `renamed${on.count}`);
    return `${found.Names[0]} to renamed${on.count}`;
  },
  'rename infra': async on => {
    const found = await victim(on, true);
    if (found !== undefined) await on.engine.podman('rename', found.Id, `renamed${on.count}`);
    return `${found?.Names[0]}`;
  },
  retag: async on => {
    const image = `localhost/bb:${2 + on.random(2)}`;
    await on.engine.podman('tag', image, 'localhost/bb:1');
    return `${image} as localhost/bb:1`;
  },
  'run a commit': on => runCommit(on, false),
  'run a commit in the pod': on => runCommit(on, true),
  'rm a volume': async on => {
    const { stdout } = await on.engine.podman('volume', 'ls', '-q');
    const volumes = stdout.split('\n').filter(name => name !== '' && name !== 'theirs');
    const name = volumes[on.random(Math.max(volumes.length, 1))];
    if (name === undefined) return 'nothing';
    if (name === on.claim) on.claimRemoved = true;
    await on.engine.podman('volume', 'rm', '-f', '-t', '0', name);
    return name;
  },
  'disconnect the network': async on => {
    const found = await victim(on, true);
    await on.engine.podman('network', 'disconnect', '-f', 'podstead', found?.Id ?? 'none');
    return `${found?.PodName}`;
  },
  'take the name': async on => {
    const name = on.pods[on.random(on.pods.length)] ?? 'web';
    await on.engine.podman('pod', 'rm', '-f', '-t', '0', name);
    const { code } = await on.engine.podman('pod', 'create', '--name', name);
    if (code === 0) on.clashing.set(name, 'pod');
    return `${name}: ${code}`;
  },
  'take the port': async on => {
    const name = `port${on.count}`;
    await on.engine.podman('pod', 'rm', '-f', '-t', '0', 'web');
    const published = `127.0.0.1:${on.port}:80`;
    const { code } = await on.engine.podman('run', '-d', '--name', name, '-p', published, 'localhost/bb:1');
    // One that was made and did not start has its name all the same.
    on.clashing.set(name, 'container');
    return `${name}: ${code}`;
  },
};
