import type { CanonicalPod, Json } from '../model/desired.ts';
import { type Key, keyOf, keyParts } from '../model/key.ts';
import { type Fields, fields, given, items, member, some, text } from './json.ts';
import { nameOf } from './metadata.ts';
import type { Remarks } from './remarks.ts';

/** A pod with the files that it has. */
interface Holder {
  readonly declaredBy: Key;
  readonly pod: CanonicalPod;
  /** By `VOLUME/PATH`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The keys of a ConfigMap; undefined where one cannot be told. */
type Data = Map<string, Uint8Array> | undefined;

/**
 * The ConfigMaps that pods have as files, sorted, with the keys that stand there. Of one that cannot be told whole
 * nothing is written: a part of it would take files away.
 */
export function configMapsOf(pods: readonly Holder[], remarks: Remarks): readonly Fields[] {
  const found = new Map<Key, Data>();
  for (const holder of pods) collect(holder, found, remarks);
  const sorted = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sorted.flatMap(([key, data]) => {
    if (data !== undefined) return [objectOf(key, data)];
    remarks.add(key, 'is needed, and cannot be told from what stands on disk; keep it beside this file');
    return [];
  });
}

function collect({ declaredBy, pod, files }: Holder, found: Map<Key, Data>, remarks: Remarks): void {
  const { namespace } = keyParts(declaredBy);
  const keyOfMap = (name: string): Key => keyOf('ConfigMap', namespace, name);
  for (const name of wantedIn(pod)) if (!found.has(keyOfMap(name))) found.set(keyOfMap(name), new Map());
  for (const name of guessedIn(pod)) found.set(keyOfMap(name), undefined);
  for (const [volume, origins] of Object.entries(fields(member(pod.inPlace, 'files')))) {
    for (const [path, origin] of Object.entries(fields(origins))) {
      const key = keyOfMap(text(member(origin, 'name')) ?? '');
      const bytes = files.get(`${volume}/${path}`);
      const data = found.has(key) ? found.get(key) : new Map<string, Uint8Array>();
      found.set(key, bytes === undefined ? undefined : data && withKey(data, text(member(origin, 'key')) ?? '', bytes));
      if (bytes !== undefined && data !== undefined && found.get(key) === undefined)
        remarks.add(key, 'its pods have different contents of it; apply it once more');
    }
  }
}

/** Undefined where the key has other contents already. */
function withKey(data: Map<string, Uint8Array>, key: string, bytes: Uint8Array): Data {
  const known = data.get(key);
  return known === undefined || Buffer.compare(known, bytes) === 0 ? data.set(key, bytes) : undefined;
}

/** The ConfigMaps without which the pod's volumes are refused. */
function wantedIn({ inPlace }: CanonicalPod): readonly string[] {
  const sources = Object.values(fields(member(inPlace, 'volumes'))).flatMap(volume => [
    volume,
    ...items(member(member(volume, 'projected'), 'sources')),
  ]);
  const maps = sources.flatMap(source => member(source, 'configMap') ?? []);
  return maps.filter(map => member(map, 'optional') !== true).flatMap(map => text(member(map, 'name')) ?? []);
}

/** Those of volumes of which an older version kept nothing but the names. */
function guessedIn({ containers, inPlace }: CanonicalPod): readonly string[] {
  const mounts = Object.values(containers).flatMap(container => Object.values(fields(member(container, 'mounts'))));
  const unknown = mounts.filter(
    mount => member(member(inPlace, 'volumes'), text(member(mount, 'volume')) ?? '') === undefined,
  );
  const from = unknown.flatMap(mount => (text(member(member(mount, 'source'), 'files')) ?? '').split(', '));
  return from.flatMap(each => /^ConfigMap\/[^/]*\/(.+)$/.exec(each)?.[1] ?? []);
}

function objectOf(key: Key, data: ReadonlyMap<string, Uint8Array>): Fields {
  const entries = [...data]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, bytes]) => [name, decoded(bytes), bytes] as const);
  const texts = entries.flatMap(([name, value]): [string, Json][] => (value === undefined ? [] : [[name, value]]));
  const binary = entries.flatMap(([name, value, bytes]): [string, Json][] =>
    value === undefined ? [[name, Buffer.from(bytes).toString('base64')]] : [],
  );
  return given({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: nameOf(key),
    data: some(Object.fromEntries(texts)),
    binaryData: some(Object.fromEntries(binary)),
  });
}

/** As text, where it comes back the same; a byte order mark would be dropped. */
function decoded(bytes: Uint8Array): string | undefined {
  const value = Buffer.from(bytes).toString('utf8');
  return Buffer.compare(Buffer.from(value, 'utf8'), bytes) === 0 && !value.includes('\0') ? value : undefined;
}
