import type {
  V1DownwardAPIVolumeFile,
  V1KeyToPath,
  V1ObjectFieldSelector,
  V1ResourceFieldSelector,
  V1Volume,
  V1VolumeProjection,
} from '@kubernetes/client-node';
import { digest } from '../manifest/canon.ts';
import type { DesiredFile, DesiredFiles } from '../model/desired.ts';
import { keyOf, keyParts } from '../model/key.ts';
import { isSealed, seal } from '../model/sealed.ts';
import type { Blank, RuntimeText } from '../model/text.ts';
import { type ConfigData, lookUp } from './config.ts';
import { fieldValue, mapText, resourceValue, type Speaker } from './downward.ts';
import { report, type Scope } from './scope.ts';

/** Files get this mode where neither the volume nor the item says otherwise (Kubernetes API default). */
const defaultMode = 0o644;

/** Files, and what they come from: keys of objects, for people and for the canonical form. */
interface Found {
  readonly from: readonly string[];
  readonly secret: boolean;
  readonly entries: readonly DesiredFile[];
}

/** Where a volume's source stands, and whose it is. */
interface Place {
  readonly pod: Speaker;
  readonly scope: Scope;
}

/** The files of a configMap, secret, projected or downwardAPI volume; undefined where it is none, or one is missing, which is reported. */
export function resolveFiles(volume: V1Volume, pointer: string, pod: Speaker, scope: Scope): DesiredFiles | undefined {
  const { name, configMap, secret, projected, downwardAPI } = volume;
  const place = { pod, scope };
  const mode = (configMap ?? secret ?? projected ?? downwardAPI)?.defaultMode ?? defaultMode;
  if (projected !== undefined) {
    const all = (projected.sources ?? []).map((source, i) =>
      sourceFiles(source, mode, `${pointer}/projected/sources/${i}`, place),
    );
    const found = all.filter(each => each !== undefined);
    return found.length < all.length ? undefined : filesOf(name, joined(found));
  }
  const source: V1VolumeProjection = {
    ...(configMap && { configMap }),
    ...(secret && { secret: { ...secret, ...(secret.secretName !== undefined && { name: secret.secretName }) } }),
    ...(downwardAPI && { downwardAPI }),
  };
  const found = sourceFiles(source, mode, pointer, place);
  return found && filesOf(name, found);
}

function filesOf(name: string, { from, secret, entries }: Found): DesiredFiles {
  const sorted = entries.toSorted(byPath);
  const contents = sorted.map(({ path, mode, content }) => [
    path,
    mode,
    isSealed(content) ? Buffer.from(content.reveal()).toString('base64') : content,
  ]);
  return { type: 'files', name, from: from.join(', '), secret, digest: digest(contents), entries: sorted };
}

/** Of two files with one path the later one stands, as in the kubelet. */
function joined(all: readonly Found[]): Found {
  const entries = new Map(
    all.flatMap(({ secret, entries }) => entries.map(entry => [entry.path, { ...entry, secret }] as const)),
  );
  return {
    from: [...new Set(all.flatMap(found => found.from))],
    secret: all.some(found => found.secret),
    entries: [...entries.values()],
  };
}

function sourceFiles(source: V1VolumeProjection, mode: number, pointer: string, place: Place): Found | undefined {
  const { configMap, secret, downwardAPI } = source;
  const { scope, pod } = place;
  if (downwardAPI !== undefined) {
    const files = (downwardAPI.items ?? []).map((item, i) =>
      downwardFile(item, mode, `${pointer}/downwardAPI/items/${i}`, place),
    );
    const entries = files.filter(file => file !== undefined);
    return entries.length < files.length ? undefined : { from: [scope.object.key], secret: false, entries };
  }
  const kind = secret === undefined ? 'ConfigMap' : 'Secret';
  const { name = '', optional = false, items } = secret ?? configMap ?? { optional: true };
  if (secret === undefined && configMap === undefined) return { from: [], secret: false, entries: [] };
  const where = `${pointer}/${kind === 'Secret' ? 'secret' : 'configMap'}`;
  const data = lookUp({ kind, name, optional, pointer: where }, scope);
  if (data === undefined && !optional) return undefined;
  return {
    from: [keyOf(kind, pod.namespace, name)],
    secret: kind === 'Secret',
    entries: data === undefined ? [] : selectEntries(data, { items, mode, optional }, where, scope),
  };
}

function selectEntries(
  data: ConfigData,
  opts: { readonly items: readonly V1KeyToPath[] | undefined; readonly mode: number; readonly optional: boolean },
  pointer: string,
  scope: Scope,
): readonly DesiredFile[] {
  const { items, mode, optional } = opts;
  const from = (key: string): Pick<DesiredFile, 'configMap'> =>
    data.secret ? {} : { configMap: { name: keyParts(data.key).name, key } };
  if (items === undefined) return [...data.entries].map(([path, content]) => ({ path, mode, content, ...from(path) }));
  const chosen: DesiredFile[] = [];
  for (const [index, item] of items.entries()) {
    const content = data.entries.get(item.key);
    if (content !== undefined) chosen.push({ path: item.path, content, mode: item.mode ?? mode, ...from(item.key) });
    else if (!optional) {
      const hint = `Its keys are: ${[...data.entries.keys()].map(key => `'${key}'`).join(', ') || 'none'}`;
      const message = `Cannot find key '${item.key}' in '${data.key}'`;
      report(scope, `${pointer}/items/${index}`, 'REFERENCE_UNSUPPORTED', message, { hint });
    }
  }
  return chosen;
}

function downwardFile(
  { path, mode, fieldRef, resourceFieldRef }: V1DownwardAPIVolumeFile,
  standard: number,
  pointer: string,
  place: Place,
): DesiredFile | undefined {
  const value =
    resourceFieldRef === undefined
      ? fieldText(fieldRef, place.pod)
      : resourceText(resourceFieldRef, `${pointer}/resourceFieldRef`, place);
  return value === undefined ? undefined : { path, mode: mode ?? standard, content: contentOf(value) };
}

function fieldText(fieldRef: V1ObjectFieldSelector | undefined, pod: Speaker): string | Blank {
  const path = fieldRef?.fieldPath ?? '';
  if (path === 'metadata.labels') return mapText(pod.metadata?.labels);
  if (path === 'metadata.annotations') return mapText(pod.metadata?.annotations);
  return fieldValue(path, pod);
}

function resourceText(selector: V1ResourceFieldSelector, pointer: string, place: Place): string | Blank | undefined {
  const { containerName = '', resource } = selector;
  const { spec } = place.pod;
  const named = [...(spec.initContainers ?? []), ...spec.containers].find(({ name }) => name === containerName);
  const value = named && resourceValue(selector, named.resources ?? {});
  if (value !== undefined) return value;
  const what =
    named === undefined ? `there is no container '${containerName}'` : `this host does not count '${resource}'`;
  report(place.scope, pointer, 'FIELD_VALUE', `Cannot write it into a file: ${what}`);
  return undefined;
}

function contentOf(value: string | Blank): DesiredFile['content'] {
  return typeof value === 'string' ? seal(Buffer.from(value, 'utf8')) : ({ parts: [value] } satisfies RuntimeText);
}

function byPath(a: DesiredFile, b: DesiredFile): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
