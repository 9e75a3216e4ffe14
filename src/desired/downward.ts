import type { V1ObjectMeta, V1PodSpec, V1ResourceFieldSelector, V1ResourceRequirements } from '@kubernetes/client-node';
import { quantityMilli } from '../manifest/quantity.ts';
import type { Blank, RuntimeField } from '../model/text.ts';

/** The pod that speaks of itself. */
export interface Speaker {
  readonly namespace: string;
  readonly metadata: V1ObjectMeta | undefined;
  readonly spec: V1PodSpec;
  /** JSON pointer of its annotations. */
  readonly annotationsAt: string;
}

const runtimeFields: ReadonlySet<string> = new Set<RuntimeField>([
  'metadata.name',
  'metadata.uid',
  'spec.nodeName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);
const subscripted = /^metadata\.(labels|annotations)\['(.*)'\]$/;

/** The value of a `fieldRef` that names one value, or a blank where only the host can tell (Kubernetes: downward API). */
export function fieldValue(path: string, { namespace, metadata, spec }: Speaker): string | Blank {
  if (path === 'metadata.namespace') return namespace;
  if (path === 'spec.serviceAccountName') return spec.serviceAccountName || 'default';
  // An older name that the API still takes.
  const field = path === 'spec.host' ? 'spec.nodeName' : path;
  if (isRuntimeField(field)) return { field };
  const [, map, key = ''] = subscripted.exec(path) ?? [];
  return (map === 'labels' ? metadata?.labels : metadata?.annotations)?.[key] ?? '';
}

function isRuntimeField(path: string): path is RuntimeField {
  return runtimeFields.has(path);
}

/**
 * The value of a `resourceFieldRef`: the amount in units of the divisor, rounded up; where the container sets none, a
 * request follows the limit and a limit is what the host has. Undefined for what the host does not count.
 */
export function resourceValue(
  { resource, divisor }: V1ResourceFieldSelector,
  { limits = {}, requests = {} }: V1ResourceRequirements,
): string | Blank | undefined {
  const [list, amount = ''] = [resource.slice(0, resource.indexOf('.')), resource.slice(resource.indexOf('.') + 1)];
  const divisorMilli = quantityMilli(divisor ?? 0) || 1000;
  const set = list === 'requests' ? (requests[amount] ?? limits[amount]) : limits[amount];
  const milli = set === undefined ? undefined : quantityMilli(set);
  if (milli !== undefined) return String(Math.ceil(milli / divisorMilli));
  if (list === 'requests') return '0';
  return amount === 'cpu' || amount === 'memory' ? { amount, divisorMilli } : undefined;
}

/** All labels or annotations as the text of a file: `key="value"` lines, sorted, with Go's escapes (kubelet, FormatMap). */
export function mapText(map: Readonly<Record<string, string>> = {}): string {
  const keys = Object.keys(map).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return keys.map(key => `${key}=${goQuoted(map[key] ?? '')}`).join('\n');
}

const goEscapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** A string literal of Go (strconv.Quote): what cannot be printed by its number. */
function goQuoted(text: string): string {
  const quoted = text.replaceAll(
    /["\\]|(?! )[\p{C}\p{Z}]/gu,
    found => goEscapes[found] ?? byNumber(found.codePointAt(0) ?? 0),
  );
  return `"${quoted}"`;
}

function byNumber(code: number): string {
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
