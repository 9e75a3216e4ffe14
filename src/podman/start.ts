import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, type Signalled } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import type { ActionOf } from '../model/plan.ts';
import { tagging } from './adopted.ts';
import type { Context } from './context.ts';
import { createContainer } from './create-container.ts';
import { emptyMessage } from './end-message.ts';
import { healPauseMs, healStarts, mend } from './heal.ts';
import type { Reply } from './http.ts';
import { record, text, textRecord } from './json.ts';
import { takeMade } from './made.ts';
import { membersOf, ourMembers } from './members.ts';
import { checkMounts, hasPathInMemory } from './mounts.ts';
import { holdsPort, portIn, portTaken } from './port-holder.ts';
import { path } from './query.ts';
import { remakePod } from './remake.ts';
import { type Reason, reasonOf, refusal } from './status.ts';

/** A start that pulls nothing still waits for the network's set-up and the runtime, in milliseconds. */
const startTimeoutMs = 120_000;

/**
 * Starts a container of ours, and its pod's sandbox before it. Its mounts are looked at again first; running is done.
 *
 * @throws EngineError `PORT_TAKEN`, `START_FAILED`, `PATH_UNSAFE`, `PATH_MISSING`, `GONE`
 */
export async function startContainer(
  context: Context,
  action: ActionOf<'startContainer'>,
  { signal }: Signalled,
): Promise<void> {
  const { pod, uid, container } = action;
  const what = whatOf(action);
  const found = idOf(context, action, signal);
  // A sandbox that does not start is named by the start that follows.
  if (hasPathInMemory(pod, container)) await startSandbox(context, await found, what, signal);
  const [id] = await Promise.all([found, checkMounts({ context, uid, signal }, pod, container)]);
  try {
    await start(context, id, what, signal);
  } catch (error) {
    if (!(error instanceof StrandedError)) throw error;
    if (!(await isRemade(context, action, id, signal))) throw error.failure;
    await start(context, await idOf(context, action, signal), what, signal).catch(asFailure);
  }
}

/** Has the pod made anew, unless another of its containers has done so since this one was found. */
async function isRemade(
  context: Context,
  action: ActionOf<'startContainer'>,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { pod, uid } = action;
  const underWay = context.remaking.get(uid);
  if (underWay !== undefined) return underWay;
  if ((await idOf(context, action, signal)) !== id) return true;
  const refill = async (names: ReadonlySet<string>): Promise<void> => {
    for (const container of [...pod.initContainers, ...pod.containers].filter(({ name }) => names.has(name)))
      await createContainer(context, { verb: 'createContainer', pod, uid, container }, { signal });
  };
  return remakePod(context, action, 'stranded', refill, signal);
}

function whatOf({ container }: ActionOf<'startContainer'>): string {
  return `Cannot start container "${container.engineName}"`;
}

async function idOf(context: Context, action: ActionOf<'startContainer'>, signal: AbortSignal): Promise<string> {
  // Nobody else has its id, and its message is empty as it was made.
  const made = takeMade(context, action);
  if (made !== undefined) return made;
  const { uid, container } = action;
  const what = whatOf(action);
  const call = { method: 'GET', path: path`/containers/${container.engineName}/json`, what, signal } as const;
  const { Id, Config, State } = record((await context.http.call(call)).body);
  const tags = tagging(context)(text(Id), textRecord(record(Config).Labels));
  if (tags[labels.owner] !== context.owner || tags[labels.uid] !== uid) {
    throw new EngineError('GONE', `${what}: another container has its name now`, { transient: true });
  }
  // A run begins with an empty message, one that goes on keeps its own.
  if (!['running', 'paused', 'stopping'].includes(text(record(State).Status)))
    await emptyMessage(context, uid, container.name);
  return text(Id);
}

/** The port of a sandbox that never started is held by what is left of its own start: only another pod can start. */
class StrandedError extends Error {
  readonly failure: EngineError;

  constructor(failure: EngineError) {
    super(failure.message);
    this.failure = failure;
  }
}

function asFailure(error: unknown): never {
  throw error instanceof StrandedError ? error.failure : error;
}

/** Starts the sandbox of a pod that was stopped, and the named containers in that order. */
export async function startPod(context: Context, action: ActionOf<'startPod'>, { signal }: Signalled): Promise<void> {
  const what = `Cannot start ${action.pod}`;
  const members = await membersOf(context, action.id, what, signal);
  const [infra, ours] = [members.find(({ isInfra }) => isInfra), await ourMembers(context, members, signal)];
  if (infra === undefined) throw new EngineError('GONE', `${what}: it is not there any more`, { transient: true });
  await start(context, infra.id, what, signal).catch(asFailure);
  for (const name of action.containers) {
    const member = ours.get(name);
    if (member === undefined)
      throw new EngineError('GONE', `${what}: container "${name}" is not there any more`, { transient: true });
    await start(context, member.id, `Cannot start container "${member.name}"`, signal).catch(asFailure);
  }
}

/** @throws EngineError StrandedError */
async function start(context: Context, id: string, what: string, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const refused = await tryStart(context, id, what, signal);
    if (refused === undefined) return;
    const isMended = tries < healStarts && (await mend(context, refused.id, refused.reason, signal));
    if (!isMended) throw await startFailure(context, what, refused, signal);
    await sleep(healPauseMs * tries, undefined, { signal });
  }
}

/** Which container did not start, the one that was asked for or its sandbox, and why. */
interface Refused {
  readonly id: string;
  readonly reason: Reason;
}

async function tryStart(context: Context, id: string, what: string, signal: AbortSignal): Promise<Refused | undefined> {
  const { status, body } = await post(context, id, what, signal);
  if (status !== 500) return undefined;
  const reason = reasonOf(JSON.stringify(body));
  if (isOfState(reason) && (await unpause(context, id, what, signal))) return undefined;
  if (!isOfSandbox(reason)) return { id, reason };
  const sandbox = await startSandbox(context, id, what, signal);
  if (sandbox !== undefined) return sandbox;
  // It started this time: there is nothing wrong with it any more.
  const again = await post(context, id, what, signal);
  return again.status === 500 ? { id, reason: reasonOf(JSON.stringify(again.body)) } : undefined;
}

async function post(context: Context, id: string, what: string, signal: AbortSignal): Promise<Reply> {
  const call = { method: 'POST', path: path`/containers/${id}/start`, accept: [304, 500], idempotent: true } as const;
  return context.http.call({ ...call, timeoutMs: startTimeoutMs, what, signal });
}

/** A paused container is not started: the engine only says in which states one can be (4.3 and 5). */
function isOfState({ message }: Reason): boolean {
  return message.includes('must be in Created or Stopped state');
}

/** Lets a paused container go on, and its sandbox, which "podman pod pause" stops with it. @returns whether it was paused */
async function unpause(context: Context, id: string, what: string, signal: AbortSignal): Promise<boolean> {
  const { body } = await context.http.call({ method: 'GET', path: path`/containers/${id}/json`, what, signal });
  if (text(record(record(body).State).Status) !== 'paused') return false;
  const members = await membersOf(context, text(record(body).Pod), what, signal);
  const sandbox = members.filter(({ isInfra, state }) => isInfra && state === 'paused').map(infra => infra.id);
  for (const each of [...sandbox, id]) {
    const call = { method: 'POST', path: path`/containers/${each}/unpause`, idempotent: true } as const;
    await context.http.call({ ...call, what, signal });
  }
  return true;
}

/** A sandbox that does not start is reported without its reason (4.3 and 5): it is started alone to hear it. */
function isOfSandbox({ message }: Reason): boolean {
  return message.startsWith('starting some containers');
}

async function startSandbox(
  context: Context,
  id: string,
  what: string,
  signal: AbortSignal,
): Promise<Refused | undefined> {
  const { body } = await context.http.call({ method: 'GET', path: path`/containers/${id}/json`, what, signal });
  const members = await membersOf(context, text(record(body).Pod), what, signal);
  const infra = members.find(({ isInfra }) => isInfra);
  const reply = infra === undefined ? undefined : await post(context, infra.id, what, signal);
  if (infra === undefined || reply?.status !== 500) return undefined;
  return { id: infra.id, reason: reasonOf(JSON.stringify(reply.body)) };
}

/** Root causes that mean the container itself cannot run as it is (libpod, runc and crun alike). */
const ofContainer =
  /^OCI |no matching entries in passwd|no matching entries in group|unable to find (user|group)|^workdir /;
/** Of those, the ones that only a change of the manifest or the image mends. */
const lasting = /command that was not found|permission denied|no matching entries|unable to find|^workdir /;

async function startFailure(
  context: Context,
  what: string,
  { id, reason }: Refused,
  signal: AbortSignal,
): Promise<EngineError | StrandedError> {
  const port = portIn(reason.message);
  if (port !== undefined) {
    const taken = await portTaken(context, what, port, reason, signal);
    return (await holdsPort(id, port)) ? new StrandedError(taken) : taken;
  }
  if (!ofContainer.test(reason.cause)) return refusal(what, 500, reason);
  return new EngineError('START_FAILED', `${what}: ${cleaned(reason.message)}`, {
    hint: hintFor(reason.message),
    transient: !lasting.test(reason.cause),
    cause: reason,
  });
}

/** The runtime's own words without the layers around them. */
function cleaned(message: string): string {
  return message
    .replace(/^(runc|crun): /, '')
    .replace(/runc create failed: |unable to start container process: |error during container init: /g, '')
    .replace(/: OCI (runtime error|permission denied|runtime attempted to invoke a command that was not found)$/, '')
    .trim();
}

/** How crun and runc name the file or the controller of a limit that they cannot set. */
const cgroupFile =
  /cgroup controller `?(\w+)`? is not available|(?:opening file `|\/sys\/fs\/cgroup\/\S*\/)(cpu|memory|pids|cpuset|io)\.[\w.]+/;

function hintFor(message: string): string | undefined {
  const controller = cgroupFile.exec(message)?.slice(1).find(Boolean);
  if (controller !== undefined)
    return `Leave limits of ${controller} out, or give the engine that cgroup controller: "podstead doctor" says how`;
  if (message.includes('rlimit'))
    return 'Run "podstead doctor": the limits of this host are below what the engine asks for';
  if (/command that was not found|executable file not found/.test(message))
    return 'Correct command, or see that the image has it';
  if (/unable to find user|passwd/.test(message))
    return 'Set securityContext.runAsUser to a number, or add the user to the image';
  return undefined;
}
