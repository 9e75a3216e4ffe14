import type { Failure } from '../model/event.ts';

/**
 * What a thrown error says to people: the port's own code where it has one (EngineError, SourceError, Node's system
 * errors), else `INTERNAL`, which is a fault of ours.
 */
export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (!isFailure(error)) {
    const hint = 'This is a bug of Podstead; please report it with the log';
    return { code: 'INTERNAL', message, hint, transient: false };
  }
  return { code: error.code, message, hint: error.hint, transient: error.transient ?? false };
}

/** Tells a failure of the world, which carries a code, from a bug of ours. */
export function isFailure(error: unknown): error is Error & { code: string; hint?: string; transient?: boolean } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
