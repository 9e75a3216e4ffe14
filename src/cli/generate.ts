import { stat } from 'node:fs/promises';
import type { SystemctlOptions } from '../systemd/systemctl.ts';
import { type PodUnitSpec, podUnit } from '../unit/pod.ts';
import { renderUnit, type UnitFile } from '../unit/unit-file.ts';
import type { Context } from './context.ts';
import { makeLoad, openPaths, printProblems } from './desire.ts';
import { CommandError } from './error.ts';
import type { GenerateFlags } from './flags.ts';
import { pickAll } from './key.ts';
import { unitHost } from './unit-host.ts';
import { declaredUnit, standingUnit, type UnitHost } from './unit-spec.ts';
import { type Look, look, withWorld } from './world.ts';

/** `podstead generate systemd PATH|KEY`: boot units, to a directory or to standard output. */
export async function generateSystemd(context: Context, subject: string, flags: GenerateFlags): Promise<number> {
  const isPath =
    subject === '-' ||
    (await stat(subject).then(
      () => true,
      () => false,
    ));
  return withWorld(context, async world => {
    const host = await unitHost(context, world, flags.user ?? context.uid !== 0);
    const seen = await look(world, context);
    const specs = isPath ? await declared(context, subject, seen, host) : standing(subject, seen, flags, host);
    const units = specs.map(podUnit);
    if (flags.directory === undefined) {
      context.terminal.out(units.map(unit => `# ${unit.name}\n${renderUnit(unit)}`).join('\n'));
      return 0;
    }
    return write(context, flags.directory, units, flags);
  });
}

/**
 * @throws CommandError where the manifests have errors: half the units would be worse than none
 */
async function declared(context: Context, path: string, seen: Look, host: UnitHost): Promise<readonly PodUnitSpec[]> {
  const load = makeLoad({ owner: context.owner, strict: false });
  const source = await openPaths([path]);
  const { desired, problems } = await load(await source.read({ signal: context.signal }));
  await printProblems(context, problems);
  if (problems.some(problem => problem.severity === 'error')) {
    throw new CommandError('Cannot write units: the manifests have errors', { hint: 'Mend them first' });
  }
  return [...desired.pods.values()].map(pod => declaredUnit(pod, seen.actual.pods.get(pod.key), host));
}

function standing(key: string, seen: Look, flags: GenerateFlags, host: UnitHost): readonly PodUnitSpec[] {
  return pickAll(key, seen.pods, flags.namespace).map(({ key }) => {
    const pod = seen.actual.pods.get(key);
    const spec = pod && standingUnit(pod, seen.records.get(key), host);
    if (spec !== undefined) return spec;
    throw new CommandError(`Cannot write a unit for ${key}: what was last applied of it is not known`, {
      hint: 'Name its manifest instead, or apply it again',
    });
  });
}

async function write(
  context: Context,
  directory: string,
  units: readonly UnitFile[],
  flags: GenerateFlags,
): Promise<number> {
  const { writeUnits } = await import('../systemd/write.ts');
  const { owner, signal, terminal, quiet } = context;
  // Units of other pods may stand there: only the agent knows all that are wanted.
  const { written, foreign } = await writeUnits(directory, units, { owner, signal, prune: false });
  for (const name of foreign) terminal.err(`Left ${directory}/${name} as it is: it was not written by podstead\n`);
  if (!quiet) {
    for (const name of written) terminal.err(`Wrote ${directory}/${name}\n`);
    const systemctl = flags.user || context.uid !== 0 ? 'systemctl --user' : 'systemctl';
    const names = units.map(unit => unit.name).join(' ');
    if (written.length > 0)
      terminal.err(`Have systemd take them: ${systemctl} daemon-reload && ${systemctl} enable ${names}\n`);
  }
  return foreign.length === 0 ? 0 : 1;
}

/** How to ask the systemd that these units are for. */
export function systemctlOptions(context: Context): SystemctlOptions {
  return { path: 'systemctl', user: context.uid !== 0, signal: context.signal };
}
