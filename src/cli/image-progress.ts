import type { Progress } from '../model/event.ts';
import { bytes } from '../model/size.ts';
import type { Context } from './context.ts';
import { progressLine, progressText } from './progress.ts';

/** One line that tells how far a copy is, on a terminal that can be redrawn; nothing elsewhere. */
export interface CopyLine {
  show(progress: Progress): void;
  /** Takes the line away. */
  end(): void;
}

/** Redraws at most this often, in ms. */
const redrawMs = 80;

/** @param verb what is done to it, as in `Copying` */
export function copyLine({ terminal, clock, quiet }: Context, what: string, verb = 'Copying'): CopyLine {
  const isShown = terminal.interactive && !quiet;
  const startMs = clock.now();
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  return {
    show: progress => {
      const nowMs = clock.now();
      if (!isShown || nowMs - drawnAtMs < redrawMs) return;
      drawnAtMs = nowMs;
      const parts = [progressText(progress), rate(progress, nowMs - startMs)].filter(part => part !== '');
      terminal.err(`\r\u001b[K${progressLine(`  ${verb} `, what, parts, terminal.columns())}`);
    },
    end: () => {
      if (isShown && drawnAtMs > 0) terminal.err('\r\u001b[K');
    },
  };
}

function rate({ doneBytes = 0 }: Progress, tookMs: number): string {
  return tookMs === 0 || doneBytes === 0 ? '' : `${bytes((doneBytes / tookMs) * 1000)}/s`;
}
