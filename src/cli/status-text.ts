import type { createColors } from 'picocolors';
import { printable } from '../model/printable.ts';
import type { Location } from '../model/problem.ts';
import type { PodRecord } from '../model/record.ts';
import type { PodState, PodStatus } from '../status/pods.ts';
import { duration, fittingTable, wrap } from './table.ts';

type Colors = ReturnType<typeof createColors>;

const header = ['KEY', 'STATE', 'READY', 'RESTARTS', 'AGE', 'REVISION', 'FROM', 'MESSAGE'] as const;
type Column = (typeof header)[number];

/** What a narrow terminal has no room for, the least telling first. */
const savings: readonly (readonly Column[])[] = [
  ['REVISION'],
  ['FROM'],
  ['REVISION', 'FROM'],
  ['REVISION', 'FROM', 'AGE'],
  ['REVISION', 'FROM', 'AGE', 'RESTARTS'],
  ['REVISION', 'FROM', 'AGE', 'RESTARTS', 'READY'],
];

export interface StatusView {
  readonly nowMs: number;
  readonly colors: Colors;
  /** Of the terminal, in characters; infinite where there is none. */
  readonly width: number;
}

/** The table of `podstead status`. On a terminal too narrow for all, `why` and JSON have what is left out. */
export function statusTable(pods: readonly PodStatus[], { nowMs, colors, width }: StatusView): string {
  const rows = pods.map(pod => statusRow(pod, nowMs, colors));
  const isQuiet = width !== Number.POSITIVE_INFINITY && rows.every(row => row.MESSAGE === '');
  const shown = header.filter(column => column !== 'MESSAGE' || !isQuiet);
  return fittingTable(shown, rows, { width, savings, room: 24 });
}

function statusRow(pod: PodStatus, nowMs: number, colors: Colors): Readonly<Record<Column, string>> {
  return {
    KEY: pod.key,
    STATE: paint(pod.state, colors),
    READY: readiness(pod),
    RESTARTS: String(pod.restarts),
    AGE: pod.startedAtMs === 0 ? '-' : duration(nowMs - pod.startedAtMs),
    REVISION: shortRevision(pod.revision ?? '') || '-',
    FROM: place(pod.origin) || '-',
    MESSAGE: standing(pod, nowMs),
  };
}

/** The chain from the source to what is seen, latest event last. */
export function whyText(pod: PodStatus, record: PodRecord | undefined, view: StatusView): string {
  const { failure } = pod;
  const { nowMs, colors, width } = view;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['declared by', [pod.declaredBy as string, place(pod.origin)].filter(part => part !== '').join(' at ')],
    ['revision', pod.revision || undefined],
    ['source', record?.source || undefined],
    ['restarts', pod.restarts === 0 ? undefined : String(pod.restarts)],
    [
      'failed',
      failure && `${times(failure.count)}, last ${duration(nowMs - failure.atMs)} ago: ${printable(failure.message)}`,
    ],
    ['mend', failure?.hint && printable(failure.hint)],
    ['waits', pod.untilMs === undefined ? undefined : untilText(pod.untilMs, nowMs)],
  ];
  const state = [pod.state as string, printable(pod.message)].filter(part => part !== '').join(': ');
  const lines = [...wrap(`${colors.bold(pod.key)} is ${state}`, width)];
  for (const [name, value] of facts) {
    if (value === undefined) continue;
    const [first, ...more] = wrap(value, width - 15);
    lines.push(`  ${name.padEnd(12)} ${first}`, ...more.map(text => `${' '.repeat(15)}${text}`));
  }
  for (const { name, restarts, last } of pod.containers) {
    if (last === undefined) continue;
    const again = restarts === 0 ? '' : `, restarted ${times(restarts)}`;
    const said = last.message ? `: ${last.message.replaceAll(/[\s\p{Control}]+/gu, ' ').trim()}` : '';
    const ended = `ended ${duration(nowMs - last.exitedAtMs)} ago after ${duration(last.exitedAtMs - last.startedAtMs)}`;
    const [first, ...more] = wrap(
      `${name} ${ended}: ${last.reason}, exit code ${last.exitCode}${again}${said}`,
      width - 15,
    );
    lines.push(`  ${'last end'.padEnd(12)} ${first}`, ...more.map(text => `${' '.repeat(15)}${text}`));
  }
  if (record === undefined) lines.push('  Its record is lost: what led here is not known');
  const history = record?.history ?? [];
  if (history.length === 0) return `${lines.join('\n')}\n`;
  const rows = history.map(entry => ({
    'TIME (UTC)': new Date(entry.atMs).toISOString().slice(0, 19).replace('T', ' '),
    RESULT: entry.result,
    FROM: place(entry.location) || '-',
    REVISION: shortRevision(entry.revision) || '-',
    WHY: entry.fields.length === 0 ? entry.why : `${entry.why} (${entry.fields.join(', ')})`,
  }));
  const fit = { width, savings: [['REVISION'], ['REVISION', 'FROM']], room: 30 } as const;
  return `${lines.join('\n')}\n\n${fittingTable(['TIME (UTC)', 'RESULT', 'FROM', 'REVISION', 'WHY'], rows, fit)}`;
}

function standing(pod: PodStatus, nowMs: number): string {
  const until = pod.untilMs === undefined ? undefined : untilText(pod.untilMs, nowMs);
  return [printable(pod.message), until].filter(part => part !== undefined && part !== '').join('; ');
}

function untilText(untilMs: number, nowMs: number): string {
  if (untilMs <= nowMs) return 'starts again now';
  return `back-off until ${new Date(untilMs).toTimeString().slice(0, 8)} (${duration(untilMs - nowMs)})`;
}

function readiness({ ready }: PodStatus): string {
  return `${ready.count}/${ready.total}`;
}

/** Enough of a commit or digest to tell it by. */
function shortRevision(revision: string): string {
  return revision.replace(/^[0-9a-f]{12,}/, commit => commit.slice(0, 12));
}

/** Empty where it is not known, as for what an earlier version noted. */
function place(location: Location | undefined): string {
  return location === undefined || location.file === '' ? '' : `${location.file}:${location.line}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function paint(state: PodState, colors: Colors): string {
  if (state === 'Running' || state === 'Completed') return colors.green(state);
  if (state === 'Failed' || state === 'Missing' || state === 'Unknown') return colors.red(state);
  return colors.yellow(state);
}
