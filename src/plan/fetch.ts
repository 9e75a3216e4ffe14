import type { Actual } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import type { Plan } from '../model/plan.ts';
import { stepBuilder } from './builder.ts';
import { type ImageUse, imagesOfPod } from './images.ts';
import { addUses } from './prepare.ts';

/** Pulls ahead of need, and what there is to pull at all. */
export interface FetchPlan {
  /** References that pods and claims need and that are to be had by a pull, sorted. */
  readonly references: readonly string[];
  /** Without changes: no object becomes another by it. */
  readonly plan: Plan;
}

/**
 * The pulls that it takes until a pass needs none: of every image that is not there, and of those that are pulled
 * always. What is built here, and what may not be pulled, is left out.
 */
export function fetchPlan(desired: Desired, actual: Actual): FetchPlan {
  const uses = [...[...desired.pods.values()].flatMap(pod => imagesOfPod(pod)), ...claimUses(desired)].filter(
    ({ image, pullPolicy }) => pullPolicy !== 'Never' && desired.images.get(image)?.build === undefined,
  );
  const builder = stepBuilder();
  addUses(builder, uses, desired, actual);
  const references = [...new Set(uses.map(({ image }) => image))].toSorted();
  return {
    references,
    plan: { revision: desired.revision, changes: [], steps: builder.steps(), nextMs: undefined },
  };
}

/** Also of what a claim's volume is made of: it has no policy of its own, and is pulled where it is missing. */
function claimUses({ volumes }: Desired): readonly ImageUse[] {
  return [...volumes.values()].flatMap(({ driver, options }) =>
    driver === 'image' && options.image !== undefined
      ? [{ image: options.image, pullPolicy: 'IfNotPresent' } as const]
      : [],
  );
}

/** Without the pulls that would bring what a name stands for already, as far as their registries could be asked. */
export function withoutPresent(plan: Plan, { images }: Actual): Plan {
  const steps = plan.steps.filter(({ action }) => {
    const pinned = action.verb === 'pull' ? action.pinned : undefined;
    if (action.verb !== 'pull' || pinned === undefined) return true;
    const found = images.get(action.image.reference)?.id;
    return found === undefined || found !== images.get(`${pinned.repository}@${pinned.digest}`)?.id;
  });
  return { ...plan, steps };
}
