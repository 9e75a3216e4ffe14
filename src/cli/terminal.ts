/** Where text goes, and what it may look like there. */
export interface Terminal {
  /** Data: JSON, tables, plans, diffs, units, logs. */
  out(text: string | Uint8Array): void;
  /** People's text: progress, problems, hints. */
  err(text: string | Uint8Array): void;
  /** Standard output is a terminal and colours are wanted. */
  readonly outColor: boolean;
  readonly errColor: boolean;
  /** Standard error is a terminal that can be redrawn. */
  readonly interactive: boolean;
  /** Of standard error, in characters. */
  columns(): number;
  /** Of standard output, in characters; infinite where it is no terminal. */
  outColumns(): number;
}

export interface TerminalStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The process's own streams. A reader of standard output that left (`| head`) ends the process quietly. */
export function processTerminal(
  streams: TerminalStreams,
  opts: { readonly color: boolean; readonly dumb: boolean },
): Terminal {
  const { stdout, stderr } = streams;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: text => void stdout.write(text),
    err: text => void stderr.write(text),
    outColor: opts.color && stdout.isTTY === true,
    errColor: opts.color && stderr.isTTY === true,
    interactive: stderr.isTTY === true && !opts.dumb,
    columns: () => stderr.columns ?? 80,
    outColumns: () => (stdout.isTTY === true ? stdout.columns || 80 : Number.POSITIVE_INFINITY),
  };
}
