import { chmod, readdir, stat } from 'node:fs/promises';
import { getgid, getuid } from 'node:process';
import { EngineError, type Signalled } from '../engine/engine.ts';
import type { ActualVolume } from '../model/actual.ts';
import type { DesiredVolume } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import { labels } from '../model/labels.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { asWhole, filled } from './fill-volume.ts';
import { list, record, text, textRecord, type Unread } from './json.ts';
import { path } from './query.ts';

/** The answer of `volumes/json`, by name. @param filling names of those that are filled in part */
export function readVolumes(
  volumes: readonly Unread[],
  filling: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, ActualVolume> {
  const half = (name: string): Pick<ActualVolume, 'halfFilled'> => (filling.has(name) ? { halfFilled: true } : {});
  return new Map(volumes.map(readVolume).map(volume => [volume.name, { ...volume, ...half(volume.name) }]));
}

function readVolume(value: Unread): ActualVolume {
  const volume = record(value);
  const found = textRecord(volume.Labels);
  const owner = found[labels.owner];
  const ours = owner === undefined ? {} : found;
  return { name: text(volume.Name), owner, key: ours[labels.key] as Key | undefined, uid: ours[labels.uid] };
}

/**
 * Makes the volume of a claim, and fills it; one of ours by that name is the work already done.
 *
 * @throws EngineError `NAME_TAKEN` where the volume is somebody else's, `REFUSED` where it cannot be filled
 */
export async function createVolume(
  context: Context,
  action: ActionOf<'createVolume'>,
  { signal }: Signalled,
): Promise<void> {
  const { engineName: name, importSource: source } = action.volume;
  const make = (): Promise<void> => makeClaim(context, action.volume, signal);
  if (source === undefined) {
    await make();
    return asWhole(context.stateDir, name);
  }
  await filled({ stateDir: context.stateDir, name, source }, make, () => mountpointOf(context, name, signal), signal);
}

async function mountpointOf(context: Context, name: string, signal: AbortSignal): Promise<string> {
  const found = await inspectVolume(context, name, signal);
  if (found !== undefined) return found.mountpoint;
  throw new EngineError('GONE', `Volume "${name}" is not there any more`, { transient: true });
}

async function makeClaim(context: Context, claim: DesiredVolume, signal: AbortSignal): Promise<void> {
  const { key, engineName, labels: own, driver, options } = claim;
  const tags = { ...own, [labels.owner]: context.owner, [labels.key]: key };
  const isPlain = driver === undefined && Object.keys(options).length === 0;
  await makeVolume(context, { name: engineName, labels: tags, driver, options: isPlain ? ofRoot : options }, signal);
  if (isPlain) await openVolume(context, engineName, signal);
}

/** Without them the engine gives a new volume to the user and the mode of the first container that mounts it. */
const ofRoot = { o: 'uid=0,gid=0' };

/**
 * Lets everybody write into a new volume, as provisioners of local volumes in clusters do: whoever a pod runs as, it is
 * the volume's only user. Whatever holds files, or has an owner or mode of its own, stays as it is.
 *
 * @throws EngineError where its directory is not ours to change
 */
export async function openVolume(context: Context, name: string, signal: AbortSignal): Promise<void> {
  const found = await inspectVolume(context, name, signal);
  if (found === undefined) return;
  try {
    const { uid, gid, mode } = await stat(found.mountpoint);
    const isNew = uid === (getuid?.() ?? 0) && gid === (getgid?.() ?? 0) && (mode & 0o7777) === 0o755;
    if (isNew && (await readdir(found.mountpoint)).length === 0) await chmod(found.mountpoint, 0o777);
  } catch (error) {
    throw unopened(name, error);
  }
}

/** Why the directory of a volume could not be opened to its pod. */
export function unopened(name: string, error: unknown): EngineError {
  const why = error instanceof Error ? error.message : String(error);
  return new EngineError('ENGINE_ERROR', `Cannot open volume "${name}" to its pod: ${why}`, {
    hint: 'Run where the engine runs, as the same user',
    transient: true,
    cause: error,
  });
}

interface NewVolume {
  readonly name: string;
  /** The engine's own when undefined. */
  readonly driver?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Makes a volume; one of ours for the same object is the work already done.
 *
 * @throws EngineError `NAME_TAKEN` where it is somebody else's
 */
export async function makeVolume(context: Context, volume: NewVolume, signal: AbortSignal): Promise<void> {
  const what = `Cannot create volume "${volume.name}"`;
  const { driver } = volume;
  const body = { Name: volume.name, Labels: volume.labels, Options: volume.options, ...(driver && { Driver: driver }) };
  try {
    await context.http.call({ method: 'POST', path: '/volumes/create', body, what, signal });
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'NAME_TAKEN') throw error;
    const found = await inspectVolume(context, volume.name, signal);
    if (found?.owner === context.owner && found.key === volume.labels[labels.key]) return;
    throw new EngineError(
      'NAME_TAKEN',
      `${what}: a volume of that name is there already, and is ${ownerWords(found?.owner)}`,
      {
        hint: `Remove it with "podman volume rm ${volume.name}", or rename the claim`,
        cause: error,
      },
    );
  }
}

function ownerWords(owner: string | undefined): string {
  return owner === undefined ? 'not ours' : `of owner "${owner}"`;
}

/** A volume with the directory that holds its data. */
export interface VolumeOnHost extends ActualVolume {
  readonly mountpoint: string;
  /** A directory of the engine's own, not one of the host or of another machine behind it. */
  readonly isPlain: boolean;
  /** Made with a container, in whose removal it goes. */
  readonly isAnonymous: boolean;
}

/** One volume; undefined where there is none. */
export async function inspectVolume(
  context: Context,
  name: string,
  signal: AbortSignal,
): Promise<VolumeOnHost | undefined> {
  const what = `Cannot look at volume "${name}"`;
  const { status, body } = await context.http.call({
    method: 'GET',
    path: path`/volumes/${name}/json`,
    accept: [404],
    what,
    signal,
  });
  if (status === 404) return undefined;
  const { Mountpoint, Driver, Options, Anonymous } = record(body);
  const isPlain =
    text(Driver) === 'local' && ['', ofRoot.o].includes(text(record(Options).o)) && !record(Options).device;
  return { ...readVolume(body), mountpoint: text(Mountpoint), isPlain, isAnonymous: Anonymous === true };
}

/**
 * Removes a volume of ours with its data. Never by force, which would remove the containers that use it.
 *
 * @throws EngineError `REFUSED` where it is not of that owner, `IN_USE`
 */
export async function removeVolume(
  context: Context,
  action: ActionOf<'removeVolume'>,
  { signal }: Signalled,
): Promise<void> {
  const { name, owner } = action;
  const found = await inspectVolume(context, name, signal);
  if (found === undefined) return;
  const what = `Cannot remove volume "${name}"`;
  if (found.owner !== owner || owner !== context.owner) {
    throw new EngineError('REFUSED', `${what}: it is ${ownerWords(found.owner)}`, {
      hint: `Remove it with "podman volume rm ${name}"`,
    });
  }
  await context.http.call({
    method: 'DELETE',
    path: path`/volumes/${name}`,
    accept: [404],
    idempotent: true,
    what,
    signal,
  });
}

/** Removes the emptyDir volumes of a pod that is gone. */
export async function removeEmptyDirs(context: Context, uid: string, signal: AbortSignal): Promise<void> {
  const filters = { label: [`${labels.owner}=${context.owner}`, `${labels.uid}=${uid}`] };
  const what = 'Cannot look at the volumes';
  const { body } = await context.http.call({ method: 'GET', path: '/volumes/json', query: { filters }, what, signal });
  // 4.3 ORs the values of a label filter of volumes: look at each.
  const ours = list(body)
    .map(readVolume)
    .filter(volume => volume.owner === context.owner && volume.uid === uid);
  await Promise.all(
    ours.map(({ name }) => removeVolume(context, { verb: 'removeVolume', name, owner: context.owner }, { signal })),
  );
}
