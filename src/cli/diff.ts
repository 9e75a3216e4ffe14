import { planOutput } from '../plan/output.ts';
import { printDiff } from '../plan/print.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { printProblems } from './desire.ts';
import type { PruneFlag, StrictFlag } from './flags.ts';
import { foresee, hasChanges, hasErrors } from './foresee.ts';
import { painter } from './paint.ts';
import { problemDocuments } from './problems.ts';

/** `podstead diff PATH...`: 0 no differences, 1 differences, 2 failure. */
export async function diff(context: Context, paths: readonly string[], flags: StrictFlag & PruneFlag): Promise<number> {
  const outcome = await foresee(context, paths, flags, { showsSteps: false });
  const { terminal, output } = context;
  if (output !== 'text') {
    const { revision, changes } = planOutput(outcome.plan);
    const problems = problemDocuments(outcome.problems);
    const differing = changes.filter(change => change.op !== 'keep');
    await writeData(terminal, output, { revision, changes: differing, problems });
  } else {
    await printProblems(context, outcome.problems);
    const text = printDiff(outcome.plan, painter(terminal.outColor));
    if (text !== '') terminal.out(`${text}\n`);
  }
  if (hasErrors(outcome)) return 2;
  return hasChanges(outcome) ? 1 : 0;
}
