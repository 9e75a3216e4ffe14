import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncPath } from '../durable.ts';
import { EngineError, type Signalled } from '../engine/engine.ts';
import type { DesiredFiles, DesiredPod } from '../model/desired.ts';
import { type Digest, keyParts } from '../model/key.ts';
import type { ActionOf } from '../model/plan.ts';
import { isSealed } from '../model/sealed.ts';
import type { Context } from './context.ts';
import { giveToGroup } from './ownership.ts';
import { fillIn } from './runtime-text.ts';

/**
 * The directories of ConfigMap and Secret volumes, laid out as the kubelet's atomic writer does it:
 *
 *     STATE/files/UID/VOLUME/..DIGEST/key     a generation
 *     STATE/files/UID/VOLUME/..data → ..DIGEST
 *     STATE/files/UID/VOLUME/key → ..data/key
 *
 * One rename of `..data` changes all files at once, for containers that run too, because the directory is mounted as
 * a whole. The parents are 0700; what is below is open, as users in containers are not ours. With an fsGroup it is the
 * group's to read.
 */
export function filesDirectory(stateDir: string, uid: string, volume: string): string {
  return join(podDirectory(stateDir, uid), volume);
}

function podDirectory(stateDir: string, uid: string): string {
  if (!/^[\w.-]+$/.test(uid) || /^\.+$/.test(uid))
    throw new EngineError('REFUSED', `Cannot use uid "${uid}" as a directory`);
  return join(stateDir, 'files', uid);
}

/** Makes the files of one volume as desired; a reader sees the old ones or the new ones, never a mixture. */
export async function writeFiles(
  context: Context,
  action: ActionOf<'writeFiles'>,
  { signal }: Signalled,
): Promise<void> {
  const { pod, uid, files } = action;
  const parent = podDirectory(context.stateDir, uid);
  const dir = filesDirectory(context.stateDir, uid, files.name);
  signal.throwIfAborted();
  try {
    await makeDirectory(parent, 0o700);
    await makeDirectory(dir, 0o755);
    await swap(dir, files, { pod, uid, signal });
  } catch (error) {
    throw diskFailure(error, `Cannot write the files of ${files.from} to "${dir}"`);
  }
}

/** Whose files they are. */
interface Owner extends Signalled {
  readonly pod: DesiredPod;
  readonly uid: string;
}

/** As mkdir -p, several at once too. Node's own says ENOENT of a disk that is full (20.20). */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  const isThere = await makeOne(path, mode);
  if (isThere) return;
  await makeDirectory(dirname(path), 0o700);
  await makeOne(path, mode);
}

/** @returns whether it is there now; it is not where its parent is missing */
async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return true;
    if (code === 'ENOENT') return false;
    throw error;
  }
}

async function swap(dir: string, files: DesiredFiles, owner: Owner): Promise<void> {
  const generation = `..${files.digest}`;
  if ((await currentDigest(dir)) !== files.digest) {
    // A generation of that name which `..data` does not name was left half-written by a crash.
    await rm(join(dir, generation), { recursive: true, force: true });
    await writeGeneration(join(dir, generation), files, owner);
    const { gid } = owner.pod.fsGroup ?? {};
    if (gid !== undefined) await giveToGroup(join(dir, generation), gid, 'read', owner);
    await replaceLink(generation, join(dir, '..data'));
    await syncPath(dir);
  }
  await linkKeys(dir, files);
  await syncPath(dir);
  await removeOthers(dir, generation);
}

async function writeGeneration(dir: string, files: DesiredFiles, { pod, uid, signal }: Owner): Promise<void> {
  const blanks = { podName: keyParts(pod.key).name, uid, host: { name: '', addresses: [] }, podAddress: undefined };
  const dirs = new Set([dir]);
  await mkdir(dir, { mode: 0o755 });
  for (const { path, mode, content } of files.entries) {
    signal.throwIfAborted();
    const file = join(dir, path);
    if (!file.startsWith(`${dir}/`))
      throw new EngineError('PATH_UNSAFE', `Cannot write "${path}" of ${files.from}: it leaves its volume`);
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    for (let up = dirname(file); up !== dir; up = dirname(up)) dirs.add(up);
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(isSealed(content) ? content.reveal() : fillIn(content, blanks));
      // Set once written and not through open's mode, which the umask narrows.
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  for (const one of dirs) await syncPath(one);
}

async function linkKeys(dir: string, files: DesiredFiles): Promise<void> {
  const tops = new Set(files.entries.map(({ path }) => path.split('/')[0] ?? path));
  for (const top of tops) {
    if ((await readlink(join(dir, top)).catch(() => undefined)) !== join('..data', top)) {
      await replaceLink(join('..data', top), join(dir, top));
    }
  }
  for (const name of await readdir(dir))
    if (!name.startsWith('..') && !tops.has(name)) await rm(join(dir, name), { recursive: true });
}

async function removeOthers(dir: string, generation: string): Promise<void> {
  const stale = (await readdir(dir)).filter(name => name.startsWith('..') && name !== '..data' && name !== generation);
  for (const name of stale) await rm(join(dir, name), { recursive: true, force: true });
}

async function replaceLink(target: string, link: string): Promise<void> {
  const made = join(dirname(link), `..new-${randomBytes(4).toString('hex')}`);
  await symlink(target, made);
  await rename(made, link);
}

/** Removes the files of a pod that is gone. */
export async function removeFiles(context: Context, uid: string): Promise<void> {
  const dir = podDirectory(context.stateDir, uid);
  await rm(dir, { recursive: true, force: true }).catch((error: unknown) => {
    throw diskFailure(error, `Cannot remove the files in "${dir}"`);
  });
}

/** Digests of the files on disk, by a pod's uid and by its volume's name. */
export type FileDigests = ReadonlyMap<string, ReadonlyMap<string, Digest>>;

/** What stands of files, of every pod that has any. A volume whose files are not whole is left out. */
export async function readFileDigests(stateDir: string): Promise<FileDigests> {
  const uids = (await readdir(join(stateDir, 'files')).catch(noneThere)).sort();
  return new Map(
    await Promise.all(uids.map(async uid => [uid, await digestsOf(join(stateDir, 'files', uid))] as const)),
  );
}

async function digestsOf(dir: string): Promise<ReadonlyMap<string, Digest>> {
  const found = new Map<string, Digest>();
  for (const volume of (await readdir(dir).catch(noneThere)).sort()) {
    if (volume.startsWith('..')) continue;
    const digest = await currentDigest(join(dir, volume));
    if (digest !== undefined) found.set(volume, digest);
  }
  return found;
}

async function currentDigest(dir: string): Promise<Digest | undefined> {
  const generation = await readlink(join(dir, '..data')).catch(() => '');
  const whole =
    /^\.\.[^/]+$/.test(generation) && (await lstat(join(dir, generation)).catch(() => undefined))?.isDirectory();
  return whole === true ? generation.slice(2) : undefined;
}

function noneThere(error: unknown): string[] {
  if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return [];
  throw diskFailure(error, 'Cannot look at the files of ConfigMaps and Secrets');
}

function diskFailure(error: unknown, what: string): unknown {
  const code = codeOf(error);
  if (error instanceof EngineError || code === '') return error;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const hint = full ? 'Free space' : 'See that the state directory can be written';
  const reason = error instanceof Error ? error.message : code;
  return new EngineError(full ? 'DISK_FULL' : 'ENGINE_ERROR', `${what}: ${reason}`, {
    hint,
    transient: true,
    cause: error,
  });
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
