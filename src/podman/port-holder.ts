import { readdir, readFile, readlink } from 'node:fs/promises';
import { EngineError } from '../engine/engine.ts';
import type { Context } from './context.ts';
import { list, number, record, text, texts } from './json.ts';

export interface Port {
  readonly protocol: string;
  readonly number: number;
}

/** The failure to get a port, with who has it where that can be found out. */
export async function portTaken(
  context: Context,
  what: string,
  port: Port,
  cause: unknown,
  signal: AbortSignal,
): Promise<EngineError> {
  const holder = (await containerWith(context, port, signal)) ?? (await processWith(port));
  const words = holder === undefined ? 'is in use' : `is held by ${holder}`;
  return new EngineError('PORT_TAKEN', `${what}: port ${port.number}/${port.protocol} of the host ${words}`, {
    hint: 'Stop what holds the port, or choose another hostPort',
    transient: true,
    cause,
  });
}

/** The port in the engine's words: "cannot listen on the TCP port: listen tcp4 :8080: bind: address already in use". */
export function portIn(message: string): Port | undefined {
  const match = /listen (tcp|udp|sctp)\d? \S*?:(\d+): bind: address already in use/.exec(message);
  return match === null ? undefined : { protocol: match[1] ?? 'tcp', number: Number(match[2]) };
}

async function containerWith(context: Context, port: Port, signal: AbortSignal): Promise<string | undefined> {
  const call = { method: 'GET', path: '/containers/json', what: 'Cannot look at the engine', signal } as const;
  // Only for a better message: where it fails, the message does without.
  const reply = await context.http.call(call).catch(() => undefined);
  const holder = list(reply?.body)
    .map(record)
    .find(({ Ports }) => list(Ports).some(mapping => covers(mapping, port)));
  if (holder === undefined) return undefined;
  return text(holder.PodName) === '' ? `container "${texts(holder.Names)[0]}"` : `pod "${text(holder.PodName)}"`;
}

function covers(value: unknown, port: Port): boolean {
  const { host_port, range, protocol } = record(value);
  const first = number(host_port);
  const inside = port.number >= first && port.number < first + Math.max(number(range), 1);
  return inside && (text(protocol) || 'tcp').split(',').includes(port.protocol);
}

/** Whether the port is held for that container: by its conmon, whose arguments name it. */
export async function holdsPort(containerId: string, port: Port): Promise<boolean> {
  const pid = await pidWith(port);
  return pid !== undefined && (await commandOf(pid)).includes(containerId);
}

async function processWith(port: Port): Promise<string | undefined> {
  const pid = await pidWith(port);
  return pid === undefined ? undefined : describe(pid);
}

/** The process with a socket on that port, of those that this user may look at (proc(5): net/tcp, PID/fd). */
async function pidWith(port: Port): Promise<string | undefined> {
  const tables = await Promise.all(
    ['', '6'].map(six => readFile(`/proc/net/${port.protocol}${six}`, 'utf8').catch(() => '')),
  );
  const inodes = new Set(tables.flatMap(table => inodesOf(table, port.number)));
  if (inodes.size === 0) return undefined;
  const pids = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name));
  for (const pid of pids) {
    if (await hasSocket(pid, inodes)) return pid;
  }
  return undefined;
}

function inodesOf(table: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  // Columns: number, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode.
  const rows = table
    .split('\n')
    .slice(1)
    .map(row => row.trim().split(/\s+/));
  // 0A listens; 07 is an unconnected UDP socket.
  return rows.filter(row => row[1]?.endsWith(suffix) && (row[3] === '0A' || row[3] === '07')).map(row => row[9] ?? '');
}

async function hasSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const inode = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''))?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

/** conmon holds the ports of rootful containers; its `-n` is the container's name, also in another store than ours. */
async function describe(pid: string): Promise<string> {
  const command = await commandOf(pid);
  const program = command[0]?.split('/').at(-1) ?? '';
  const name = command[command.indexOf('-n') + 1];
  if (program === 'conmon' && command.includes('-n') && name !== undefined)
    return `container "${name}" (process ${pid})`;
  return `process ${pid}${program === '' ? '' : ` (${program})`}`;
}

async function commandOf(pid: string): Promise<readonly string[]> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
}
