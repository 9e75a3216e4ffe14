/** What is remembered cannot be used. */
export class StateError extends Error {
  override readonly name = 'StateError';
  /** It was written by a later version of Podstead, in a format that this one does not know. */
  readonly code = 'STATE_NEWER';
  readonly hint: string;
  readonly transient = false;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/**
 * Refuses what a later version wrote: read as if it were ours, half of it would be lost with the next write, and what it
 * keeps pods from would happen to them.
 *
 * @param known the newest format that this program reads
 * @throws StateError
 */
export function refuseNewer(path: string, value: unknown, known: number): void {
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version <= known) return;
  throw new StateError(
    `Cannot use "${path}": it is of format ${version}, and this version of Podstead knows formats up to ${known}`,
    'Run the version of Podstead that wrote it, or a later one; nothing was touched',
  );
}
