import { execFile } from 'node:child_process';

/** What a service tells its manager, sd_notify(3). */
export interface Notify {
  ready(status: string): Promise<void>;
  reloading(): Promise<void>;
  stopping(status: string): Promise<void>;
  status(text: string): Promise<void>;
  /** To be called at least twice in each WatchdogSec=. */
  watchdog(): Promise<void>;
}

export interface NotifyOptions {
  /** The program; `systemd-notify` is found by PATH. */
  readonly path: string;
  /** Called with what went wrong; a message that is not delivered is no reason to stop. */
  readonly onError: (error: Error) => void;
}

/**
 * Tells systemd by the systemd-notify program, as Node has no datagram unix sockets. It waits until systemd has taken the
 * message (no `--no-block`): without CAP_SYS_ADMIN the message carries systemd-notify's own process id, and systemd
 * could not tell whose it is once that process is gone, systemd-notify(1). For the same reason units need
 * NotifyAccess=all. Only of use where NOTIFY_SOCKET is set.
 */
export function systemdNotify(opts: NotifyOptions): Notify {
  let last: Promise<void> = Promise.resolve();
  // In turn, so that READY never overtakes RELOADING.
  const send = (...messages: readonly string[]): Promise<void> => {
    last = last.then(() => run(messages, opts));
    return last;
  };
  return {
    ready: status => send('READY=1', statusLine(status)),
    reloading: () => send('RELOADING=1'),
    stopping: status => send('STOPPING=1', statusLine(status)),
    status: text => send(statusLine(text)),
    watchdog: () => send('WATCHDOG=1'),
  };
}

/** One line: what follows a newline would be another message. */
function statusLine(text: string): string {
  return `STATUS=${text.replace(/\s+/g, ' ')}`;
}

/** How long systemd may take to answer, in milliseconds. */
const answerMs = 10_000;

function run(messages: readonly string[], opts: NotifyOptions): Promise<void> {
  return new Promise(resolve => {
    execFile(opts.path, ['--', ...messages], { timeout: answerMs }, error => {
      if (error !== null) opts.onError(error);
      resolve();
    });
  });
}
