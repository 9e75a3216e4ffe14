import type { Snapshot } from '../model/source.ts';

/** Where the desired state comes from: a directory, files, standard input; later a git repository. */
export interface Source {
  /** For people: the directory, or the list of paths. */
  readonly name: string;
  /**
   * Reads all of it. Faults of single files are problems of the snapshot.
   *
   * @throws SourceError when the root itself cannot be read: that is never the same as an empty source
   */
  read(opts: { readonly signal: AbortSignal }): Promise<Snapshot>;
  /** Hints that something changed; may be lost, late or repeated. Ends only with the signal. */
  wakes(opts: { readonly signal: AbortSignal }): AsyncIterable<string>;
}

export type SourceCode = 'SOURCE_MISSING' | 'SOURCE_UNREADABLE';

/** The root of a source cannot be read. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: SourceCode;
  readonly hint: string | undefined;
  readonly transient = true;

  constructor(code: SourceCode, message: string, more: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.code = code;
    this.hint = more.hint;
  }
}
