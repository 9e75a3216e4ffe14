import { EngineError, type Signalled } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import type { Reply } from './http.ts';
import { record, text, textRecord } from './json.ts';
import { membersOf } from './members.ts';
import { checkSubPaths } from './mounts.ts';
import { portIn, portTaken } from './port-holder.ts';
import { path } from './query.ts';
import { type Reason, reasonOf, refusal } from './status.ts';

/** A start that pulls nothing still waits for the network's set-up and the runtime, in milliseconds. */
const startTimeoutMs = 120_000;

/**
 * Starts a container of ours, and its pod's sandbox before it. Its subPaths are proven again first; running is done.
 *
 * @throws EngineError `PORT_TAKEN`, `START_FAILED`, `PATH_UNSAFE`, `GONE`
 */
export async function startContainer(
  context: Context,
  action: ActionOf<'startContainer'>,
  { signal }: Signalled,
): Promise<void> {
  const { pod, uid, container } = action;
  const what = `Cannot start container "${container.engineName}"`;
  const [found] = await Promise.all([
    context.http.call({ method: 'GET', path: path`/containers/${container.engineName}/json`, what, signal }),
    checkSubPaths({ context, uid, signal }, pod, container),
  ]);
  const { Id, Config } = record(found.body);
  const tags = textRecord(record(Config).Labels);
  if (tags[labels.owner] !== context.owner || tags[labels.uid] !== uid) {
    throw new EngineError('GONE', `${what}: another container has its name now`, { transient: true });
  }
  await start(context, text(Id), what, signal);
}

/** Starts the sandbox of a pod that was stopped, and the named containers in that order. */
export async function startPod(context: Context, action: ActionOf<'startPod'>, { signal }: Signalled): Promise<void> {
  const what = `Cannot start ${action.pod}`;
  const members = await membersOf(context, action.id, what, signal);
  const infra = members.find(({ isInfra }) => isInfra);
  if (infra === undefined) throw new EngineError('GONE', `${what}: it is not there any more`, { transient: true });
  await start(context, infra.id, what, signal);
  for (const name of action.containers) {
    const member = members.find(({ isInfra, labels: tags }) => !isInfra && tags[labels.container] === name);
    if (member === undefined)
      throw new EngineError('GONE', `${what}: container "${name}" is not there any more`, { transient: true });
    await start(context, member.id, `Cannot start container "${member.name}"`, signal);
  }
}

async function start(context: Context, id: string, what: string, signal: AbortSignal): Promise<void> {
  const { status, body } = await post(context, id, what, signal);
  if (status !== 500) return;
  const reason = reasonOf(JSON.stringify(body));
  throw await startFailure(
    context,
    what,
    isOfSandbox(reason) ? await sandboxReason(context, id, what, signal) : reason,
    signal,
  );
}

async function post(context: Context, id: string, what: string, signal: AbortSignal): Promise<Reply> {
  const call = { method: 'POST', path: path`/containers/${id}/start`, accept: [304, 500], idempotent: true } as const;
  return context.http.call({ ...call, timeoutMs: startTimeoutMs, what, signal });
}

/** A sandbox that does not start is reported without its reason (4.3 and 5): it is started alone to hear it. */
function isOfSandbox({ message }: Reason): boolean {
  return message.startsWith('starting some containers');
}

async function sandboxReason(context: Context, id: string, what: string, signal: AbortSignal): Promise<Reason> {
  const { body } = await context.http.call({ method: 'GET', path: path`/containers/${id}/json`, what, signal });
  const members = await membersOf(context, text(record(body).Pod), what, signal);
  const infra = members.find(({ isInfra }) => isInfra);
  const reply = infra === undefined ? undefined : await post(context, infra.id, what, signal);
  // It may start this time: then there is nothing wrong with it any more.
  if (reply?.status !== 500)
    return { cause: 'the sandbox did not start', message: 'the sandbox did not start at first' };
  return reasonOf(JSON.stringify(reply.body));
}

/** Root causes that mean the container itself cannot run as it is (libpod, runc and crun alike). */
const ofContainer =
  /^OCI |no matching entries in passwd|no matching entries in group|unable to find (user|group)|^workdir /;
/** Of those, the ones that only a change of the manifest or the image mends. */
const lasting = /command that was not found|permission denied|no matching entries|unable to find|^workdir /;

async function startFailure(context: Context, what: string, reason: Reason, signal: AbortSignal): Promise<EngineError> {
  const port = portIn(reason.message);
  if (port !== undefined) return portTaken(context, what, port, reason, signal);
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

function hintFor(message: string): string | undefined {
  if (message.includes('rlimit'))
    return 'Run "podstead doctor": the limits of this host are below what the engine asks for';
  if (/command that was not found|executable file not found/.test(message))
    return 'Correct command, or see that the image has it';
  if (/unable to find user|passwd/.test(message))
    return 'Set securityContext.runAsUser to a number, or add the user to the image';
  return undefined;
}
