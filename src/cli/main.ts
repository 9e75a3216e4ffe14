import { constants } from 'node:os';
import { CommanderError } from 'commander';
import { makeContext } from './context.ts';
import { describeError, isFailure } from './error.ts';
import { helperWord } from './helper-word.ts';
import { makeProgram, type Runner } from './program.ts';
import { watchOutput } from './terminal.ts';

/** A second signal this long after the first ends the process at once; sooner it is an echo of the first. In milliseconds. */
const insistMs = 500;

let exitCode = 0;
/** Of the command that runs, where it cannot tell what it has to tell. */
let failureCode = 1;

const runner: Runner = async (options, failure, body) => {
  failureCode = failure;
  const controller = new AbortController();
  let stopped: { readonly signal: NodeJS.Signals; readonly atMs: number } | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopped === undefined) {
      stopped = { signal, atMs: Date.now() };
      controller.abort();
    } else if (Date.now() - stopped.atMs > insistMs) {
      // A line that was being redrawn is left as it is.
      if (process.stderr.isTTY) process.stderr.write('\n');
      process.exit(codeOf(signal));
    }
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    exitCode = await body(makeContext(options, controller.signal));
  } catch (error) {
    exitCode = stopped === undefined ? failure : codeOf(stopped.signal);
    if (stopped === undefined) report(error);
  }
};

function report(error: unknown): void {
  const { message, hint } = describeError(error);
  // A stack is for our own faults; the world's are told by their message.
  const text = isFailure(error) || !(error instanceof Error) ? message : (error.stack ?? message);
  process.stderr.write(`podstead: ${text}\n${hint === undefined ? '' : `  ${hint}\n`}`);
}

/** As shells tell a process that a signal ended (bash(1), EXIT STATUS). */
function codeOf(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 0);
}

async function main(): Promise<number> {
  if (process.argv[2] === helperWord) {
    const { serve } = await import('../probe/serve.ts');
    await serve();
    return 0;
  }
  watchOutput(process, error => {
    report(error);
    process.exit(failureCode);
  });
  try {
    await makeProgram(runner, process.argv.slice(2)).parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    exitCode = error.exitCode;
  }
  return exitCode;
}

// Kept-alive connections would hold the process; standard streams are written synchronously on Linux, but tell of what
// they could not write only afterwards.
void main().then(code => setImmediate(() => process.exit(code)));
