/** What `podman create` or `run` was called with, as far as inspect does not tell otherwise. */
export interface CreateCommand {
  /** Whether it is known: an API call leaves none, and `kube play` one that says nothing of the single container. */
  readonly isKnown: boolean;
  /** The values of a flag, by its long name without dashes, and by its letter. */
  all(flag: string, letter?: string): readonly string[];
}

/** Reads the command that inspect shows; what is not a flag with a value is passed over. */
export function readCreateCommand(words: readonly string[]): CreateCommand {
  const isKnown =
    (words.includes('create') || words.includes('run')) && !words.includes('kube') && !words.includes('play');
  return {
    isKnown,
    all: (flag, letter) =>
      words.flatMap((word, i) => {
        if (word === `--${flag}` || word === `-${letter}`) return words[i + 1] ?? [];
        return word.startsWith(`--${flag}=`) ? [word.slice(flag.length + 3)] : [];
      }),
  };
}

/** `a,type=env,target=B` in parts: the first without a name is the source. */
export function readOptions(text: string): Readonly<Record<string, string>> {
  const [first = '', ...rest] = text.split(',');
  const pairs = rest.map(part => {
    const at = part.indexOf('=');
    return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
  });
  return { ...Object.fromEntries(pairs), source: first };
}
