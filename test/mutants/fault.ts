/** One edit of one source file, listed by hand: what a tired engineer might do. */
export interface ListedFault {
  /** Short and lasting: the name in the table. */
  readonly id: string;
  /** What goes wrong, in words of the domain. */
  readonly what: string;
  /** Below the root of the repository. */
  readonly file: string;
  /** Stands in the file exactly once; a fault whose text has moved on fails the run. */
  readonly from: string;
  readonly to: string;
}
