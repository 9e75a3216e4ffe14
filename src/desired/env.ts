import type { V1Container, V1EnvFromSource, V1EnvVar } from '@kubernetes/client-node';
import { digest } from '../manifest/canon.ts';
import type { DesiredEnv, Json } from '../model/desired.ts';
import type { Digest } from '../model/key.ts';
import { type Sealed, seal } from '../model/sealed.ts';
import { isRuntimeText, secretsIn } from '../model/text.ts';
import { lookUp, lookUpKey } from './config.ts';
import { fieldValue, resourceValue, type Speaker } from './downward.ts';
import { expand, type Value } from './expand.ts';
import { report, type Scope } from './scope.ts';

/** The environment of a container, resolved. */
export interface Environment {
  readonly env: readonly DesiredEnv[];
  /** For the digest and the diff: values as they will be; Secrets and what only the host can tell stay references. */
  readonly canonical: Json;
  /** Over the values from Secrets; undefined without any. */
  readonly secretDigest: Digest | undefined;
}

interface Variable {
  readonly value: Value;
  /** How it shows in the canonical form. */
  readonly shown: Json;
}

/**
 * Resolves `envFrom` and `env` as the kubelet does: envFrom first and in order, env over it, `$(VAR)` in values from
 * what was defined before (Kubernetes API reference, EnvVar.value).
 *
 * @param pointer of the container
 */
export function resolveEnv(container: V1Container, pod: Speaker, pointer: string, scope: Scope): Environment {
  const variables = new Map<string, Variable>();
  for (const [index, source] of (container.envFrom ?? []).entries()) {
    addAll(variables, source, `${pointer}/envFrom/${index}`, scope);
  }
  for (const [index, entry] of (container.env ?? []).entries()) {
    const where = { pointer: `${pointer}/env/${index}`, container, pod };
    const variable = resolveOne(entry, variables, where, scope);
    // Re-insert, so that the order is that of the last definition.
    variables.delete(entry.name);
    if (variable !== undefined) variables.set(entry.name, variable);
  }
  const all = [...variables];
  const sealed = all.flatMap(([name, { value }]) => {
    const secrets = secretsIn(value);
    return secrets.length === 0 ? [] : [[name, isRuntimeText(value) ? secrets : secrets.join('')] as const];
  });
  return {
    env: all.map(([name, { value }]) => ({ name, value })),
    canonical: Object.fromEntries(all.map(([name, { shown }]) => [name, shown])),
    secretDigest: sealed.length === 0 ? undefined : digest(Object.fromEntries(sealed)),
  };
}

function addAll(variables: Map<string, Variable>, source: V1EnvFromSource, pointer: string, scope: Scope): void {
  const reference = source.secretRef ?? source.configMapRef;
  if (reference?.name === undefined) return;
  const kind = source.secretRef === undefined ? 'ConfigMap' : 'Secret';
  const where = `${pointer}/${kind === 'Secret' ? 'secretRef' : 'configMapRef'}`;
  const data = lookUp({ kind, name: reference.name, optional: reference.optional ?? false, pointer: where }, scope);
  // By name: the order of a map's keys means nothing, so nothing may follow from it.
  for (const [key, bytes] of [...(data?.entries ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const name = (source.prefix ?? '') + key;
    // The kubelet skips keys that cannot be a variable's name.
    if (name === '' || name.includes('=') || data?.binary.has(key)) continue;
    const found = variable(bytes, kind === 'Secret', `${data?.key}[${key}]`, where, scope);
    if (found !== undefined) variables.set(name, found);
  }
}

interface Place {
  /** Of the variable. */
  readonly pointer: string;
  readonly container: V1Container;
  readonly pod: Speaker;
}

function resolveOne(
  entry: V1EnvVar,
  before: ReadonlyMap<string, Variable>,
  { pointer, container, pod }: Place,
  scope: Scope,
): Variable | undefined {
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = entry.valueFrom ?? {};
  if (fieldRef !== undefined) return told(fieldValue(fieldRef.fieldPath, pod));
  if (resourceFieldRef !== undefined) {
    const { containerName = container.name, resource } = resourceFieldRef;
    const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    const named = all.find(({ name }) => name === containerName);
    const value = named && resourceValue(resourceFieldRef, named.resources ?? {});
    if (value !== undefined) return told(value);
    const [what, hint] =
      named === undefined
        ? [`there is no container '${containerName}'`, 'Correct "containerName"']
        : [`this host does not count '${resource}'`, 'Set it in the resources of the container, or drop the variable'];
    const message = `Cannot tell the container: ${what}`;
    report(scope, `${pointer}/valueFrom/resourceFieldRef`, 'FIELD_VALUE', message, { hint });
    return undefined;
  }
  const reference = secretKeyRef ?? configMapKeyRef;
  if (reference?.name !== undefined) {
    const kind = secretKeyRef === undefined ? 'ConfigMap' : 'Secret';
    const where = `${pointer}/valueFrom/${kind === 'Secret' ? 'secretKeyRef' : 'configMapKeyRef'}`;
    const optional = reference.optional ?? false;
    const bytes = lookUpKey({ kind, name: reference.name, optional, pointer: where }, reference.key, scope);
    const from = `${kind}/${scope.object.namespace}/${reference.name}[${reference.key}]`;
    return bytes && variable(bytes, kind === 'Secret', from, where, scope);
  }
  const written = entry.value ?? '';
  const expanded = expand(written, name => before.get(name)?.value);
  return { value: expanded, shown: typeof expanded === 'string' ? expanded : written };
}

/** What the pod tells of itself; what only the host can fill in shows as the reference that it is. */
function told(value: ReturnType<typeof fieldValue>): Variable {
  return typeof value === 'string' ? { value, shown: value } : { value: { parts: [value] }, shown: { ...value } };
}

function variable(
  bytes: Sealed<Uint8Array>,
  secret: boolean,
  from: string,
  pointer: string,
  scope: Scope,
): Variable | undefined {
  const text = Buffer.from(bytes.reveal()).toString('utf8');
  if (text.includes('\0')) {
    const message = `Cannot put '${from}' into the environment: it holds a NUL byte`;
    report(scope, pointer, 'FIELD_VALUE', message, { hint: 'Mount it as a volume' });
    return undefined;
  }
  return secret ? { value: seal(text), shown: { secret: from } } : { value: text, shown: text };
}
