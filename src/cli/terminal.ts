import { fstatSync, writeSync } from 'node:fs';
import { CommandError } from './error.ts';

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
  readonly stdout: NodeJS.WriteStream & { readonly fd: number };
  readonly stderr: NodeJS.WriteStream;
}

/**
 * Hears of what standard output does not take. A reader that left (`| head`) ends the process quietly; standard error that
 * takes nothing ends nothing, as nobody could be told.
 *
 * @param fail called with what to tell; ends the process
 */
export function watchOutput({ stdout, stderr }: TerminalStreams, fail: (error: CommandError) => void): void {
  stdout.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EPIPE') process.exit(0);
    fail(new CommandError(`Cannot write to standard output: ${cause.message}`, { cause }));
  });
  stderr.on('error', () => undefined);
}

/** The process's own streams. */
export function processTerminal(
  streams: TerminalStreams,
  opts: { readonly color: boolean; readonly dumb: boolean },
): Terminal {
  const { stdout, stderr } = streams;
  const isFile = fstatSync(stdout.fd).isFile();
  return {
    out: text => void (isFile ? writeWhole(stdout, text) : stdout.write(text)),
    err: text => void stderr.write(text),
    outColor: opts.color && stdout.isTTY === true,
    errColor: opts.color && stderr.isTTY === true,
    interactive: stderr.isTTY === true && !opts.dumb,
    columns: () => stderr.columns ?? 80,
    outColumns: () => (stdout.isTTY === true ? stdout.columns || 80 : Number.POSITIVE_INFINITY),
  };
}

/** By hand: of what a disk took a part of as the last that it had room for, Node's stream forgets the rest. */
function writeWhole(stdout: TerminalStreams['stdout'], text: string | Uint8Array): void {
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(stdout.fd, bytes, at);
  } catch (error) {
    stdout.emit('error', error);
  }
}
