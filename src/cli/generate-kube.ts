import { writeFile } from 'node:fs/promises';
import { documentOf, jsonOf } from '../kube/document.ts';
import { filesIn } from '../kube/files.ts';
import { standingOf as standingByHand } from '../kube/hand.ts';
import type { Fields } from '../kube/json.ts';
import { objectsOf, type Standing } from '../kube/objects.ts';
import { type Remarks, remarks } from '../kube/remarks.ts';
import { digest } from '../manifest/canon.ts';
import type { ActualPod } from '../model/actual.ts';
import type { PodRecord } from '../model/record.ts';
import type { HandName } from '../podman/hand.ts';
import { refuseFile } from './compose.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';
import type { GenerateKubeFlags } from './flags.ts';
import { pickAll } from './key.ts';
import { type Look, look, type World, withWorld } from './world.ts';

/** `podstead generate kube [KEY]`: what runs as Kubernetes YAML, to a file or to standard output. */
export async function generateKube(
  context: Context,
  key: string | undefined,
  flags: GenerateKubeFlags,
): Promise<number> {
  const named = [key, flags.pod, flags.container].filter(name => name !== undefined);
  if (named.length > 1) {
    throw new CommandError('Cannot tell what to write: found more than one of KEY, --pod and --container', {
      hint: 'Name one of them',
    });
  }
  if (key !== undefined) await refuseFile(key, 'write a manifest of');
  return withWorld(context, async world => {
    const noted = remarks();
    const objects = objectsOf(await chosen(context, world, key, flags, noted), noted);
    await write(context, objects, noted, flags);
    return 0;
  });
}

async function chosen(
  context: Context,
  world: World,
  key: string | undefined,
  flags: GenerateKubeFlags,
  noted: Remarks,
): Promise<readonly Standing[]> {
  const { pod, container } = flags;
  const seen = await look(world, context);
  if (container !== undefined) return [await byHand(context, world, { container }, flags, noted)];
  if (pod === undefined) return ours(world, seen, key, flags, noted);
  const own = [...seen.actual.pods.values()].find(({ engineName, id }) => engineName === pod || id === pod);
  return own === undefined
    ? [await byHand(context, world, { pod }, flags, noted)]
    : [await standingOf(world, seen, own, noted)];
}

/** @throws CommandError where there is none of that name */
async function byHand(
  { signal }: Context,
  { engine }: World,
  name: HandName,
  { namespace = 'default' }: GenerateKubeFlags,
  noted: Remarks,
): Promise<Standing> {
  const made = await engine.handMade(name, { signal });
  if (made !== undefined) return standingByHand(made, namespace, noted);
  const [kind, text] = 'pod' in name ? (['pod', name.pod] as const) : (['container', name.container] as const);
  const known = await engine.handNames(kind, { signal });
  throw new CommandError(`Cannot find "${text}": no ${kind} has that name`, {
    hint: known.length === 0 ? `There is no ${kind} that stands alone` : `Name one of: ${known.join(', ')}`,
  });
}

function ours(
  world: World,
  seen: Look,
  key: string | undefined,
  flags: GenerateKubeFlags,
  noted: Remarks,
): Promise<readonly Standing[]> {
  const inNamespace = seen.pods.filter(
    pod => flags.namespace === undefined || pod.key.split('/')[1] === flags.namespace,
  );
  const picked = key === undefined ? inNamespace : pickAll(key, seen.pods, flags.namespace);
  if (picked.length === 0) {
    throw new CommandError('Cannot write manifests: nothing of ours runs here', {
      hint: 'Apply something first, or name what was made by hand with --pod or --container',
    });
  }
  return Promise.all(picked.map(pod => standingOf(world, seen, seen.actual.pods.get(pod.key), noted)));
}

/**
 * A pod of ours as it was applied last.
 *
 * @throws CommandError where that is not known
 */
export async function standingOf(
  { engine }: World,
  { records }: Look,
  actual: ActualPod | undefined,
  noted: Remarks,
): Promise<Standing> {
  const record = actual && records.get(actual.key);
  if (actual === undefined || record?.applied === undefined) {
    throw new CommandError(`Cannot write a manifest of ${actual?.key}: what was last applied of it is not known`, {
      hint: 'Apply its manifest again: what runs stays as it is',
    });
  }
  const { key, declaredBy, uid } = actual;
  if (!isAsApplied(actual, record)) noted.add(declaredBy, 'what runs is not what was applied last, which is written');
  const files = await Promise.all(
    filesIn(record.applied).map(async ({ volume, path }) => {
      const bytes = await engine.readFile({ uid, volume, path });
      return bytes === undefined ? [] : [[`${volume}/${path}`, bytes] as const];
    }),
  );
  const appliedAtMs = record.history.at(-1)?.atMs ?? 0;
  return { key, declaredBy, pod: record.applied, appliedAtMs, files: new Map(files.flat()) };
}

/** Whether the digests that things carry are those of what was applied. */
function isAsApplied({ digest: sandbox, containers }: ActualPod, { applied }: PodRecord): boolean {
  if (applied === undefined || sandbox !== digest(applied.sandbox)) return false;
  const names = Object.keys(applied.containers);
  return names.every(name => containers.get(name)?.digest === digest(applied.containers[name]));
}

async function write(
  { terminal, quiet, output }: Context,
  objects: readonly Fields[],
  { all }: Remarks,
  { filename }: GenerateKubeFlags,
): Promise<void> {
  const text = output === 'json' ? jsonOf(objects) : documentOf(objects, all);
  for (const remark of all) terminal.err(`${remark}\n`);
  if (filename === undefined) {
    terminal.out(text);
    return;
  }
  try {
    await writeFile(filename, text, { flag: 'wx' });
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const why = isThere ? 'there is such a file' : error instanceof Error ? error.message : String(error);
    throw new CommandError(`Cannot write "${filename}": ${why}`, {
      hint: isThere ? 'Name another file, or remove that one' : 'Name a file in a directory that you may write to',
      cause: error,
    });
  }
  if (!quiet) terminal.err(`Wrote ${filename}\n`);
}
