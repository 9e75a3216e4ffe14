/** Takes down what a manifest cannot say, each once, in the order in which it was found. */
export interface Remarks {
  readonly all: readonly string[];
  /** `about` is a key, or what else people know the thing by. */
  add(about: string, what: string): void;
}

/** A list that is still empty. */
export function remarks(): Remarks {
  const found = new Set<string>();
  return {
    get all() {
      return [...found];
    },
    add: (about, what) => void found.add(`${about}: ${what}`),
  };
}
