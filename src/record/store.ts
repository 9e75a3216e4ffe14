import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { removeDurably, removeStale, writeDurably } from '../durable.ts';
import { type Key, keyParts } from '../model/key.ts';
import type { RecordPatch } from '../model/plan.ts';
import { type PodRecord, recordVersion } from '../model/record.ts';
import { emptyRecord, mergeRecord } from './merge.ts';
import { refuseNewer, StateError } from './newer.ts';
import type { Records } from './records.ts';

/** The part of a log that the store needs. */
export interface Warner {
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface FileRecordsOptions {
  /** What records say of where their pods come from: an absolute directory, or a list of paths. Default: nothing. */
  readonly source?: string;
}

/**
 * Records as files `pods/KIND_NAMESPACE_NAME.json` below the state directory, readable by the owner alone. Writes to
 * one key wait for each other within this process; between processes the place that an agent holds keeps them apart.
 */
export function fileRecords(stateDir: string, log: Warner, opts: FileRecordsOptions = {}): Records {
  const { source = '' } = opts;
  const directory = join(stateDir, 'pods');
  const inTurn = turns<Key>();
  const seen: Seen = new Map();
  const unsaved = new Map<Key, PodRecord>();
  const change = (key: Key, declaredBy: Key, to: (record: PodRecord) => PodRecord): Promise<void> =>
    inTurn(key, async () => {
      const path = join(directory, fileName(key));
      const before = unsaved.get(key) ?? (await readRecord(path, key, log)) ?? emptyRecord(key, declaredBy, source);
      await save(path, to(before));
      unsaved.delete(key);
    });
  const write = (key: Key, patch: RecordPatch): Promise<void> =>
    change(key, patch.applied?.declaredBy ?? patch.waits?.declaredBy ?? key, record =>
      mergeRecord(record, patch, source),
    );
  /** Counts of restarts come before the restart: a disk that is full must not prevent it, nor make its back-off forget. */
  const count = (key: Key, patch: RecordPatch): Promise<void> =>
    write(key, patch).catch(async (error: unknown) => {
      if (!isFull(error)) throw error;
      const before = unsaved.get(key) ?? (await readRecord(join(directory, fileName(key)), key, log));
      if (before === undefined) throw error;
      if (!unsaved.has(key)) log.warn('no space to note restarts: they are counted in memory', { key, directory });
      unsaved.set(key, mergeRecord(before, patch, source));
    });
  return {
    load: async () => {
      for (const key of unsaved.keys()) await write(key, {}).catch(() => undefined);
      return new Map([...(await loadAll(directory, seen, log)), ...unsaved]);
    },
    write: (key, patch) => (patch.applied === undefined && patch.uid === undefined ? count : write)(key, patch),
    fail: (pod, declaredBy, failure) => change(pod, declaredBy, record => ({ ...record, declaredBy, failure })),
    remove: pod =>
      inTurn(pod, async () => {
        await removeDurably(join(directory, fileName(pod)));
        unsaved.delete(pod);
      }),
  };
}

function save(path: string, record: PodRecord): Promise<void> {
  return writeDurably(path, `${JSON.stringify(record, undefined, 1)}\n`);
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

/** Runs work of one key one after the other, whatever became of the work before. */
function turns<K>(): (key: K, work: () => Promise<void>) => Promise<void> {
  const last = new Map<K, Promise<void>>();
  return (key, work) => {
    const mine = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, mine);
    const forget = (): void => {
      if (last.get(key) === mine) last.delete(key);
    };
    mine.then(forget, forget);
    return mine;
  };
}

/** NAME_MAX is 255 bytes; the temporary file's name is longer than the file's. */
const nameLimit = 200;

/** `_` cannot occur in a kind, namespace or name; one too long ends in a hash of the key. */
function fileName(key: Key): string {
  const { kind, namespace, name } = keyParts(key);
  const plain = [kind, namespace, name].map(encodeURIComponent).join('_');
  if (plain.length <= nameLimit) return `${plain}.json`;
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return `${plain.slice(0, nameLimit - 17)}~${hash}.json`;
}

/** Records as last read, by path, each with the stat that it had then: every pass loads them, and few have changed. */
type Seen = Map<string, { readonly stamp: string; readonly record: PodRecord }>;

async function loadAll(directory: string, seen: Seen, log: Warner): Promise<ReadonlyMap<Key, PodRecord>> {
  const records = new Map<Key, PodRecord>();
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await removeStale(directory, Date.now());
    for (const name of readdirSync(directory).sort()) {
      if (!name.endsWith('.json') || name.startsWith('.')) continue;
      const path = join(directory, name);
      const record = readSeen(path, seen) ?? (await readRecord(path, undefined, log));
      if (record !== undefined) records.set(record.key, record);
    }
  } catch (error) {
    if (error instanceof StateError) throw error;
    log.warn('cannot read the records: history is lost, pods are not touched for it', {
      directory,
      error: said(error),
    });
  }
  return records;
}

/**
 * A sound record, from memory where its file did not change. Synchronous: a small file of our own is read in a
 * hundredth of the time that a turn through Node's thread pool takes. Whatever is unsound is left to the caller.
 */
function readSeen(path: string, seen: Seen): PodRecord | undefined {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    const stamp = `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    const known = seen.get(path);
    if (known?.stamp === stamp) return known.record;
    const record = parse(readFileSync(path, 'utf8'));
    if (record === undefined || !path.endsWith(`/${fileName(record.key)}`)) return undefined;
    seen.set(path, { stamp, record });
    return record;
  } catch {
    return undefined;
  }
}

/**
 * One record; undefined where there is none or it is lost. `key` is the one expected; undefined takes the file's own.
 *
 * @throws StateError `STATE_NEWER`
 */
async function readRecord(path: string, key: Key | undefined, log: Warner): Promise<PodRecord | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isMissing(error)) log.warn('cannot read a record: it counts as lost', { path, error: said(error) });
    return undefined;
  }
  refuseNewer(path, json(text), recordVersion);
  const record = parse(text);
  const fits = record !== undefined && path.endsWith(`/${fileName(record.key)}`) && (key ?? record.key) === record.key;
  if (fits) return record;
  const aside = path.replace(/\.json$/, '.lost');
  log.warn('a record is damaged or of another version: it counts as lost and was moved aside', { path, aside });
  await rename(path, aside).catch((error: unknown) => {
    log.warn('cannot move a damaged record aside', { path, error: said(error) });
  });
  return undefined;
}

function parse(text: string): PodRecord | undefined {
  const value = json(text);
  return isRecord(value) ? withAbsent(value) : undefined;
}

/** Undefined where it is none. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Checks what the rest of the program would trip over; everything else was written by us. */
function isRecord(value: unknown): value is PodRecord {
  if (!isObject(value)) return false;
  const { version, key, declaredBy, containers, history, origin, uid, revision, applied, failure } = value;
  const keys = [key, declaredBy].every(part => typeof part === 'string' && /^[^/]+\/[^/]*\/[^/]+$/.test(part));
  const plain = isText(revision) && (uid === undefined || isText(uid)) && isObject(origin);
  return (
    version === recordVersion &&
    keys &&
    plain &&
    isObject(containers) &&
    Object.values(containers).every(isObject) &&
    Array.isArray(history) &&
    history.every(isObject) &&
    (applied === undefined || (isObject(applied) && isObject(applied.containers))) &&
    (failure === undefined || isFailureRecord(failure))
  );
}

function isFailureRecord(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { message, count, atMs, fingerprint } = value;
  return isText(message) && isText(fingerprint) && typeof count === 'number' && typeof atMs === 'number';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** JSON has no undefined: members that were are absent, and come back as undefined. */
function withAbsent(record: PodRecord): PodRecord {
  const containers = Object.entries(record.containers).map(([name, container]) => [
    name,
    { ...container, secretDigest: container.secretDigest, resources: container.resources },
  ]);
  const { uid, applied, failure } = record;
  return { ...record, uid, applied, failure, containers: Object.fromEntries(containers) };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
