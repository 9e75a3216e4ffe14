import type { StepResult } from '../model/event.ts';
import type { ActionOf, Plan } from '../model/plan.ts';

/** `podstead image pull -o json`: schema/image-pull.schema.json. */
export interface PullDocument {
  readonly Images: readonly PulledImage[];
  readonly Totals: {
    readonly Pulled: number;
    readonly Present: number;
    readonly Planned: number;
    readonly Failed: number;
  };
}

/** What became of one image. */
export interface PulledImage {
  /** As the manifest writes it. */
  readonly Name: string;
  readonly Status: 'pulled' | 'present' | 'planned' | 'failed';
  /** Of what the name stands for at its registry; null where that was not asked, or did not tell. */
  readonly Digest: string | null;
  /** Of the image, as it comes over the wire; 0 where nothing was to come, null where nobody knows. */
  readonly Bytes: number | null;
  readonly Error: string | null;
}

/**
 * Tells what became of every image, sorted by name.
 *
 * @param results of the pulls; undefined where they are only planned
 */
export function pullDocument(
  references: readonly string[],
  plan: Plan,
  results: readonly StepResult[] | undefined,
): PullDocument {
  const pulls = plan.steps.flatMap(({ action }) => (action.verb === 'pull' ? [action] : []));
  const failures = new Map(results?.flatMap(failureIn));
  const Images = references.map((Name): PulledImage => {
    const pull = pulls.find(({ image }) => image.reference === Name);
    if (pull === undefined) return { Name, Status: 'present', Digest: null, Bytes: 0, Error: null };
    const message = failures.get(Name) ?? null;
    const Status = results === undefined ? 'planned' : message === null ? 'pulled' : 'failed';
    return { Name, Status, ...contentOf(pull), Error: message };
  });
  const count = (status: PulledImage['Status']): number => Images.filter(({ Status }) => Status === status).length;
  return {
    Images,
    Totals: {
      Pulled: count('pulled'),
      Present: count('present'),
      Planned: count('planned'),
      Failed: count('failed'),
    },
  };
}

function contentOf({ pinned }: ActionOf<'pull'>): Pick<PulledImage, 'Digest' | 'Bytes'> {
  if (pinned === undefined) return { Digest: null, Bytes: null };
  return { Digest: pinned.digest, Bytes: pinned.isPresent ? 0 : pinned.bytes };
}

function failureIn(result: StepResult): readonly (readonly [reference: string, message: string])[] {
  const { action } = result.step;
  return result.outcome === 'failed' && action.verb === 'pull'
    ? [[action.image.reference, result.failure.message]]
    : [];
}
