import type { Log } from '../log.ts';
import { counted } from '../model/count.ts';
import type { Event } from '../model/event.ts';
import type { Context } from './context.ts';

/** Tells the service manager how the agent does. */
export interface ServiceNotifier {
  note(event: Event): void;
  end(): Promise<void>;
}

/** The loop looks at least each minute, and an engine's answer takes at most one: silent for longer, it is stuck. */
const longestSilenceMs = 180_000;

/** Nothing is told where no manager listens (NOTIFY_SOCKET, sd_notify(3)). */
export async function serviceNotifier({ env, clock, signal }: Context, log: Log): Promise<ServiceNotifier> {
  if (!env.NOTIFY_SOCKET) return { note: () => undefined, end: async () => undefined };
  const { systemdNotify } = await import('../systemd/notify.ts');
  const notify = systemdNotify({
    path: 'systemd-notify',
    onError: error => log.warn('cannot tell systemd', { error: error.message }),
  });
  let isReady = false;
  let told = '';
  let lastMs = clock.now();
  const over = new AbortController();
  signal.addEventListener('abort', () => over.abort(), { once: true });
  const watching = watch();

  /** WATCHDOG=1 only while the loop shows life: a stuck one is restarted. WATCHDOG_USEC is in microseconds. */
  async function watch(): Promise<void> {
    const everyMs = Number(env.WATCHDOG_USEC ?? 0) / 1000 / 3;
    while (everyMs > 0 && !over.signal.aborted) {
      await clock.sleep(everyMs, over.signal);
      if (!over.signal.aborted && clock.now() - lastMs < longestSilenceMs) await notify.watchdog();
    }
  }

  return {
    note: event => {
      lastMs = clock.now();
      const text = statusOf(event);
      if (text === undefined || text === told) return;
      told = text;
      // The first pass has looked at everything, or has said why it could not: from now on the host is kept.
      void (isReady ? notify.status(text) : notify.ready(text));
      isReady = true;
    },
    end: async () => {
      over.abort();
      await watching;
      await notify.stopping('Stopping; pods keep running');
    },
  };
}

/** For `systemctl status`; undefined where there is nothing new to tell. */
function statusOf(event: Event): string | undefined {
  if (event.type === 'passFailed') return `Cannot look: ${event.failure.message}`;
  if (event.type !== 'planned') return undefined;
  const { changes, steps } = event.plan;
  const errors = event.problems.filter(problem => problem.severity === 'error').length;
  const kept = changes.filter(change => change.op === 'keep').length;
  const standing = kept === changes.length ? 'All as declared' : `${kept} of ${changes.length} objects as declared`;
  const doing = steps.length === 0 ? standing : `${standing}, ${counted(steps.length, 'step')} to do`;
  return errors === 0 ? doing : `${doing}, ${counted(errors, 'error')} in the source`;
}
