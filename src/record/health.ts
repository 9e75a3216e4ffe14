import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ContainerHealth } from '../model/probe.ts';

/** What an agent knows of a probed container. */
export interface SavedHealth extends ContainerHealth {
  /** Of the start it speaks of. */
  readonly startedAtMs: number;
  /** How far behind its probes run, in milliseconds; 0 for in time. */
  readonly lateMs: number;
}

/** The health file, and whether the agent that wrote it still runs. */
export interface HealthFile {
  readonly alive: boolean;
  /** By container id. */
  readonly containers: ReadonlyMap<string, SavedHealth>;
}

const none: HealthFile = { alive: false, containers: new Map() };

/**
 * Keeps what the probes found where another process can read it: for the owner alone, replaced as a whole, not synced,
 * as a reboot ends all that it speaks of. The same content is not written twice.
 *
 * @returns what writes; a disk that is full costs only what others see
 */
export function healthWriter(path: string): (containers: ReadonlyMap<string, SavedHealth>) => void {
  const writer = { pid: process.pid, startTicks: startTicksOf(process.pid) };
  let written = '';
  return containers => {
    const text = JSON.stringify({ version: 1, writer, containers: Object.fromEntries(containers) });
    // Without any there is nothing to tell, unless there was.
    if (text === written || (containers.size === 0 && written === '')) return;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
      renameSync(`${path}.tmp`, path);
      written = text;
    } catch {
      // The next change tries again.
    }
  };
}

/** Reads it; nothing where there is none or it is damaged. */
export function readHealth(path: string): HealthFile {
  try {
    const { version, writer, containers } = JSON.parse(readFileSync(path, 'utf8')) as {
      readonly version: number;
      readonly writer: { readonly pid: number; readonly startTicks: string };
      readonly containers: Readonly<Record<string, SavedHealth>>;
    };
    if (version !== 1) return none;
    const alive = writer.startTicks !== '' && startTicksOf(writer.pid) === writer.startTicks;
    return { alive, containers: new Map(Object.entries(containers)) };
  } catch {
    return none;
  }
}

/** When a process started, in ticks since boot (proc(5)): with its number it names it for good. Empty where it is gone. */
function startTicksOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
