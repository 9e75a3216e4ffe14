import { fileFault } from '../model/file-fault.ts';
import { printableLines } from '../model/printable.ts';

/** The command cannot do what it was asked; told in one line, with a hint, and without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly hint: string | undefined;

  constructor(message: string, more: { readonly hint?: string | undefined; readonly cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.hint = more.hint;
  }
}

/** What is told of a failure. */
interface Told {
  readonly message: string;
  readonly hint: string | undefined;
}

/** What a person reads of any failure, on whatever terminal: the message, and a hint where the error carries one. */
export function describeError(error: unknown): Told {
  const { message, hint } = told(error);
  return { message: printableLines(message), hint: hint === undefined ? undefined : printableLines(hint) };
}

function told(error: unknown): Told {
  if (!(error instanceof Error)) return { message: String(error), hint: undefined };
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
  const fault = 'hint' in error ? undefined : fileFault(error);
  if (fault === undefined) return { message: error.message, hint };
  const { path, why, hint: mend } = fault;
  return {
    message: path === undefined ? `Cannot read or write a file: ${why}` : `Cannot use "${path}": ${why}`,
    hint: mend,
  };
}

/** A coded failure of a port (EngineError, SourceError, CommandError …), or of a file, as against a bug of ours. */
export function isFailure(error: unknown): boolean {
  return (error instanceof Error && 'hint' in error) || fileFault(error) !== undefined;
}
