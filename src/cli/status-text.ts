import type { createColors } from 'picocolors';
import type { Location } from '../model/problem.ts';
import type { PodRecord } from '../model/record.ts';
import type { PodState, PodStatus } from '../status/pods.ts';
import { duration, table } from './table.ts';

type Colors = ReturnType<typeof createColors>;

/** The table of `podstead status`. */
export function statusTable(pods: readonly PodStatus[], nowMs: number, colors: Colors): string {
  const header = ['KEY', 'STATE', 'READY', 'RESTARTS', 'AGE', 'REVISION', 'FROM', 'MESSAGE'];
  return table(
    header,
    pods.map(pod => statusRow(pod, nowMs, colors)),
  );
}

function statusRow(pod: PodStatus, nowMs: number, colors: Colors): readonly string[] {
  return [
    pod.key,
    paint(pod.state, colors),
    readiness(pod),
    String(pod.restarts),
    pod.startedAtMs === 0 ? '-' : duration(nowMs - pod.startedAtMs),
    pod.revision === undefined ? '-' : shortRevision(pod.revision),
    pod.origin === undefined ? '-' : place(pod.origin),
    standing(pod, nowMs),
  ];
}

/** The chain from the source to what is seen, latest event last. */
export function whyText(pod: PodStatus, record: PodRecord | undefined, nowMs: number, colors: Colors): string {
  const { failure } = pod;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['declared by', `${pod.declaredBy}${pod.origin === undefined ? '' : ` at ${place(pod.origin)}`}`],
    ['revision', pod.revision],
    ['source', record?.source || undefined],
    ['restarts', pod.restarts === 0 ? undefined : String(pod.restarts)],
    ['failed', failure && `${failure.count} times, last ${duration(nowMs - failure.atMs)} ago: ${failure.message}`],
    ['mend', failure?.hint],
    ['waits', pod.untilMs === undefined ? undefined : untilText(pod.untilMs, nowMs)],
  ];
  const state = [pod.state as string, pod.message].filter(part => part !== '').join(': ');
  const lines = [`${colors.bold(pod.key)} is ${state}`];
  for (const [name, value] of facts) if (value !== undefined) lines.push(`  ${name.padEnd(12)} ${value}`);
  if (record === undefined) lines.push('  Its record is lost: what led here is not known');
  const history = record?.history ?? [];
  if (history.length === 0) return `${lines.join('\n')}\n`;
  const rows = history.map(entry => [
    new Date(entry.atMs).toISOString().slice(0, 19).replace('T', ' '),
    entry.result,
    entry.location === undefined ? '-' : place(entry.location),
    shortRevision(entry.revision),
    entry.fields.length === 0 ? entry.why : `${entry.why} (${entry.fields.join(', ')})`,
  ]);
  return `${lines.join('\n')}\n\n${table(['TIME (UTC)', 'RESULT', 'FROM', 'REVISION', 'WHY'], rows)}`;
}

function standing(pod: PodStatus, nowMs: number): string {
  const until = pod.untilMs === undefined ? undefined : untilText(pod.untilMs, nowMs);
  return [pod.message, until].filter(part => part !== undefined && part !== '').join('; ');
}

function untilText(untilMs: number, nowMs: number): string {
  if (untilMs <= nowMs) return 'starts again now';
  return `back-off until ${new Date(untilMs).toTimeString().slice(0, 8)} (${duration(untilMs - nowMs)})`;
}

function readiness({ containers }: PodStatus): string {
  return `${containers.filter(container => container.state === 'running').length}/${containers.length}`;
}

/** Enough of a commit or digest to tell it by. */
export function shortRevision(revision: string): string {
  return /^[0-9a-f]{12,}$/.test(revision) ? revision.slice(0, 12) : revision;
}

function place({ file, line }: Location): string {
  return `${file}:${line}`;
}

function paint(state: PodState, colors: Colors): string {
  if (state === 'Running' || state === 'Completed') return colors.green(state);
  if (state === 'Failed' || state === 'Missing' || state === 'Unknown') return colors.red(state);
  return colors.yellow(state);
}
