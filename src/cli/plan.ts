import { planOutput } from '../plan/output.ts';
import { printPlan } from '../plan/print.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { printProblems } from './desire.ts';
import type { PruneFlag, RefreshFlag, StrictFlag } from './flags.ts';
import { foresee, hasChanges, hasErrors } from './foresee.ts';
import { painter } from './paint.ts';
import { noticeDocuments, problemDocuments } from './problems.ts';

/** `podstead plan PATH...`: 0 nothing to do, 2 changes, 1 failure. */
export async function plan(
  context: Context,
  paths: readonly string[],
  flags: StrictFlag & PruneFlag & RefreshFlag,
): Promise<number> {
  const outcome = await foresee(context, paths, flags, { showsSteps: true });
  const { terminal, output } = context;
  if (output !== 'text') {
    const problems = problemDocuments(outcome.problems);
    await writeData(terminal, output, {
      ...planOutput(outcome.plan),
      problems,
      notices: noticeDocuments(outcome.notices),
    });
  } else {
    await printProblems(context, outcome.problems);
    for (const { message, hint } of outcome.notices)
      terminal.err(`${message}${hint === undefined ? '' : ` (${hint})`}\n`);
    terminal.out(`${printPlan(outcome.plan, painter(terminal.outColor))}\n`);
  }
  if (hasErrors(outcome)) return 1;
  return hasChanges(outcome) ? 2 : 0;
}
