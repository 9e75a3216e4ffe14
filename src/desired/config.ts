import type { V1ConfigMap, V1Secret } from '@kubernetes/client-node';
import type { KubeObject } from '../manifest/object.ts';
import type { Key } from '../model/key.ts';
import { keyOf } from '../model/key.ts';
import { type Sealed, seal } from '../model/sealed.ts';
import { report, type Scope } from './scope.ts';

/** The data of a ConfigMap or Secret: bytes by key, sealed alike so that nothing downstream can tell them apart by mistake. */
export interface ConfigData {
  readonly key: Key;
  readonly secret: boolean;
  readonly type: string | undefined;
  readonly entries: ReadonlyMap<string, Sealed<Uint8Array>>;
  /** Keys that cannot become environment variables: those of `binaryData` (as in the kubelet). */
  readonly binary: ReadonlySet<string>;
}

/** Reads the data of a ConfigMap; `binaryData` is base64. */
export function configMapData(key: Key, object: V1ConfigMap): ConfigData {
  const text = Object.entries(object.data ?? {}).map(([name, value]) => [name, Buffer.from(value, 'utf8')] as const);
  const binary = Object.entries(object.binaryData ?? {}).map(
    ([name, value]) => [name, Buffer.from(value, 'base64')] as const,
  );
  const keys = new Set(binary.map(([name]) => name));
  return { key, secret: false, type: undefined, entries: sealedEntries([...text, ...binary]), binary: keys };
}

/** Reads the data of a Secret; `stringData` wins over `data`, as in the API server. */
export function secretData(key: Key, object: V1Secret): ConfigData {
  const data = Object.entries(object.data ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')] as const);
  const plain = Object.entries(object.stringData ?? {}).map(
    ([name, value]) => [name, Buffer.from(value, 'utf8')] as const,
  );
  return { key, secret: true, type: object.type, entries: sealedEntries([...data, ...plain]), binary: new Set() };
}

/** Every ConfigMap and Secret among the objects, by key; those that are in `known` are taken from there. */
export function configsOf(
  objects: readonly KubeObject[],
  known: WeakMap<KubeObject, ConfigData>,
): ReadonlyMap<string, ConfigData | 'broken'> {
  const configs = new Map<string, ConfigData | 'broken'>();
  for (const object of objects) {
    if (object.kind !== 'ConfigMap' && object.kind !== 'Secret') continue;
    if (!object.usable) {
      // Its shape may be anything.
      configs.set(object.key, 'broken');
      continue;
    }
    const data = known.get(object) ?? dataOf(object);
    known.set(object, data);
    configs.set(object.key, data);
  }
  return configs;
}

function dataOf(object: Extract<KubeObject, { kind: 'ConfigMap' | 'Secret' }>): ConfigData {
  return object.kind === 'ConfigMap' ? configMapData(object.key, object.object) : secretData(object.key, object.object);
}

/** A reference from a pod to a ConfigMap or Secret of its namespace. */
export interface ConfigReference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly optional: boolean;
  /** Where the reference stands, as a JSON pointer. */
  readonly pointer: string;
}

/** Finds what a reference names; reports it where it is missing and not optional. */
export function lookUp(reference: ConfigReference, scope: Scope): ConfigData | undefined {
  const key = keyOf(reference.kind, scope.object.namespace, reference.name);
  const found = scope.configs.get(key);
  if (found === 'broken') {
    report(scope, reference.pointer, 'REFERENCE_UNSUPPORTED', `Cannot use '${key}': it has errors of its own`);
    return undefined;
  }
  if (found === undefined && !reference.optional) {
    report(scope, reference.pointer, 'REFERENCE_UNSUPPORTED', `Cannot find '${key}' in the source`, {
      hint: `Add a ${reference.kind} named '${reference.name}' in namespace '${scope.object.namespace}', or set optional: true`,
    });
  }
  return found;
}

/** Finds one key of what a reference names; reports it where it is missing and not optional. */
export function lookUpKey(reference: ConfigReference, name: string, scope: Scope): Sealed<Uint8Array> | undefined {
  const data = lookUp(reference, scope);
  const value = data?.binary.has(name) ? undefined : data?.entries.get(name);
  if (data !== undefined && value === undefined && !reference.optional) {
    const known =
      [...data.entries.keys()]
        .filter(each => !data.binary.has(each))
        .map(each => `'${each}'`)
        .join(', ') || 'none';
    report(scope, reference.pointer, 'REFERENCE_UNSUPPORTED', `Cannot find key '${name}' in '${data.key}'`, {
      hint: `Its keys are: ${known}`,
    });
  }
  return value;
}

function sealedEntries(entries: readonly (readonly [string, Uint8Array])[]): ReadonlyMap<string, Sealed<Uint8Array>> {
  return new Map(entries.map(([name, bytes]) => [name, seal(bytes)]));
}
