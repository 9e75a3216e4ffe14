import type { Key } from './key.ts';

/** Where something stands in the source: `line` and `column` count from 1. */
export interface Location {
  /** Path as the user named it (relative to the working directory where that is shorter), or `-` for standard input. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Every code a problem can have; docs/problems.md explains each, and a test compares the two.
 *
 * A code that contains UNSUPPORTED is for what Kubernetes accepts and Podstead does not run.
 */
export type ProblemCode =
  | 'FILE_UNREADABLE'
  | 'FILE_TOO_LARGE'
  | 'FILE_NOT_TEXT'
  | 'LINK_LOOP'
  | 'SOURCE_EMPTY'
  | 'YAML_SYNTAX'
  | 'YAML_DUPLICATE_KEY'
  | 'YAML_TOO_COMPLEX'
  | 'NOT_AN_OBJECT'
  | 'API_VERSION'
  | 'KIND_UNKNOWN'
  | 'KIND_UNSUPPORTED'
  | 'FIELD_UNKNOWN'
  | 'FIELD_UNSUPPORTED'
  | 'FIELD_TYPE'
  | 'FIELD_REQUIRED'
  | 'FIELD_VALUE'
  | 'FIELD_CONFLICT'
  | 'DUPLICATE_NAME'
  | 'DUPLICATE_OBJECT'
  | 'REFERENCE_MISSING'
  | 'REFERENCE_UNSUPPORTED'
  | 'NAME_CLASH'
  | 'PORT_CLASH'
  | 'ORDER_CYCLE'
  | 'POD_SECURITY'
  | 'SECRET_INVALID';

/**
 * A fault in the user's input. A value, collected and never thrown, so that a user sees all of them at once.
 *
 * An `error` refuses the object `key` (the whole file where there is no key) and holds back all pruning; a
 * `warning` changes nothing but the report.
 */
export interface Problem extends Location {
  readonly code: ProblemCode;
  readonly severity: 'error' | 'warning';
  /** "Cannot …: found …, expected …"; no period, values quoted, never a secret's value. */
  readonly message: string;
  /** What to do next, imperative. */
  readonly hint?: string;
  /** The object concerned, where it got a key. */
  readonly key?: Key;
  /** The source line, for the caret. Left out where it may hold a secret. */
  readonly excerpt?: string;
}
