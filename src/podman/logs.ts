import type { Signalled } from '../engine/engine.ts';
import type { Context } from './context.ts';
import { type Output, readFrames } from './frames.ts';
import { path } from './query.ts';

/** What of a container's log is wanted. */
export interface LogOptions extends Signalled {
  /** Goes on until the container exits; a restart by us is a new call. */
  readonly follow?: boolean;
  /** The last lines only; all of them where undefined. */
  readonly tail?: number | undefined;
  /** Milliseconds since the epoch; older lines are left out. Podman before 5.8 counts whole seconds. */
  readonly sinceMs?: number | undefined;
  /** Each line begins with its time (RFC 3339). */
  readonly timestamps?: boolean;
}

/**
 * The log of one container, by id or engine name: pieces of lines, a whole one ending in a newline.
 *
 * Before 5.3 the engine answers a follower of a quiet container only with its first line: nothing here has a timeout.
 *
 * @throws EngineError `GONE`
 */
export function logs(context: Context, container: string, opts: LogOptions): AsyncIterable<Output> {
  const { follow = false, tail, sinceMs, timestamps = false, signal } = opts;
  const since = sinceMs === undefined ? undefined : new Date(sinceMs).toISOString();
  const query = {
    stdout: true,
    stderr: true,
    follow,
    timestamps,
    since,
    tail: tail === undefined ? 'all' : String(tail),
  };
  const what = `Cannot read the log of container "${container}"`;
  return readFrames(
    context.http.bytes({ method: 'GET', path: path`/containers/${container}/logs`, query, what, signal }),
  );
}
