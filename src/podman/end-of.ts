import type { RunEnd } from '../engine/engine.ts';
import type { Context } from './context.ts';
import { record } from './json.ts';
import { path } from './query.ts';

/** How a container's latest run ended, beyond what the list tells; undefined where it is gone. 4.3 knows of no want of memory. */
export async function endOf(context: Context, id: string, signal: AbortSignal): Promise<RunEnd | undefined> {
  const what = 'Cannot look at a container that ended';
  const call = { method: 'GET', path: path`/containers/${id}/json`, accept: [404], what, signal } as const;
  const { status, body } = await context.http.call(call);
  if (status === 404) return undefined;
  return { oomKilled: record(record(body).State).OOMKilled === true };
}
