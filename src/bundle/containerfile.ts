/** A step of a Containerfile. */
export interface Instruction {
  /** In capitals. */
  readonly keyword: string;
  /** As in `--from=base`. */
  readonly flags: readonly string[];
  /** The other words; of a here-document also all that it holds. */
  readonly words: readonly string[];
}

/** Reads the instructions of a Containerfile, with its escape directive, comments and continued lines (Containerfile(5)). */
export async function instructionsOf(text: string): Promise<readonly Instruction[]> {
  // Loaded when something is built, or put into a bundle.
  const { DockerfileParser } = await import('dockerfile-ast');
  return DockerfileParser.parse(text)
    .getInstructions()
    .map(instruction => ({
      keyword: instruction.getKeyword(),
      flags: 'getFlags' in instruction ? (instruction as Flagged).getFlags().map(String) : [],
      words: instruction.getArguments().map(word => word.getValue()),
    }));
}

/** What the library does not export. */
interface Flagged {
  getFlags(): readonly { toString(): string }[];
}
