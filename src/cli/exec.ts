import type { ActualContainer } from '../model/actual.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';
import type { ExecFlags } from './flags.ts';
import { pickOne } from './key.ts';
import { type Look, look, withWorld } from './world.ts';

/** `podstead exec KEY -- COMMAND`: exits with the command's own code. */
export function exec(context: Context, key: string, command: readonly string[], flags: ExecFlags): Promise<number> {
  const { stdin = false, tty = false } = flags;
  if (tty && stdin && !process.stdin.isTTY) {
    throw new CommandError('Cannot give the command a terminal: standard input is none', { hint: 'Leave -t out' });
  }
  return withWorld(context, async world => {
    const container = runningContainer(await look(world, context), key, flags);
    const { terminal, signal } = context;
    const raw = tty && stdin;
    if (raw) process.stdin.setRawMode(true);
    try {
      return await world.engine.exec(container.id, {
        command,
        tty,
        stdin: stdin ? process.stdin : undefined,
        onOutput: ({ stream, data }) => terminal[stream === 'stderr' ? 'err' : 'out'](data),
        onStarted: resize => (tty ? followSize(resize) : undefined),
        signal,
      });
    } finally {
      if (raw) process.stdin.setRawMode(false);
    }
  });
}

function runningContainer(seen: Look, key: string, flags: ExecFlags): ActualContainer {
  const pod = pickOne(key, seen.pods, flags.namespace);
  const all = seen.actual.pods.get(pod.key)?.containers;
  const running = pod.containers.filter(container => container.state === 'running').map(container => container.name);
  const name = flags.container ?? running[0] ?? '';
  const container = all?.get(name);
  if (container?.state === 'running') return container;
  const why = container === undefined ? 'it has no such container' : `it is ${container.state}`;
  throw new CommandError(`Cannot run a command in container "${name}" of ${pod.key}: ${why}`, {
    hint: running.length === 0 ? `None runs; see \`podstead why ${pod.key}\`` : `Running: ${running.join(', ')}`,
  });
}

/** Tells the command the size of our terminal, now and whenever it changes. */
function followSize(resize: (columns: number, rows: number) => Promise<void>): void {
  const { stdout } = process;
  const send = (): void => {
    // Only its looks suffer.
    if (stdout.isTTY) void resize(stdout.columns, stdout.rows).catch(() => undefined);
  };
  stdout.on('resize', send);
  send();
}
