import { stripVTControlCharacters } from 'node:util';
import { createColors } from 'picocolors';
import type { Emit, Event, Failure, Progress, StepResult } from '../model/event.ts';
import { keyParts } from '../model/key.ts';
import type { Change, Step } from '../model/plan.ts';
import { bytes } from '../model/size.ts';
import { participle } from '../plan/history.ts';
import { plannedChanges, type Settled } from './planned.ts';
import { shorten } from './table.ts';
import type { Terminal } from './terminal.ts';
import { isLasting, isNotable, wordsOf } from './words.ts';

/** Shows the event stream to a person: lines that stay, and on a terminal below them one line a step under way. */
export interface ProgressView {
  readonly emit: Emit;
  /** Writes a line that stays, above what is under way. */
  say(line: string): void;
  /** Takes the lines of steps under way away. */
  end(): void;
}

interface Running {
  readonly step: Step;
  progress: Progress | undefined;
}

const barWidth = 24;
/** Redraws at most this often, in milliseconds. */
const redrawMs = 80;

export interface ProgressOptions {
  /** Nothing is shown of steps, save failures. */
  readonly quiet: boolean;
  /** False where the command itself is the reason of every change. */
  readonly reasons?: boolean;
}

/** A failure that repeats is told once. */
export function makeProgress(terminal: Terminal, opts: ProgressOptions): ProgressView {
  const colors = createColors(terminal.errColor);
  const running = new Map<number, Running>();
  const planned = plannedChanges();
  const told = new Set<string>();
  let drawn = 0;
  let drawnAtMs = Number.NEGATIVE_INFINITY;

  function clear(): string {
    const up = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[0J`;
    drawn = 0;
    return up;
  }

  function draw(atMs: number): void {
    if (!terminal.interactive || opts.quiet) return;
    const lines = [...running.values()].map(one => runningLine(one, terminal.columns()));
    const text = clear() + lines.map(line => `${line}\n`).join('');
    drawn = lines.length;
    drawnAtMs = atMs;
    if (text !== '') terminal.err(text);
  }

  function say(line: string): void {
    terminal.err(`${clear()}${line}\n`);
    draw(drawnAtMs);
  }

  function emit(event: Event): void {
    if (event.type === 'stepStarted' && isNotable(event.step.action)) {
      running.set(event.step.id, { step: event.step, progress: undefined });
      draw(event.atMs);
    }
    if (event.type === 'progress') {
      const one = running.get(event.step.id);
      if (one !== undefined) one.progress = event.progress;
      if (event.atMs - drawnAtMs >= redrawMs) draw(event.atMs);
    }
    if (event.type === 'stepEnded') {
      const last = running.get(event.result.step.id)?.progress;
      running.delete(event.result.step.id);
      const line = endLine(event.result, last);
      planned.note(event);
      if (line === undefined || opts.quiet) draw(event.atMs);
      else say(line);
    }
    if (event.type === 'planned') planned.note(event);
    if (event.type === 'settled') {
      const line = settledLine(event, planned.failedStep(event), opts.reasons ?? true);
      if (line !== undefined && !(opts.quiet && event.failure === undefined)) sayOnce(event, mark(event, line));
    }
    if (event.type === 'passFailed') say(colors.red(failureLine(event.failure)));
  }

  function sayOnce({ failure, skipped }: Settled, line: string): void {
    const isNews = failure === undefined && skipped === undefined;
    if (isNews || !told.has(line)) say(line);
    if (!isNews) told.add(line);
  }

  function mark({ failure, skipped }: Settled, line: string): string {
    if (failure !== undefined) return `${colors.red('✘')} ${line}`;
    return skipped === undefined ? `${colors.green('✔')} ${line}` : `${colors.yellow('-')} ${line}`;
  }

  return {
    emit,
    say,
    end: () => {
      running.clear();
      const text = clear();
      if (text !== '') terminal.err(text);
    },
  };
}

function runningLine({ step, progress }: Running, columns: number): string {
  const { doing, what } = wordsOf(step.action);
  const text = progressText(progress);
  return progressLine(`  ${doing} `, what, text === '' ? [] : [text], columns);
}

/** A name shorter than this tells nothing. */
const leastName = 12;

/** What is done to what, and how far it is: where the terminal is too narrow the name is shortened, as the numbers tell more. */
export function progressLine(verb: string, name: string, parts: readonly string[], columns: number): string {
  const rest = parts.map(part => `  ${part}`).join('');
  const room = Math.max(leastName, columns - 1 - verb.length - rest.length);
  return clip(`${verb}${parts.length === 0 ? name : shorten(name, room)}${rest}`, columns);
}

/** A bar with bytes, or what is known. */
export function progressText(progress: Progress | undefined): string {
  if (progress === undefined) return '';
  const { doneBytes, totalBytes, message } = progress;
  if (doneBytes === undefined) return message;
  if (totalBytes === undefined || totalBytes === 0) return bytes(doneBytes);
  const filled = Math.min(barWidth, Math.floor((doneBytes / totalBytes) * barWidth));
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${bytes(doneBytes)} of ${bytes(totalBytes)}`;
}

/** Pulls, builds and lost volumes stay as one line each; the rest, and every failure, is said once, by its object. */
function endLine(result: StepResult, last: Progress | undefined): string | undefined {
  const { action } = result.step;
  const { done, what } = wordsOf(action);
  if (result.outcome !== 'done' || !isLasting(action)) return undefined;
  if (action.verb === 'removeVolume') return `  ${done} ${what}`;
  const size = last?.totalBytes === undefined ? '' : `, ${bytes(last.totalBytes)}`;
  return `  ${done} ${what} in ${seconds(result.tookMs)}${size}`;
}

/** `failedStep` where the plan had no change for the key, undefined where it had one. */
function settledLine(event: Settled, failedStep: Step | 'none' | undefined, reasons: boolean): string | undefined {
  const { change, failure, skipped } = event;
  if (failedStep !== undefined) return failedStep === 'none' ? undefined : stepFailure(failedStep, failure);
  if (failure !== undefined) return `${change.key} not ${participle(change.op)}: ${failureLine(failure)}`;
  if (skipped !== undefined) return `${change.key} not ${participle(change.op)} yet: ${skipped}`;
  if (change.op === 'keep' || change.op === 'wait') return undefined;
  return `${change.key} ${participle(change.op)}${reasons ? `: ${change.why}` : ''}`;
}

/** A failed pull or build is told by each object that needed it. */
function stepFailure({ action }: Step, failure: Failure | undefined): string | undefined {
  if (failure === undefined || action.verb === 'pull' || action.verb === 'build') return undefined;
  const { doing, what } = wordsOf(action);
  return `${doing} ${what} failed: ${failureLine(failure)}`;
}

/** Of no object of the user's: images, networks and files are prepared and swept on the way, as steps of their own. */
export function isIncidental({ key }: Pick<Change, 'key'>): boolean {
  return keyParts(key).namespace === '-';
}

/** One line: the message, and what to do. */
export function failureLine(failure: Pick<Failure, 'message' | 'hint'>): string {
  return failure.hint === undefined ? failure.message : `${failure.message} (${failure.hint})`;
}

/** `3 created, 1 updated, 12 unchanged`: what many changes come to. */
export function summaryOf(changes: readonly Change[]): string {
  const counts = new Map<string, number>();
  for (const { op } of changes) counts.set(participle(op), (counts.get(participle(op)) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ') || 'Nothing to do';
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** A line that wrapped could not be taken back. */
export function clip(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line).replaceAll(/[\r\n\t]/g, ' ');
  return plain.length < columns ? plain : `${plain.slice(0, Math.max(0, columns - 2))}…`;
}
