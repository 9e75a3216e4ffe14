import type { Log } from '../log.ts';
import type { Emit, Event, Notice } from '../model/event.ts';
import type { Problem } from '../model/problem.ts';
import { participle } from '../plan/history.ts';
import { type PlannedChanges, plannedChanges, type Settled } from './planned.ts';
import { isLasting, wordsOf } from './words.ts';

/**
 * Tells the event stream to the log: at `info` what changed, nothing when a pass finds nothing, and a problem or
 * notice once, until it goes.
 */
export function logEvents(log: Log): Emit {
  const planned = plannedChanges();
  let told: ReadonlyMap<string, string> = new Map();
  return event => {
    planned.note(event);
    if (event.type === 'planned') told = logStanding(log, event.problems, event.notices, told);
    else logEvent(log, event, planned);
  };
}

function logEvent(log: Log, event: Exclude<Event, { type: 'planned' }>, planned: PlannedChanges): void {
  if (event.type === 'settled') logSettled(log, event, planned.failedStep(event) !== undefined);
  else if (event.type === 'stepEnded') logStep(log, event.result);
  else if (event.type === 'stepStarted') {
    log.debug('step started', { key: event.step.key, verb: event.step.action.verb });
  } else if (event.type === 'progress') log.debug(event.progress.message, { key: event.step.key });
  else if (event.type === 'idle') log.debug('nothing to do');
  else {
    const { code, message, hint } = event.failure;
    log.error(`pass failed: ${message}`, { code, hint, retry: new Date(event.retryAtMs).toISOString() });
  }
}

function logStep(log: Log, result: Extract<Event, { type: 'stepEnded' }>['result']): void {
  const { step } = result;
  const { doing, done, what } = wordsOf(step.action);
  const fields = { key: step.key, verb: step.action.verb };
  if (result.outcome === 'failed') {
    const { code, message, hint } = result.failure;
    log.error(`${doing} ${what} failed: ${message}`, { ...fields, code, hint });
  } else if (result.outcome === 'skipped') log.debug('step skipped', { ...fields, because: result.because });
  else {
    log[isLasting(step.action) ? 'info' : 'debug'](`${done} ${what}`, { ...fields, tookMs: Math.round(result.tookMs) });
  }
}

/** `incidental`: no change of the plan, so that what its steps said is all there is to say. */
function logSettled(log: Log, { key, change, failure, skipped }: Settled, incidental: boolean): void {
  if (change.op === 'keep' || change.op === 'wait' || incidental) return;
  if (failure !== undefined) {
    // The step that failed has told its message.
    log.debug('not settled', { key, op: change.op, code: failure.code });
    return;
  }
  if (skipped !== undefined) {
    log.info(`${key} not ${participle(change.op)} yet`, { because: skipped });
    return;
  }
  const from = change.location && `${change.location.file}:${change.location.line}`;
  log.info(`${key} ${participle(change.op)}`, { why: change.why, from });
}

/** Problems and notices hold for many passes: each is told when it comes, and once more when it is over. */
function logStanding(
  log: Log,
  problems: readonly Problem[],
  notices: readonly Notice[],
  told: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const now = new Map<string, string>();
  for (const { code, severity, message, file, line, hint } of problems) {
    const text = `${file}:${line}: ${message}`;
    if (!told.has(text) && !now.has(text)) log[severity === 'error' ? 'error' : 'warn'](text, { code, hint });
    now.set(text, 'mended');
  }
  for (const { code, message, hint } of notices) {
    if (!told.has(message) && !now.has(message)) log.warn(message, { code, hint });
    now.set(message, 'over');
  }
  for (const [text, end] of told) if (!now.has(text)) log.info(`${end}: ${text}`);
  return now;
}
