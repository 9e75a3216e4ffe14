import { stat } from 'node:fs/promises';
import { Runner } from '../apply/runner.ts';
import type { Event, StepResult } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import { parseReference } from '../model/reference.ts';
import { fetchPlan, withoutPresent } from '../plan/fetch.ts';
import { describe } from '../plan/print.ts';
import { pinPulls, withoutRepeated } from '../reconcile/pins.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { makeLoad, openPaths, printProblems } from './desire.ts';
import { CommandError } from './error.ts';
import type { PullFlags } from './image-flags.ts';
import { imageKeeper } from './image-keeper.ts';
import { imagePins } from './image-pins.ts';
import { type PullDocument, pullDocument } from './image-pull-document.ts';
import { textLog } from './logger.ts';
import { takePlace } from './place.ts';
import { failureLine, makeProgress } from './progress.ts';
import { makeScrubber, scrubbed } from './scrub.ts';
import { type World, withWorld } from './world.ts';

/**
 * `podstead image pull PATH...`: pulls ahead what a pass would pull, as it would. Exits with 1 where a pull failed, and
 * where the manifests have errors: they may need more than could be seen.
 */
export async function pullImages(given: Context, paths: readonly string[], flags: PullFlags): Promise<number> {
  const scrubber = makeScrubber();
  const context = { ...given, terminal: scrubbed(given.terminal, scrubber) };
  const { signal, terminal, output, quiet } = context;
  const load = makeLoad({ owner: context.owner, strict: flags.strict ?? false });
  for (const path of paths) await refuseImage(path);
  const source = await openPaths(paths);
  return withWorld(context, async world => {
    const looking = world.engine.observe({ signal });
    looking.catch(() => undefined);
    const { desired, problems } = await load(await source.read({ signal }));
    scrubber.learn(desired);
    const actual = await looking;
    const { references, plan } = fetchPlan(desired, actual);
    const pinned = await pinPulls(plan, imagePins(context, world), actual, { signal });
    const due = withoutPresent(pinned.plan, actual);
    const errors = problems.filter(({ severity }) => severity === 'error');
    if (output === 'text') await printProblems(context, errors);
    const results = flags.dryRun ? undefined : await pullAll(context, world, due, paths);
    signal.throwIfAborted();
    const notices = withoutRepeated(pinned.notices, reference => codeOf(results, reference));
    if (output === 'text' && !quiet) for (const notice of notices) terminal.err(`${failureLine(notice)}\n`);
    const document = pullDocument(references, due, results);
    if (output !== 'text') await writeData(terminal, output, document);
    else if (!quiet) tell(context, document, due);
    return document.Totals.Failed === 0 && errors.length === 0 ? 0 : 1;
  });
}

/** @throws CommandError where what is given is an image, and no file is called so */
async function refuseImage(given: string): Promise<void> {
  const name = given.replace(/^docker:\/\//, '');
  const isName = name !== given || parseReference(given)?.registry !== undefined || /^[\w./-]+:\w/.test(given);
  if (!isName || (await stat(given).catch(() => undefined)) !== undefined) return;
  const message = `Cannot pull "${given}": there is no such file, and manifests are what says which images to pull`;
  throw new CommandError(message, {
    hint: `For one image: podstead image copy docker://${name} containers-storage:${name}`,
  });
}

/** By which failure the pull of a reference ended. */
function codeOf(results: readonly StepResult[] | undefined, reference: string): string | undefined {
  const isIts = ({ step: { action } }: StepResult): boolean =>
    action.verb === 'pull' && action.image.reference === reference;
  const found = results?.find(isIts);
  return found?.outcome === 'failed' ? found.failure.code : undefined;
}

/** As steps of a pass, with its limits and its progress. */
async function pullAll(
  context: Context,
  world: World,
  plan: Plan,
  paths: readonly string[],
): Promise<readonly StepResult[]> {
  if (plan.steps.length === 0) return [];
  const { clock, signal, terminal } = context;
  const release = await placeOrNone(context, world, paths);
  const log = textLog(terminal, { level: 'warn', scrub: text => text });
  const keeper = release && (await imageKeeper(context, world, log));
  const progress = makeProgress(terminal, { quiet: context.quiet || context.output !== 'text' });
  const results: StepResult[] = [];
  const emit = (event: Event): void => {
    progress.emit(event);
    if (event.type !== 'stepEnded') return;
    const { result } = event;
    results.push(result);
    if (result.outcome === 'failed') progress.say(failureLine(result.failure));
  };
  const engine = keeper?.engine ?? world.engine;
  const ports = { engine, records: world.records, clock, random: Math.random, emit, ended: async () => undefined };
  const runner = new Runner(ports);
  const abort = (): void => runner.abort('podstead is stopping');
  signal.addEventListener('abort', abort);
  try {
    runner.start(plan);
    if (signal.aborted) abort();
    await runner.idle();
  } finally {
    signal.removeEventListener('abort', abort);
    progress.end();
    await keeper?.end();
    await release?.();
  }
  return results;
}

/** Beside an agent images come all the same; they are not noted as ours then, which only who has the place may do. */
async function placeOrNone(
  context: Context,
  { opened }: World,
  paths: readonly string[],
): Promise<(() => Promise<void>) | undefined> {
  try {
    return await takePlace(context, opened.socket, `image pull ${paths.join(' ')}`);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

function tell({ terminal }: Context, { Totals }: PullDocument, { steps }: Plan): void {
  if (Totals.Planned > 0) for (const { action } of steps) terminal.err(`Would ${describe(action)}\n`);
  const counts = [
    [Totals.Pulled, 'pulled'],
    [Totals.Planned, 'to be pulled'],
    [Totals.Present, 'there already'],
    [Totals.Failed, 'failed'],
  ] as const;
  const told = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  terminal.err(`${told.join(', ') || 'Nothing to pull'}\n`);
}
