import { absenceMs, newGuard } from '../reconcile/guard.ts';
import { type Outcome, pass } from '../reconcile/pass.ts';
import type { Context } from './context.ts';
import { makeLoad, openPaths } from './desire.ts';
import type { PruneFlag, RefreshFlag, StrictFlag } from './flags.ts';
import { imagePins } from './image-pins.ts';
import { makePorts, noMemory } from './ports.ts';
import { withWorld } from './world.ts';

/**
 * What `apply` with these paths and flags would decide now. Changes nothing.
 *
 * @param showsSteps whether anybody is to see which images pulls would bring: then registries are asked
 */
export async function foresee(
  context: Context,
  paths: readonly string[],
  flags: StrictFlag & PruneFlag & RefreshFlag,
  { showsSteps }: { readonly showsSteps: boolean },
): Promise<Outcome> {
  const load = makeLoad({ owner: context.owner, strict: flags.strict ?? false, podSecurity: flags.podSecurity });
  const source = await openPaths(paths);
  return withWorld(
    context,
    async world => {
      const ports = {
        ...makePorts(context, {
          ...{ world, source, load, emit: () => undefined, scrub: (text: string) => text },
          refresh: flags.refresh ?? false,
          ...(showsSteps && { pins: imagePins(context, world) }),
        }),
        memory: noMemory,
      };
      const opts = {
        prune: flags.prune ? ('guarded' as const) : ('none' as const),
        allowEmpty: flags.allowEmpty ?? false,
        // As `apply`, which tries at once what failed before.
        retryNow: true,
        signal: context.signal,
      };
      const first = await pass(ports, { ...opts, guard: newGuard(await world.memory.load()) });
      if (first.pruneAtMs === undefined) return first;
      // What is absent now is taken as absent for long enough: `apply` will list twice before it removes.
      const since = context.clock.now() - absenceMs;
      const absentSince = new Map([...first.guard.absentSince.keys()].map(key => [key, since] as const));
      return pass(ports, { ...opts, guard: { ...first.guard, absentSince } });
    },
    { source: source.name },
  );
}

/** Something that apply would do, or would do if nothing held it back. */
export function hasChanges({ plan }: Outcome): boolean {
  return plan.steps.length > 0 || plan.changes.some(({ op, waitsFor }) => op === 'hold' || waitsFor !== undefined);
}

/** Errors of the input refuse objects: the answer is not the whole one. */
export function hasErrors({ problems }: Outcome): boolean {
  return problems.some(problem => problem.severity === 'error');
}
