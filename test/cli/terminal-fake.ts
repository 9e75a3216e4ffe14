import type { Terminal } from '../../src/cli/terminal.ts';

/** A terminal that keeps what was written. */
export interface FakeTerminal extends Terminal {
  readonly written: { out: string; err: string };
}

/** Without colours; `interactive` makes it one that can be redrawn. */
export function fakeTerminal(opts: { readonly interactive?: boolean; readonly columns?: number } = {}): FakeTerminal {
  const written = { out: '', err: '' };
  return {
    written,
    out: text => {
      written.out += text;
    },
    err: text => {
      written.err += text;
    },
    outColor: false,
    errColor: false,
    interactive: opts.interactive ?? false,
    columns: () => opts.columns ?? 80,
    outColumns: () => opts.columns ?? Number.POSITIVE_INFINITY,
  };
}
