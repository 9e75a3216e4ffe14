import type { Log } from '../log.ts';
import type { Emit, Event, Notice } from '../model/event.ts';
import type { Problem } from '../model/problem.ts';
import { isIncidental, participle } from './progress.ts';
import { wordsOf } from './words.ts';

/**
 * Tells the event stream to the log: at `info` what changed, nothing when a pass finds nothing, and a problem or
 * notice once, until it goes.
 */
export function logEvents(log: Log): Emit {
  let told: ReadonlySet<string> = new Set();
  return event => {
    if (event.type === 'planned') told = logStanding(log, event.problems, event.notices, told);
    else logEvent(log, event);
  };
}

function logEvent(log: Log, event: Exclude<Event, { type: 'planned' }>): void {
  if (event.type === 'settled') logSettled(log, event);
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
    const isLong = step.action.verb === 'pull' || step.action.verb === 'build';
    log[isLong ? 'info' : 'debug'](`${done} ${what}`, { ...fields, tookMs: Math.round(result.tookMs) });
  }
}

function logSettled(log: Log, { key, change, failure, skipped }: Extract<Event, { type: 'settled' }>): void {
  if (change.op === 'keep' || change.op === 'wait' || isIncidental(change)) return;
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

/** Problems and notices hold for many passes: each is told when it comes, and told to be gone when it goes. */
function logStanding(
  log: Log,
  problems: readonly Problem[],
  notices: readonly Notice[],
  told: ReadonlySet<string>,
): ReadonlySet<string> {
  const now = new Set<string>();
  for (const { code, severity, message, file, line, hint } of problems) {
    const text = `${file}:${line}: ${message}`;
    if (!told.has(text) && !now.has(text)) log[severity === 'error' ? 'error' : 'warn'](text, { code, hint });
    now.add(text);
  }
  for (const { code, message, hint } of notices) {
    if (!told.has(message) && !now.has(message)) log.warn(message, { code, hint });
    now.add(message);
  }
  for (const text of told) if (!now.has(text)) log.info(`gone: ${text}`);
  return now;
}
