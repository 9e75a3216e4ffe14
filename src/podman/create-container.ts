import { EngineError, type Signalled } from '../engine/engine.ts';
import type { DesiredContainer } from '../model/desired.ts';
import { labels } from '../model/labels.ts';
import type { ActionOf } from '../model/plan.ts';
import { adoptedAs } from './adopted.ts';
import { containerSpec } from './container-spec.ts';
import type { Context } from './context.ts';
import { emptyMessage, messageMount } from './end-message.ts';
import { needImage } from './image-find.ts';
import { list, record, text } from './json.ts';
import { noteMade } from './made.ts';
import { resolveMounts } from './mounts.ts';
import { takeOver } from './name-holder.ts';
import { remakePod } from './remake.ts';
import { findResolver } from './resolver.ts';
import { findBlanks } from './runtime-text.ts';

/**
 * Makes a container in its pod, not started. One of the same uid and digest is the work already done.
 *
 * @throws EngineError `IMAGE_NOT_FOUND`, `NAME_TAKEN`, `PATH_UNSAFE`, `PATH_MISSING`, `REFUSED` (runAsNonRoot)
 */
export async function createContainer(
  context: Context,
  action: ActionOf<'createContainer'>,
  { signal }: Signalled,
): Promise<void> {
  const { pod, uid, container } = action;
  const what = `Cannot create container "${container.engineName}"`;
  const [image, { resolved, keepsVolumes }, blanks, resolver] = await Promise.all([
    needImage(context, container.image, what, signal),
    resolveMounts({ context, uid, signal }, pod, container),
    findBlanks(context, action, signal),
    pod.sandbox.hostNetwork ? findResolver(context, pod.sandbox, signal) : undefined,
    emptyMessage(context, uid, container.name),
  ]);
  const mounts = { ...resolved, mounts: [...resolved.mounts, ...messageMount(context, uid, container)] };
  refuseRoot(container, image.user, what);
  const create = async (): Promise<void> => {
    const podId = await podIdOf(context, action, what, signal);
    const found = { uid, owner: context.owner, podId, imageId: image.id, mounts, keepsVolumes, blanks };
    const body = containerSpec(pod, container, { ...found, ...(resolver && { resolver }) });
    const reply = await context.http.call({ method: 'POST', path: '/containers/create', body, what, signal });
    noteMade(context, action, text(record(reply.body).Id));
  };
  try {
    await create();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (isHeadless(error)) {
      if (!(await remakePod(context, { pod, uid }, 'headless', async () => undefined, signal))) throw error;
    } else if (error.code !== 'NAME_TAKEN') throw error;
    else if ((await takeOver(context, action, error, signal)) === 'done') return;
    await create();
  }
}

/** A pod is joined by its id: by the time that it is asked for, its name may be another's. */
async function podIdOf(
  context: Context,
  { pod, uid }: ActionOf<'createContainer'>,
  what: string,
  signal: AbortSignal,
): Promise<string> {
  const known = context.podIds.get(uid) ?? adoptedAs(context, uid)?.podId;
  if (known !== undefined) return known;
  const query = { all: true, filters: { label: [`${labels.owner}=${context.owner}`, `${labels.uid}=${uid}`] } };
  const { body } = await context.http.call({ method: 'GET', path: '/containers/json', query, what, signal });
  const infra = list(body)
    .map(record)
    .find(({ IsInfra, PodName }) => IsInfra === true && text(PodName) === pod.engineName);
  if (infra !== undefined) return text(infra.Pod);
  throw new EngineError('GONE', `${what}: its pod is not there any more`, { transient: true });
}

/** What 4.3 says of a pod whose removal broke off once it had let go of its sandbox. */
function isHeadless({ message }: EngineError): boolean {
  return message.includes('pod has no infra container');
}

/** As the kubelet does: a name cannot be told from root's without looking into the image, so it is refused too. */
function refuseRoot({ security, image }: DesiredContainer, imageUser: string, what: string): void {
  if (!security.runAsNonRoot) return;
  const user = (security.user ?? imageUser).split(':')[0] ?? '';
  if (/^\d+$/.test(user) && Number(user) !== 0) return;
  const who = user === '' || user === '0' ? 'root' : `user "${user}"`;
  throw new EngineError(
    'REFUSED',
    `${what}: image "${image}" runs as ${who}, and runAsNonRoot wants a user by number other than 0`,
    {
      hint: 'Set securityContext.runAsUser to a number above 0',
    },
  );
}
