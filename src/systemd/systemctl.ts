import { execFile } from 'node:child_process';

/** How systemd is asked. */
export interface SystemctlOptions {
  /** The program; `systemctl` is found by PATH. */
  readonly path: string;
  /** True for the user's own systemd. */
  readonly user: boolean;
  readonly signal: AbortSignal;
}

/** systemd did not do what was asked. */
export class SystemdError extends Error {
  override readonly name = 'SystemdError';
  readonly code = 'SYSTEMCTL_FAILED';
  readonly hint: string | undefined;
  readonly transient = true;

  constructor(message: string, more: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.hint = more.hint;
  }
}

/** How long one call may take, in milliseconds: a reload of a host with many units takes seconds. */
const callMs = 90_000;

/**
 * Runs systemctl with arguments, without a shell; resolves to what it printed.
 *
 * @throws SystemdError with systemctl's own words
 */
export function systemctl(args: readonly string[], opts: SystemctlOptions): Promise<string> {
  const argv = [...(opts.user ? ['--user'] : []), '--no-ask-password', '--no-pager', ...args];
  return new Promise((resolve, reject) => {
    execFile(opts.path, argv, { signal: opts.signal, timeout: callMs }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (error.name === 'AbortError') return reject(error);
      const said = stderr.trim() || error.message;
      const hint = `Run \`systemctl ${argv.join(' ')}\` to see more`;
      reject(new SystemdError(`Cannot run 'systemctl ${args.join(' ')}': ${said}`, { hint, cause: error }));
    });
  });
}

/** True where systemd runs and can be asked; systemctl(1), is-system-running. */
export function isRunning(opts: SystemctlOptions): Promise<boolean> {
  const argv = [...(opts.user ? ['--user'] : []), 'is-system-running'];
  return new Promise(resolve => {
    // It exits with a failure for states like `degraded` too, so only the word counts.
    execFile(opts.path, argv, { signal: opts.signal, timeout: callMs }, (_, stdout) => {
      resolve(['initializing', 'starting', 'running', 'degraded', 'maintenance', 'stopping'].includes(stdout.trim()));
    });
  });
}
