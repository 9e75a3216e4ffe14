import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { defaultOwner } from '../model/names.ts';
import type { OutputFormat } from './data.ts';
import { CommandError } from './error.ts';
import { processTerminal, type Terminal } from './terminal.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Options that stand before or after any command. */
export interface GlobalOptions {
  readonly engine?: string;
  readonly engineUnsupported?: boolean;
  readonly owner?: string;
  readonly output?: OutputFormat;
  readonly quiet?: boolean;
  readonly logLevel?: LogLevel;
  readonly stateDir?: string;
  /** False with `--no-color`. */
  readonly color?: boolean;
}

/** All that a command knows of the process it runs in; nothing else reads the environment. */
export interface Context {
  readonly owner: string;
  readonly output: OutputFormat;
  readonly quiet: boolean;
  readonly logLevel: LogLevel;
  /** As given by `--engine`; undefined where the engine is to be found. */
  readonly engineUrl: string | undefined;
  readonly engineUnsupported: boolean;
  readonly paths: Paths;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Aborts on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
}

/** Directories of ours. None is made before it is needed. */
export interface Paths {
  /** Records and files of pods; survives reboots. */
  readonly state: string;
  /** Sockets and locks; gone after a reboot. */
  readonly runtime: string;
  /** Configuration of an engine that we start. Of all owners, as the engine is; boot units need it. */
  readonly engine: string;
}

export interface ProcessFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
}

/** An owner is part of network names and of paths. */
const ownerPattern = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;

/**
 * Makes the context of one command from its options and the process's environment.
 *
 * @throws CommandError when an option makes no sense
 */
export function makeContext(options: GlobalOptions, signal: AbortSignal): Context {
  const facts: ProcessFacts = { env: process.env, uid: process.getuid?.() ?? 0 };
  const { env } = facts;
  const owner = ownerOf(options);
  // https://no-color.org: any value that is not empty.
  const color = options.color !== false && !env.NO_COLOR;
  return {
    owner,
    output: options.output ?? 'text',
    quiet: options.quiet ?? false,
    logLevel: options.logLevel ?? 'info',
    engineUrl: options.engine,
    engineUnsupported: options.engineUnsupported ?? false,
    paths: pathsOf(facts, { owner, stateDir: options.stateDir }),
    terminal: processTerminal(process, { color, dumb: env.TERM === 'dumb' }),
    clock: systemClock,
    signal,
    env,
    uid: facts.uid,
  };
}

/**
 * Where our directories are.
 *
 * systemd gives a service its directories in STATE_DIRECTORY and RUNTIME_DIRECTORY, as lists with colons
 * (systemd.exec(5)); users have the XDG base directories; root has /var/lib and /run.
 *
 * @throws CommandError when a user has neither XDG_STATE_HOME nor HOME
 */
export function pathsOf(
  { env, uid }: ProcessFacts,
  opts: { readonly owner: string; readonly stateDir: string | undefined },
): Paths {
  const root = stateRoot({ env, uid });
  const state = opts.stateDir ?? (root && join(root, opts.owner));
  if (state === undefined) {
    throw new CommandError('Cannot tell where to keep state: neither XDG_STATE_HOME nor HOME is set', {
      hint: 'Set one of them, or give --state-dir DIR',
    });
  }
  // No owner has an underscore in its name.
  return { state, runtime: runtimeDirectory({ env, uid }), engine: join(root ?? state, '_engine') };
}

/** What the state directories of all owners have in common; undefined for a user without a home. */
function stateRoot({ env, uid }: ProcessFacts): string | undefined {
  const given = firstOf(env.STATE_DIRECTORY);
  if (given !== undefined) return given;
  if (uid === 0) return '/var/lib/podstead';
  const home = env.XDG_STATE_HOME || (env.HOME && join(env.HOME, '.local/state'));
  return home ? join(home, 'podstead') : undefined;
}

function runtimeDirectory({ env, uid }: ProcessFacts): string {
  const given = firstOf(env.RUNTIME_DIRECTORY);
  if (given !== undefined) return given;
  if (uid === 0) return '/run/podstead';
  // logind makes /run/user/UID (pam_systemd(8)); without a login session it may be there all the same.
  return join(env.XDG_RUNTIME_DIR || `/run/user/${uid}`, 'podstead');
}

function firstOf(list: string | undefined): string | undefined {
  return list?.split(':').find(part => part !== '');
}

function ownerOf(options: GlobalOptions): string {
  const owner = options.owner ?? defaultOwner;
  if (ownerPattern.test(owner)) return owner;
  throw new CommandError(`Cannot use "${owner}" as owner: expected a name like "podstead"`, {
    hint: 'Use at most 40 lower-case letters, digits and dashes',
  });
}
