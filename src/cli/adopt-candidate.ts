import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Adoption } from '../model/adoption.ts';
import type { HandMade } from '../model/hand.ts';
import { type Key, keyOf } from '../model/key.ts';
import { labels } from '../model/labels.ts';
import { engineNameOf } from '../model/names.ts';
import { whyKept } from '../systemd/unit-state.ts';
import { refuseFile } from './compose.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';
import type { AdoptFlags } from './flags.ts';
import { systemctlOptions } from './generate.ts';
import type { World } from './world.ts';

/** A pod that can be adopted. */
export interface Candidate {
  readonly key: Key;
  /** Named as in its namespace. */
  readonly made: HandMade;
  readonly ids: NonNullable<HandMade['ids']>;
}

/**
 * The pod of that name, or by its id; undefined where it was adopted before.
 *
 * @throws CommandError where there is none, or it cannot be adopted; with what to do instead
 */
export async function candidateOf(
  context: Context,
  world: World,
  name: string,
  flags: AdoptFlags,
): Promise<Candidate | undefined> {
  await refuseFile(name, 'adopt');
  const { signal } = context;
  const made = await world.engine.handMade({ pod: name }, { signal });
  if (made?.ids === undefined) throw await notFound(context, world, name);
  const { ids } = made;
  if (world.adoptions.all().some(each => isOf(each, ids.pod, context.owner))) return undefined;
  const owner = made.labels[labels.owner] ?? (await adoptedBy(context, ids.pod));
  if (owner !== undefined) {
    const whose = owner === context.owner ? 'ours already' : `of owner "${owner}"`;
    throw refusal(name, `it is ${whose}`, 'Only pods that Podstead did not make can be adopted');
  }
  if (ids.infra === '') {
    throw refusal(
      name,
      'it has no infra container, which keeps its address while containers are replaced',
      `Write its manifest with "podstead generate kube --pod ${name} -f FILE", remove the pod, and apply the file`,
    );
  }
  await refuseUnits(context, made, flags);
  return { ...keyFor(name, made, flags.namespace), ids };
}

/** Another owner of this host who has adopted the pod: that is in no label. */
async function adoptedBy({ paths }: Context, podId: string): Promise<string | undefined> {
  const others = await readdir(dirname(paths.state)).catch(() => []);
  for (const other of others.filter(name => name !== basename(paths.state))) {
    const path = join(dirname(paths.state), other, 'adopted', `${podId}.json`);
    if (await stat(path).catch(() => undefined)) return other;
  }
  return undefined;
}

function isOf({ podId, owner }: Adoption, pod: string, ours: string): boolean {
  return podId === pod && owner === ours;
}

async function notFound({ signal }: Context, { engine }: World, name: string): Promise<CommandError> {
  const container = await engine.handMade({ container: name }, { signal });
  if (container !== undefined) {
    return refusal(
      name,
      'it is a container in no pod, and no engine moves a container into one',
      `Write its manifest with "podstead generate kube --container ${name} -f FILE", remove the container, and apply the file`,
    );
  }
  const known = await engine.handNames('pod', { signal });
  const hint = known.length === 0 ? 'There is no pod here' : `Name one of: ${known.join(', ')}`;
  return new CommandError(`Cannot find "${name}": no pod has that name`, { hint });
}

/** The pod keeps its name: the key has to be the one that leads to it. */
function keyFor(name: string, made: HandMade, asked: string | undefined): Omit<Candidate, 'ids'> {
  const [, prefix, rest] = /^([a-z0-9-]+)_(.+)$/.exec(made.name) ?? [];
  const namespace = asked ?? prefix ?? 'default';
  const own = namespace === 'default' ? made.name : (rest ?? made.name);
  const key = keyOf('Pod', namespace, own);
  const isName = own.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(own);
  if (isName && engineNameOf(key) === made.name) return { key, made: { ...made, name: own } };
  const why = isName
    ? `a pod of namespace "${namespace}" is named "${engineNameOf(key)}"`
    : `Kubernetes takes no pod of the name "${own}"`;
  throw refusal(
    name,
    `${why}, and Podman renames no pods`,
    `Write its manifest with "podstead generate kube --pod ${name} -f FILE", remove the pod, and apply the file`,
  );
}

async function refuseUnits(context: Context, { name, units }: HandMade, { force }: AdoptFlags): Promise<void> {
  for (const unit of force ? [] : units) {
    const why = await whyKept(unit, systemctlOptions(context)).catch(() => 'systemd cannot be asked about it');
    if (why === undefined) continue;
    const systemctl = context.uid === 0 ? 'systemctl' : 'systemctl --user';
    throw refusal(
      name,
      `the unit ${unit} of systemd made it, and ${why}: two would keep one pod`,
      `Do not stop the unit, which removes the pod: move its file away (of Quadlet, the .pod or .kube file), then run "${systemctl} daemon-reload"; or adopt with --force`,
    );
  }
}

function refusal(name: string, why: string, hint: string): CommandError {
  return new CommandError(`Cannot adopt "${name}": ${why}`, { hint });
}
