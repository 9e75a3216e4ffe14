import { createInterface } from 'node:readline';
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
  if (flags.username === undefined) {
    throw new CommandError(`Cannot log in to "${registry}": expected a user`, { hint: 'Give it with --username USER' });
  }
  const password = await readPassword(context, registry);
  const access = { ...accessOf(context, { ...flags, creds: true }), auth };
  const path = await logIn(access, registry, credentials(flags.username, password));
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
 * The first line of standard input; a terminal is asked without an echo.
 *
 * @throws CommandError where it is empty, or the reason of the signal
 */
async function readPassword({ terminal, signal }: Context, registry: string): Promise<string> {
  const { stdin } = process;
  const isTyped = stdin.isTTY === true;
  if (isTyped) terminal.err(`Password for ${registry}: `);
  // In raw mode no character is shown; a terminal otherwise would show them all.
  const lines = createInterface({ input: stdin, terminal: isTyped, signal, historySize: 0 });
  // Nor does Ctrl-C make a signal there: it would only end the input.
  lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    for await (const line of lines) {
      if (line !== '') return line;
      break;
    }
  } finally {
    lines.close();
    if (isTyped) terminal.err('\n');
  }
  signal.throwIfAborted();
  throw new CommandError('Cannot log in: the password is empty', {
    hint: 'Give it by standard input, as in: podstead image login --username USER REGISTRY < FILE',
  });
}
