import type { ActionOf, Change, Plan } from '../model/plan.ts';
import { describe } from './print.ts';

/** A plan as JSON for programs; its schema is schema/plan.schema.json. */
export interface PlanOutput {
  readonly revision: string;
  readonly changes: readonly ChangeOutput[];
  readonly steps: readonly StepOutput[];
}

export interface ChangeOutput extends Omit<Change, 'location' | 'untilMs'> {
  readonly file?: string;
  readonly line?: number;
  /** RFC 3339. */
  readonly until?: string;
}

export interface StepOutput {
  readonly id: number;
  readonly key: string;
  readonly verb: string;
  readonly text: string;
  readonly after: readonly number[];
  readonly when: 'done' | 'failed';
  /** Of a pull. */
  readonly image?: ImageOutput;
}

/** What a pull is about to bring, as far as its registry could be asked. */
export interface ImageOutput {
  readonly reference: string;
  readonly digest: string | null;
  /** That are to come at most; 0 where the engine has them. */
  readonly bytes: number | null;
}

/** What a plan says, without what it holds: no object behind a step, and so no Secret, gets out. */
export function planOutput(plan: Plan): PlanOutput {
  return {
    revision: plan.revision,
    changes: plan.changes.map(changeOutput),
    steps: plan.steps.map(({ id, key, action, after, when }) => ({
      id,
      key,
      verb: action.verb,
      text: describe(action),
      after,
      when,
      ...(action.verb === 'pull' && { image: imageOutput(action) }),
    })),
  };
}

function imageOutput({ image: { reference }, pinned }: ActionOf<'pull'>): ImageOutput {
  if (pinned === undefined) return { reference, digest: null, bytes: null };
  return { reference, digest: pinned.digest, bytes: pinned.isPresent ? 0 : pinned.bytes };
}

function changeOutput({ location, untilMs, ...change }: Change): ChangeOutput {
  return {
    ...change,
    ...(location === undefined ? {} : { file: location.file, line: location.line }),
    ...(untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() }),
  };
}
