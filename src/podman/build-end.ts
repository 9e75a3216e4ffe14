import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BuildStep } from '../model/build.ts';
import { record } from './json.ts';
import { endFamily, hasSocket, type Process, processes, programOf, runningMs } from './processes.ts';

/** A step that the engine has just told of may have no process yet: so long it is looked for, in milliseconds. */
const startMs = 2_000;
const lookMs = 100;
/** The kernel counts the start of a process in hundredths of a second, and the engine tells of a step before it. */
const slackMs = 200;

/** A step that is to be ended: what is told of it proves whose process is whose. */
export interface RunningStep {
  readonly step: BuildStep;
  /** When the engine told of it, by performance.now(). */
  readonly toldAtMs: number;
  /** Path of the engine's socket. */
  readonly socket: string;
}

/**
 * Ends what a RUN step of a build runs. An engine whose client hangs up lets the step that runs come to its end, however
 * long that takes, then builds nothing more and cleans up (Podman 4.3.1); its API ends no step.
 *
 * The step is known by its command, in the bundle that Buildah's runtime process works in. That process must be a child of
 * the engine that was asked, and no older than the step: somebody else's build, by hand or by another engine, may run the
 * same command. Where several of the same engine do, none is ended, as nobody can tell whose is whose.
 *
 * @returns whether it was found and killed
 */
export async function endStep(running: RunningStep): Promise<boolean> {
  const untilMs = performance.now() + startMs;
  for (;;) {
    const found = runtimesOf(running);
    const pid = found.map(childOf).find(each => each !== undefined);
    if (found.length === 1 && pid !== undefined) {
      endFamily(pid);
      return true;
    }
    if (found.length > 1 || performance.now() > untilMs) return false;
    await sleep(lookMs);
  }
}

/** Whether a step runs a command, which is all that may take for ever. */
export function isRun({ text }: BuildStep): boolean {
  return /^RUN\s/i.test(text);
}

/** Buildah's processes that run that command: one a build (run_linux.go of buildah names them so). */
function runtimesOf({ step, toldAtMs, socket }: RunningStep): readonly number[] {
  const sinceMs = performance.now() - toldAtMs + slackMs;
  const isOurs = ({ pid, parent }: Process): boolean =>
    programOf(pid) === 'buildah-oci-runtime' &&
    runs(step, commandOf(pid)) &&
    (runningMs(pid) ?? Number.POSITIVE_INFINITY) <= sinceMs &&
    hasSocket(parent, socket);
  return processes()
    .filter(isOurs)
    .map(({ pid }) => pid);
}

/** The command in the runtime's bundle (https://github.com/opencontainers/runtime-spec/blob/main/config.md#process). */
function commandOf(pid: number): readonly string[] {
  const { args } = record(record(parsed(fileOf(pid, 'config.json'))).process);
  return Array.isArray(args) ? args.map(String) : [];
}

/** What it runs, beside the calls of the runtime that it makes on the way: the bundle has its number in a file. */
function childOf(runtime: number): number | undefined {
  const pid = Number(fileOf(runtime, 'pid'));
  return processes().find(each => each.pid === pid && each.parent === runtime)?.pid;
}

function fileOf(runtime: number, name: string): string {
  try {
    return readFileSync(`/proc/${runtime}/cwd/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** Whether a command is that of a step: the list that it writes, or what it writes as the last word of a shell. */
export function runs({ text }: BuildStep, command: readonly string[]): boolean {
  const written = text.replace(/^RUN\s+(--\S+\s+)*/i, '');
  return plain(command.at(-1) ?? '') === plain(written) || sameList(written, command);
}

/** A list of words; Buildah has looked up the first in the image's PATH. */
function sameList(written: string, [program = '', ...args]: readonly string[]): boolean {
  const list = written.startsWith('[') ? parsed(written) : undefined;
  if (!Array.isArray(list)) return false;
  const [first, ...rest] = list.map(String);
  return (program === first || program.endsWith(`/${first}`)) && JSON.stringify(rest) === JSON.stringify(args);
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lines that a backslash joins are told with other blanks than they run with. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
