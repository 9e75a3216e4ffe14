import { createColors } from 'picocolors';
import type { BuildEvent, BuildStep } from '../model/build.ts';
import { stepText } from '../podman/build-failure.ts';
import type { Context } from './context.ts';
import { clip } from './progress.ts';

/** Redraws at most this often, in ms. */
const redrawMs = 80;

/** A step that is over. */
export interface DoneStep {
  readonly step: BuildStep;
  readonly cached: boolean;
  readonly tookMs: number;
}

/** Shows a build: on a terminal a line for each step with its time, elsewhere every line as it comes. */
export interface BuildView {
  readonly onEvent: (event: BuildEvent) => void;
  /** Ends the last step: `done` is false where it failed. */
  end(done: boolean): readonly DoneStep[];
}

export function buildView({ terminal, clock, quiet }: Pick<Context, 'terminal' | 'clock' | 'quiet'>): BuildView {
  const colors = createColors(terminal.errColor);
  const redraws = terminal.interactive;
  const steps: DoneStep[] = [];
  let current: { readonly step: BuildStep; readonly startMs: number; cached: boolean } | undefined;
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  const write = (text: string): void => {
    if (!quiet) terminal.err(text);
  };

  function draw(line: string, nowMs: number): void {
    if (!redraws || current === undefined || nowMs - drawnAtMs < redrawMs) return;
    drawnAtMs = nowMs;
    write(`\r\u001b[K${clip(`  ${stepText(current.step)}${line === '' ? '' : `  ${line}`}`, terminal.columns())}`);
  }

  function endStep(done: boolean): void {
    if (current === undefined) return;
    const { step, cached } = current;
    const tookMs = clock.now() - current.startMs;
    if (done) steps.push({ step, cached, tookMs });
    const time = cached ? 'cached' : `${(tookMs / 1000).toFixed(1)} s`;
    const mark = done ? colors.green('✔') : colors.red('✘');
    if (redraws) write(`\r\u001b[K${mark} ${clip(`${stepText(step)}  ${time}`, terminal.columns() - 2)}\n`);
    current = undefined;
  }

  return {
    onEvent: event => {
      const nowMs = clock.now();
      if (event.type === 'cached') {
        if (current !== undefined) current.cached = true;
        if (!redraws) write('  cached\n');
      } else if (event.type === 'step') {
        endStep(true);
        current = { step: event.step, startMs: nowMs, cached: false };
        if (redraws) draw('', nowMs);
        else write(`${stepText(event.step)}\n`);
      } else if (event.type === 'stopped') {
        endStep(false);
        write(stoppedText(event));
      } else if (redraws) draw(event.line, nowMs);
      else write(`${event.line}\n`);
    },
    end: done => {
      endStep(done);
      return steps;
    },
  };
}

/** What is told of the step that a stopped build was at. */
export function stoppedText({ step, isEnded }: Extract<BuildEvent, { type: 'stopped' }>): string {
  const { text } = step;
  if (isEnded) return `Stopped, and ended its step: ${text}\n`;
  return `Stopped. The engine may still run this step to its end, and none after it; to end it, kill the child of buildah-oci-runtime that "ps -ef --forest" shows: ${text}\n`;
}
