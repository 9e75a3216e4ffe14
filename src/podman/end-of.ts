import type { EndedRun, RunEnd } from '../engine/engine.ts';
import type { Context } from './context.ts';
import { readMessage } from './end-message.ts';
import { record } from './json.ts';
import { logs } from './logs.ts';
import { path } from './query.ts';

/** How much of a log stands in for a message, in lines and bytes (the kubelet, MaxContainerTerminationMessageLogLength). */
const longestLog = { lines: 80, bytes: 2048 };

/**
 * How a container's run ended, beyond what the list tells; undefined where it is gone. 4.3 knows of no want of memory:
 * it looks for conmon's mark in the container's directory, where conmon, started elsewhere, did not leave it.
 */
export async function endOf(context: Context, run: EndedRun, signal: AbortSignal): Promise<RunEnd | undefined> {
  const what = 'Cannot look at a container that ended';
  const call = { method: 'GET', path: path`/containers/${run.containerId}/json`, accept: [404], what, signal } as const;
  const { status, body } = await context.http.call(call);
  if (status === 404) return undefined;
  const left = await readMessage(context, run);
  const message = left === '' && run.fallsBackToLog ? await endOfLog(context, run, signal) : left;
  return { oomKilled: record(record(body).State).OOMKilled === true, message: message || undefined };
}

async function endOfLog(context: Context, run: EndedRun, signal: AbortSignal): Promise<string> {
  const parts: Uint8Array[] = [];
  const opts = { tail: longestLog.lines, sinceMs: run.startedAtMs, signal };
  for await (const { data } of logs(context, run.containerId, opts)) parts.push(data);
  return Buffer.concat(parts).subarray(-longestLog.bytes).toString('utf8');
}
