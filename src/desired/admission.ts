import type { KubeObject } from '../manifest/object.ts';
import { violationsOf } from '../manifest/pod-security.ts';
import type { Problem } from '../model/problem.ts';
import type { SecurityLevel } from '../model/security-level.ts';

/** Which level of the Pod Security Standards pods are held to. */
export interface Admission {
  /** Where their namespace says nothing. */
  readonly level: SecurityLevel;
  /** By the Namespaces of the source, `pod-security.kubernetes.io/enforce`. */
  readonly namespaces: ReadonlyMap<string, SecurityLevel>;
}

/** What objects ask for that their level forbids, each rule for itself. */
export function admit(objects: readonly KubeObject[], { level, namespaces }: Admission): readonly Problem[] {
  if (level === 'privileged' && namespaces.size === 0) return [];
  return objects.flatMap(object => problemsOf(object, namespaces.get(object.namespace) ?? level));
}

function problemsOf(object: KubeObject, level: SecurityLevel): readonly Problem[] {
  const declared = declarationOf(object);
  if (declared?.spec === undefined) return [];
  return violationsOf(level, declared.metadata, declared.spec).map(({ reason, detail, at }) => ({
    code: 'POD_SECURITY',
    severity: 'error',
    message: `Cannot run this pod: it violates PodSecurity "${level}": ${reason} (${detail})`,
    hint: 'Change the pod, or the level that its namespace is held to',
    ...object.locate(declared.place + at),
    key: object.key,
  }));
}

function declarationOf(object: KubeObject) {
  if (object.kind === 'Pod') {
    const { metadata, spec } = object.object;
    return { metadata, spec, place: '/spec' };
  }
  if (object.kind !== 'Deployment') return undefined;
  const { metadata, spec } = object.object.spec?.template ?? {};
  return { metadata, spec, place: '/spec/template/spec' };
}
