import { EngineError } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import type { ActionOf } from '../model/plan.ts';
import { tagging } from './adopted.ts';
import type { Context } from './context.ts';
import { list, record, text, textRecord, texts } from './json.ts';
import { path } from './query.ts';

/** Who has a name, and what to do about it. */
interface Holder {
  readonly who: string;
  readonly hint: string;
  /** The next try may find it gone. */
  readonly transient?: boolean;
}

const theirs = 'Remove what has the name, or rename the pod';

/**
 * What is to be done once the engine refused a container for its name.
 *
 * @param taken the refusal
 * @returns `done` where the container is there already, `free` where what had the name was ours to clear away
 * @throws EngineError `NAME_TAKEN` naming who has it
 */
export async function takeOver(
  context: Context,
  { pod, uid, container }: ActionOf<'createContainer'>,
  taken: EngineError,
  signal: AbortSignal,
): Promise<'done' | 'free'> {
  const name = container.engineName;
  const what = `Cannot create container "${name}"`;
  const look: Look = { context, what, signal };
  const found = await inspect(look, name);
  const tags = found?.labels ?? {};
  const ours = tags[labels.owner] === context.owner && tags[labels.uid] === uid;
  const isSame = tags[labels.container] === container.name && tags[labels.digest] === container.digest;
  if (ours && isSame) return 'done';
  const holder: Holder | 'free' =
    found === undefined
      ? await inStorage(look, name, taken)
      : ours
        ? { who: `an earlier container of ${pod.key}`, hint: 'Remove it first', transient: true }
        : { who: `container ${found.id.slice(0, 12)}`, hint: theirs };
  if (holder === 'free') return 'free';
  const { who, hint, transient = false } = holder;
  throw new EngineError('NAME_TAKEN', `${what}: the name is taken by ${who}`, { hint, transient, cause: taken });
}

interface Look {
  readonly context: Context;
  readonly what: string;
  readonly signal: AbortSignal;
}

interface Found {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A container by name or id. */
async function inspect({ context, what, signal }: Look, which: string): Promise<Found | undefined> {
  const call = { method: 'GET', path: path`/containers/${which}/json`, accept: [404], what, signal } as const;
  const { status, body } = await context.http.call(call);
  if (status === 404) return undefined;
  const { Id, Name, Config } = record(body);
  return {
    id: text(Id),
    name: text(Name).replace(/^\//, ''),
    labels: tagging(context)(text(Id), textRecord(record(Config).Labels)),
  };
}

/**
 * Looks for a name that no container has: in the engine's storage, which keeps names of its own beside the database, and
 * may know more containers, or one by another name (4.3). What an engine that died amid a creation left is cleared away,
 * and a container of ours that has another name by now is told to the storage.
 */
async function inStorage(look: Look, name: string, taken: EngineError): Promise<Holder | 'free'> {
  const left = await leftInStorage(look, name);
  if (left !== undefined) {
    if (await isCleared(look, left)) return 'free';
    const short = left.slice(0, 12);
    const hint = `Unless something of another engine runs from it, remove it: podman rm --force ${short}`;
    return { who: `container ${short}, which stands in the engine's storage alone, mounted`, hint };
  }
  const id = /in use by "?([0-9a-f]{64})/.exec(wordsOf(taken))?.[1];
  const other = id === undefined ? undefined : await inspect(look, id);
  if (other !== undefined) {
    if (other.name !== name && (await isRenamed(look, other))) return 'free';
    const who = `container "${other.name}", which the engine's storage still has under it`;
    const [now, then] = [`podman rename ${other.name} ${other.name}-x`, `podman rename ${other.name}-x ${other.name}`];
    return { who, hint: `Tell the storage its name: ${now} && ${then}` };
  }
  const isPod = await exists(look, name);
  if (isPod) return { who: 'a pod', hint: theirs };
  // Between the refusal and this look it may have gone.
  const hint = 'See "podman ps --all --external" and "podman pod ps"';
  return { who: `something that the engine does not list: ${wordsOf(taken)}`, hint, transient: true };
}

/** What the storage has under a name and the database does not know; never what a build works on. */
async function leftInStorage({ context, what, signal }: Look, name: string): Promise<string | undefined> {
  const query = { all: true, external: true };
  const { body } = await context.http.call({ method: 'GET', path: '/containers/json', query, what, signal });
  const left = list(body)
    .map(record)
    .find(({ Names, Command }) => texts(Names).includes(name) && texts(Command)[0] === 'storage');
  return left === undefined ? undefined : text(left.Id);
}

/** Never by force: a container of another database that runs on this storage is mounted, and stays. */
async function isCleared({ context, what, signal }: Look, id: string): Promise<boolean> {
  const call = { method: 'DELETE', path: path`/containers/${id}`, idempotent: true } as const;
  const { status } = await context.http.call({ ...call, accept: [404, 409, 500], what, signal });
  return status !== 409 && status !== 500;
}

/** Has the storage learn that a container of ours has another name; the next pass gives it the right one. */
async function isRenamed({ context, what, signal }: Look, { id, name }: Found): Promise<boolean> {
  if (!context.ownIds.has(id)) return false;
  const call = { method: 'POST', path: path`/containers/${id}/rename`, query: { name: `${name}-x` } } as const;
  const { status } = await context.http.call({ ...call, accept: [404, 409, 500], what, signal });
  return status !== 404 && status !== 409 && status !== 500;
}

async function exists({ context, what, signal }: Look, name: string): Promise<boolean> {
  const call = { method: 'GET', path: path`/pods/${name}/exists`, accept: [404], what, signal } as const;
  return (await context.http.call(call)).status !== 404;
}

/** The engine's own words. */
function wordsOf({ message }: EngineError): string {
  return message.slice(message.indexOf(': ') + 2);
}
