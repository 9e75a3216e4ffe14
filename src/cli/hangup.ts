import type { Log } from '../log.ts';
import type { Source } from '../source/source.ts';

/** The source's own hints, and one more for each SIGHUP: a pass now, as daemons do (daemon(7)). */
export function hangups(wakes: Source['wakes'], log: Log): Source['wakes'] {
  return async function* ({ signal }) {
    const waiting: string[] = [];
    let wake = (): void => undefined;
    const add = (hint: string): void => {
      waiting.push(hint);
      wake();
    };
    const onHangup = (): void => {
      log.info('SIGHUP: looking again');
      add('SIGHUP');
    };
    process.on('SIGHUP', onHangup);
    let failed: { readonly error: unknown } | undefined;
    let ended = false;
    const listen = async (): Promise<void> => {
      for await (const hint of wakes({ signal })) add(hint);
    };
    const listening = listen()
      .catch((error: unknown) => {
        failed = { error };
      })
      .finally(() => {
        ended = true;
        wake();
      });
    try {
      while (true) {
        const hint = waiting.shift();
        if (hint !== undefined) yield hint;
        else if (ended) break;
        else
          await new Promise<void>(resolve => {
            wake = resolve;
          });
      }
      if (failed !== undefined) throw failed.error;
    } finally {
      process.off('SIGHUP', onHangup);
      // Ends with the signal; the loop that asked has left.
      void listening;
    }
  };
}
