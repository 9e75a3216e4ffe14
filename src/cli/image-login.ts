import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ownAuthFile } from '../image/auth-file.ts';
import { credentials, logIn, logOut, whoIs } from '../image/login.ts';
import { readRegistries } from '../image/registries.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { CommandError } from './error.ts';
import { accessOf } from './image-access.ts';
import type { LoginFlags, LogoutFlags } from './image-flags.ts';

/** `podstead image login REGISTRY`. The password comes by standard input: argv is for all to read. */
export async function login(context: Context, registry: string, flags: LoginFlags): Promise<number> {
  const auth = { file: flags.authfile, env: context.env, uid: context.uid };
  if (flags.getLogin) {
    const { helpers } = await readRegistries(context);
    const user = await whoIs(auth, registry, helpers);
    if (user === undefined) {
      throw new CommandError(`Cannot tell who is logged in to "${registry}": nobody is`, {
        hint: `Log in with "podstead image login ${registry}"`,
      });
    }
    context.terminal.out(`${user}\n`);
    return 0;
  }
  const { user, password } = await readCredentials(context, registry, flags.username);
  const access = { ...accessOf(context, { ...flags, creds: true }), auth };
  const path = await logIn(access, registry, credentials(user, password));
  await tell(context, { Registry: registry, File: path }, `Logged in to ${registry}; kept in ${path}`);
  return 0;
}

/** `podstead image logout [REGISTRY]`. */
export async function logout(context: Context, registry: string | undefined, flags: LogoutFlags): Promise<number> {
  if ((registry === undefined) !== (flags.all ?? false)) {
    throw new CommandError('Cannot log out: expected a registry, or --all', { hint: 'Name one of the two' });
  }
  const auth = { file: flags.authfile, env: context.env, uid: context.uid };
  const gone = await logOut(auth, registry);
  const what = gone.length === 0 ? 'Nobody was logged in' : `Logged out of ${gone.join(', ')}`;
  await tell(context, { Registries: gone, File: ownAuthFile(auth) }, what);
  return 0;
}

async function tell({ terminal, output, quiet }: Context, document: unknown, line: string): Promise<void> {
  if (output !== 'text') await writeData(terminal, output, document);
  else if (!quiet) terminal.err(`${line}\n`);
}

/**
 * Whom to log in: a terminal is asked for the user where none is given, and for the password without an echo; elsewhere
 * the password is the first line of standard input.
 *
 * @throws CommandError where one is missing, or the reason of the signal
 */
async function readCredentials(
  { terminal, signal }: Context,
  registry: string,
  given: string | undefined,
): Promise<{ readonly user: string; readonly password: string }> {
  const { stdin } = process;
  const isTyped = stdin.isTTY === true;
  if (given === undefined && !isTyped) {
    throw new CommandError(`Cannot log in to "${registry}": expected a user, and there is no terminal to ask at`, {
      hint: 'Give it with --username USER, and the password by standard input',
    });
  }
  let isShown = given === undefined;
  const echo = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (isShown) terminal.err(chunk);
      done();
    },
  });
  // Before anything is asked: in raw mode no character is shown but by us, a terminal otherwise would show them all.
  const lines = createInterface({ input: stdin, output: echo, terminal: isTyped, signal, historySize: 0 });
  // Nor does Ctrl-C make a signal there: it would only end the input.
  lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  // What was pasted behind the user is the password already.
  lines.on('line', () => {
    isShown = false;
  });
  const typed = lines[Symbol.asyncIterator]();
  const next = async (what: string, hint: string): Promise<string> => {
    const { value = '' } = await typed.next();
    signal.throwIfAborted();
    if (value === '') throw new CommandError(`Cannot log in to "${registry}": the ${what} is empty`, { hint });
    return value;
  };
  try {
    if (given === undefined) {
      lines.setPrompt(`User for ${registry}: `);
      lines.prompt();
    }
    const user = given ?? (await next('user', 'Type it, or give it with --username USER'));
    if (isTyped) terminal.err(`Password for ${registry}: `);
    const hint = 'Give it by standard input, as in: podstead image login --username USER REGISTRY < FILE';
    return { user, password: await next('password', hint) };
  } finally {
    lines.close();
    if (isTyped) terminal.err('\n');
  }
}
