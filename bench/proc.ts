import { readdirSync, readFileSync } from 'node:fs';

/** What a process has used up and holds at one moment. */
export interface Usage {
  /** CPU time of its own, user and system, in ms. */
  readonly cpuMs: number;
  /** CPU time of its children that have ended: what an engine's runtimes and monitors took. */
  readonly childrenCpuMs: number;
  /** Resident memory, in bytes. */
  readonly rss: number;
  /** Its share of memory: pages that others map too are divided among them. In bytes. */
  readonly pss: number;
}

/** Clock ticks a second; USER_HZ is 100 on every Linux that Node runs on (proc(5), time(7)). */
const ticks = 100;

/** Reads a process's usage from /proc (proc(5)). @throws where it is gone */
export function usageOf(pid: number): Usage {
  // The second field is the command in brackets, and may hold anything.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const field = (index: number): number => (Number(stat[index]) * 1000) / ticks;
  return {
    cpuMs: preciseCpuMs(pid) ?? field(11) + field(12),
    childrenCpuMs: field(13) + field(14),
    rss: kilobytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS') * 1024,
    pss: kilobytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss') * 1024,
  };
}

/** From the scheduler's own count, in ns, over all threads that live; undefined where the kernel keeps none. */
function preciseCpuMs(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const counts = threads.map(thread =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    );
    return counts.reduce((sum, each) => sum + each, 0) / 1e6;
  } catch {
    return undefined;
  }
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN);
}
