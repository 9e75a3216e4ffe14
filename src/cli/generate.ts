import { stat } from 'node:fs/promises';
import { appliedAfter } from '../model/applied.ts';
import type { Desired, RestartPolicy } from '../model/desired.ts';
import type { SystemctlOptions } from '../systemd/systemctl.ts';
import { keptUnits } from '../unit/kept.ts';
import { type PodUnitSpec, podUnit } from '../unit/pod.ts';
import { stepsSince } from '../unit/restart.ts';
import { renderUnit, type UnitFile, valuesOf } from '../unit/unit-file.ts';
import type { Context } from './context.ts';
import { makeLoad, openPaths, printProblems } from './desire.ts';
import { CommandError } from './error.ts';
import type { GenerateSystemdFlags } from './flags.ts';
import { oldestSystemd, systemdVersion } from './host-versions.ts';
import { pickAll } from './key.ts';
import { unitHost } from './unit-host.ts';
import { unitOrder } from './unit-order.ts';
import { declaredUnit, standingPolicy, standingUnit, type UnitHost } from './unit-spec.ts';
import { type Look, look, withWorld } from './world.ts';

/** `podstead generate systemd PATH|KEY`: boot units, to a directory or to standard output. */
export async function generateSystemd(context: Context, subject: string, flags: GenerateSystemdFlags): Promise<number> {
  const named = await isPath(subject);
  return withWorld(context, async world => {
    const host = await unitHost(context, world, flags.user ?? context.uid !== 0);
    const seen = await look(world, context);
    const pods = named ? await declared(context, subject, seen, host) : standing(subject, seen, flags, host);
    const systemd = flags.restart ? ((await systemdVersion(context.signal)) ?? oldestSystemd) : oldestSystemd;
    if (flags.restart && systemd < stepsSince && !context.quiet) {
      context.terminal.err(
        `systemd ${systemd} waits 10 s before each restart; from ${stepsSince} on the pause would grow to 5 min\n`,
      );
    }
    const specs = new Map(pods.map(({ spec }) => [spec.key, spec] as const));
    const units = pods.flatMap(({ spec, policy }) => {
      const before = spec.after.flatMap(key => specs.get(key) ?? []);
      return flags.restart ? keptUnits(spec, { policy, systemd }, before) : [podUnit(spec)];
    });
    if (flags.directory === undefined) {
      context.terminal.out(units.map(unit => `# ${unit.name}\n${renderUnit(unit)}`).join('\n'));
      return 0;
    }
    return write(context, flags.directory, units, flags);
  });
}

/** Whether that is a file or a directory, and not a key. */
export async function isPath(subject: string): Promise<boolean> {
  if (subject === '-') return true;
  return stat(subject).then(
    () => true,
    () => false,
  );
}

interface Described {
  readonly spec: PodUnitSpec;
  readonly policy: RestartPolicy;
}

async function declared(context: Context, path: string, seen: Look, host: UnitHost): Promise<readonly Described[]> {
  const { pods } = await declaredPods(context, path);
  const order = unitOrder([...pods.values()].map(pod => ({ ...pod, after: pod.after ?? [] })));
  return [...pods.values()].map(pod => ({
    spec: declaredUnit(pod, seen.actual.pods.get(pod.key), host, order.get(pod.key)),
    policy: pod.restartPolicy,
  }));
}

/**
 * What manifests declare.
 *
 * @throws CommandError where they have errors: half the units would be worse than none
 */
export async function declaredPods(context: Context, path: string): Promise<Desired> {
  const load = makeLoad({ owner: context.owner, strict: false });
  const source = await openPaths([path]);
  const { desired, problems } = await load(await source.read({ signal: context.signal }));
  await printProblems(context, problems);
  if (problems.some(problem => problem.severity === 'error')) {
    throw new CommandError('Cannot write units: the manifests have errors', { hint: 'Mend them first' });
  }
  return desired;
}

function standing(key: string, seen: Look, flags: GenerateSystemdFlags, host: UnitHost): readonly Described[] {
  const all = [...seen.actual.pods.values()];
  const order = unitOrder(all.map(pod => ({ ...pod, after: appliedAfter(seen.records.get(pod.key)?.applied) })));
  return pickAll(key, seen.pods, flags.namespace).map(({ key }) => {
    const pod = seen.actual.pods.get(key);
    const record = seen.records.get(key);
    const spec = pod && standingUnit(pod, record, host, order.get(key));
    if (spec !== undefined) return { spec, policy: standingPolicy(record) };
    throw new CommandError(`Cannot write a unit for ${key}: what was last applied of it is not known`, {
      hint: 'Name its manifest instead, or apply it again',
    });
  });
}

async function write(
  context: Context,
  directory: string,
  units: readonly UnitFile[],
  flags: GenerateSystemdFlags,
): Promise<number> {
  const { writeUnits } = await import('../systemd/write.ts');
  const { owner, signal, terminal, quiet } = context;
  // Units of other pods may stand there: only the agent knows all that are wanted.
  const { written, foreign } = await writeUnits(directory, units, { owner, signal, prune: false });
  for (const name of foreign) terminal.err(`Left ${directory}/${name} as it is: it was not written by podstead\n`);
  if (!quiet) {
    for (const name of written) terminal.err(`Wrote ${directory}/${name}\n`);
    const systemctl = flags.user || context.uid !== 0 ? 'systemctl --user' : 'systemctl';
    // The others are wanted by these.
    const names = units.flatMap(unit => (valuesOf(unit, 'Install', 'WantedBy').length > 0 ? unit.name : [])).join(' ');
    if (written.length > 0 && flags.restart)
      terminal.err('Starting them stops and starts each container once, so that it is a child of its unit\n');
    if (written.length > 0)
      terminal.err(`Have systemd take them: ${systemctl} daemon-reload && ${systemctl} enable ${names}\n`);
  }
  return foreign.length === 0 ? 0 : 1;
}

/** How to ask the systemd that these units are for. */
export function systemctlOptions(context: Context): SystemctlOptions {
  return { path: 'systemctl', user: context.uid !== 0, signal: context.signal };
}
