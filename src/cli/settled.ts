import type { Key } from '../model/key.ts';
import type { Problem } from '../model/problem.ts';
import { participle } from '../plan/history.ts';
import { notReady, type Settled } from '../reconcile/settle.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { printProblems } from './desire.ts';
import { countProblems, noticeDocuments, problemDocuments } from './problems.ts';
import { failureLine, isIncidental, summaryOf } from './progress.ts';

/** What was done and what was not, as JSON on standard output or as text on standard error. */
export async function reportSettled(context: Context, settled: Settled): Promise<void> {
  const { terminal, output, quiet } = context;
  const done = settled.changes.filter(change => !isIncidental(change));
  const isDone = (key: Key): boolean => done.some(change => change.key === key);
  const kept = settled.outcome?.plan.changes.filter(({ op, key }) => op === 'keep' && !isDone(key)) ?? [];
  const held = settled.outcome?.plan.changes.filter(change => change.op === 'hold' || change.op === 'wait') ?? [];
  if (output !== 'text') {
    return writeData(terminal, output, {
      revision: settled.outcome?.plan.revision ?? null,
      settled: codeOf(settled) === 0,
      timedOut: settled.timedOut,
      changes: settled.changes.map(({ op, key, why }) => ({ op, key, result: participle(op), why })),
      waiting: held.map(({ op, key, why }) => ({ op, key, why })),
      failures: failuresIn(settled).map(({ key, failure }) => ({ key, ...failure, hint: failure.hint ?? null })),
      notices: noticeDocuments(settled.notices),
      problems: problemDocuments(problemsOf(settled)),
    });
  }
  await printProblems(context, problemsOf(settled));
  for (const notice of settled.notices) terminal.err(`${failureLine(notice)}\n`);
  // What failed has told why, when it did.
  const told = new Set(settled.failures.map(({ key }) => key));
  const standing = held.filter(({ key }) => !told.has(key));
  for (const { key, op, why } of standing) terminal.err(`${key} ${participle(op)}: ${why}\n`);
  for (const { key, why } of unready(settled)) terminal.err(`${key} ${why}\n`);
  if (settled.timedOut) terminal.err('Gave up waiting: not all of it has settled; see `podstead status`\n');
  const failures = failuresIn(settled).length;
  const others = [...done, ...kept, ...standing];
  const parts = [
    failures > 0 && others.length === 0 ? '' : summaryOf(others),
    failures === 0 ? '' : `${failures} failed`,
    countProblems(problemsOf(settled)),
  ];
  if (!quiet) terminal.err(`${parts.filter(part => part !== '').join('; ')}\n`);
}

/** Pods that it gave up waiting for. */
function unready({ timedOut, outcome }: Settled): ReturnType<typeof notReady> {
  return timedOut && outcome !== undefined ? notReady(outcome) : [];
}

/** 0 when all is as it should be. */
export function codeOf(settled: Settled): number {
  const isRefused = (problem: Problem): boolean => problem.severity === 'error';
  const isHeld = settled.outcome?.plan.changes.some(change => change.op === 'hold') ?? true;
  return settled.failures.length > 0 || settled.timedOut || isHeld || problemsOf(settled).some(isRefused) ? 1 : 0;
}

function problemsOf({ outcome }: Settled): readonly Problem[] {
  return outcome?.problems ?? [];
}

/** Each once: an image that cannot be had is told by each object that needs it. */
function failuresIn({ failures }: Settled): Settled['failures'] {
  const ofObjects = new Set(failures.filter(each => !isIncidental(each)).map(({ failure }) => failure.message));
  return failures.filter(each => !isIncidental(each) || !ofObjects.has(each.failure.message));
}
