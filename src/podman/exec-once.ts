import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, type Signalled } from '../engine/engine.ts';
import type { Context } from './context.ts';
import { createSession, hijack } from './exec.ts';
import { readFrames } from './frames.ts';
import { number, record, text } from './json.ts';
import { ageOf, endMonitored, endSession } from './processes.ts';
import { path } from './query.ts';

/** A command that must end within a time. */
export interface ExecOnceOptions extends Signalled {
  readonly command: readonly string[];
  /** Counted from its start in the container: what the engine takes before that is not the container's doing. */
  readonly timeoutMs: number;
}

/** How it ended. */
export interface ExecEnd {
  /** 126 or 127 where it could not be started; undefined where its time was over. */
  readonly exitCode: number | undefined;
  /** The beginning of what it wrote, to both streams. */
  readonly output: string;
}

/** So much of the output is kept; the kubelet keeps as much of a probe's (pkg/kubelet/prober/prober.go). */
const outputBytes = 10 * 1024;
/** How long the stream may take to end once its processes were killed, in milliseconds. */
const endMs = 2_000;
/** How long the engine may take to start it, and to tell of its end, beyond its own time, in milliseconds. */
const startMs = 10_000;
/** While it has not started it is looked for so often. */
const lookMs = 250;
/** An engine that does not answer is asked this seldom in the end. */
const mostLookMs = 30_000;

/**
 * Runs a command in a container and ends it when its time is over: the engine leaves it running for ever, with the
 * connection closed or open. Its whole session is killed, so that nothing of it stays in the container.
 *
 * @throws EngineError `GONE`, `REFUSED` where the container does not run
 */
export async function execOnce(context: Context, container: string, opts: ExecOnceOptions): Promise<ExecEnd> {
  const { signal, timeoutMs } = opts;
  const what = `Cannot run a command in container "${container}"`;
  const id = await createSession(context, container, opts, what);
  const session: Session = { context, id, what, signal };
  const started = hijack(context, path`/exec/${id}/start`, { Detach: false, Tty: false }, what, signal);
  // It may have begun all the same.
  started.catch(() => endCommand(session));
  const socket = await started;
  const watch = watchTime(session, socket, timeoutMs);
  const abort = (): void => watch.expire();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const output = await readOutput(socket);
    signal.throwIfAborted();
    const { exitCode } = watch.isOver() ? { exitCode: undefined } : await look(session);
    return { exitCode, output };
  } catch (error) {
    if (watch.isOver()) return { exitCode: undefined, output: '' };
    void endCommand(session);
    throw watch.failure() ?? error;
  } finally {
    watch.end();
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

interface Watch {
  /** Its time was over, and it was ended. */
  isOver(): boolean;
  /** Why nothing can be said of it. */
  failure(): EngineError | undefined;
  /** Ends the command, whatever its time. */
  expire(): void;
  end(): void;
}

/**
 * Ends a command once it has run for its time. Only the kernel knows when it began: the engine takes over the connection
 * before it has started anything, and on a busy host the rest may take longer than the command.
 */
function watchTime(session: Session, socket: Duplex, timeoutMs: number): Watch {
  const beganMs = performance.now();
  let isOver = false;
  let isEnded = false;
  let failure: EngineError | undefined;
  const kill = ({ pid, containerId }: State): void => {
    isOver = true;
    endSession(pid, [session.id, containerId]);
    timer = setTimeout(() => socket.destroy(), endMs);
  };
  const check = async (): Promise<void> => {
    const state = await look(session);
    // It ended in time, and the news of that is on its way.
    if (!state.isRunning) return;
    const ageMs = ageOf(state.pid, [session.id, state.containerId]);
    if (ageMs !== undefined) return ageMs >= timeoutMs ? kill(state) : again(timeoutMs - ageMs);
    if (performance.now() - beganMs < timeoutMs + startMs) return again(lookMs);
    // It has started, and is nowhere to be found: the engine has processes of its own.
    if (state.pid > 0) return kill(state);
    failure = new EngineError('TIMEOUT', `${session.what}: the engine did not start it`, { transient: true });
    socket.destroy(failure);
  };
  const again = (ms: number): void => {
    if (!isEnded) timer = setTimeout(() => check().catch(giveUp), ms);
  };
  const giveUp = (error: EngineError): void => {
    failure = error;
    socket.destroy();
  };
  let timer: NodeJS.Timeout | undefined;
  again(timeoutMs);
  return {
    isOver: () => isOver,
    failure: () => failure,
    expire: () => {
      clearTimeout(timer);
      look(session).then(kill, giveUp);
    },
    end: () => {
      isEnded = true;
      clearTimeout(timer);
    },
  };
}

/**
 * Ends a command of which the engine tells nothing: at once where its monitor is to be found on this host, else as soon
 * as the engine answers. Holds up nobody.
 */
async function endCommand(session: Session): Promise<void> {
  for (let waitMs = lookMs; !endMonitored(session.id); waitMs = Math.min(2 * waitMs, mostLookMs)) {
    const state = await look(session).catch((error: EngineError) => error);
    if (state instanceof EngineError ? state.code === 'GONE' : !state.isRunning) return;
    if (!(state instanceof EngineError) && endSession(state.pid, [session.id, state.containerId])) return;
    await sleep(waitMs, undefined, { ref: false });
  }
}

async function readOutput(socket: Duplex): Promise<string> {
  const kept: Uint8Array[] = [];
  let left = outputBytes;
  for await (const { data } of readFrames(socket)) {
    if (left > 0) kept.push(data.subarray(0, left));
    left -= data.length;
  }
  return Buffer.concat(kept).toString('utf8');
}

interface Session extends Signalled {
  readonly context: Context;
  readonly id: string;
  readonly what: string;
}

/** What the engine says of a command. */
interface State {
  readonly isRunning: boolean;
  readonly exitCode: number;
  /** On the host; 0 until it has started. */
  readonly pid: number;
  readonly containerId: string;
}

async function look({ context, id, what }: Session): Promise<State> {
  const never = new AbortController().signal;
  const { body } = await context.http.call({ method: 'GET', path: path`/exec/${id}/json`, what, signal: never });
  const { Running, ExitCode, Pid, ContainerID } = record(body);
  return { isRunning: Running === true, exitCode: number(ExitCode), pid: number(Pid), containerId: text(ContainerID) };
}
