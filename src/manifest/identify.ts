import type { Kind } from '../model/key.ts';
import { checkedKinds, knownKinds } from './generated/validators.js';
import type { Finding } from './report.ts';
import { nearest } from './suggest.ts';

/** The version that each of our kinds is written in. */
export const apiVersions: { readonly [K in Kind]: string } = {
  Pod: 'v1',
  Deployment: 'apps/v1',
  ConfigMap: 'v1',
  Secret: 'v1',
  PersistentVolumeClaim: 'v1',
};

/** What an object says it is. */
export interface Identity {
  /** Set for our kinds, also where the version is wrong. */
  readonly kind: Kind | undefined;
  /** The definition of another kind that does not run here, where its schema is known. */
  readonly other?: string | undefined;
  /** What is wrong with it, and at which field. */
  readonly problem: (Finding & { readonly field: string }) | undefined;
}

/** By kind, the versions that have it. */
const versions: ReadonlyMap<string, readonly string[]> = byKind(knownKinds);

const groups: ReadonlySet<string> = new Set(knownKinds.map(groupOf));

/**
 * Tells our kinds from those of Kubernetes that do not run here, and both from unknown ones.
 *
 * @param services by which compose files are known (Compose Specification)
 */
export function identify(kind: unknown, apiVersion: unknown, services?: unknown): Identity {
  if (typeof kind !== 'string' || kind === '') return wrong('kind', kindMissing(kind, apiVersion, services));
  if (apiVersion !== undefined && typeof apiVersion !== 'string') {
    return wrong(
      'apiVersion',
      { code: 'FIELD_TYPE', found: 'it is no text', hint: `Write the version, as in "${versionOf(kind)}"` },
      kind,
    );
  }
  if (apiVersion !== undefined && !isBuiltIn(apiVersion)) return wrong('kind', customKind(kind, apiVersion));
  if (isOurs(kind)) return { kind, problem: versionProblem(kind, apiVersion, [apiVersions[kind]]) };
  const known = versions.get(kind);
  if (known === undefined) return wrong('kind', unknownKind(kind));
  const problem = versionProblem(kind, apiVersion, known);
  if (problem) return { kind: undefined, problem };
  return { ...wrong('kind', unsupportedKind(kind)), other: checkedKinds[`${apiVersion}/${kind}`] };
}

function isOurs(kind: string): kind is Kind {
  return Object.hasOwn(apiVersions, kind);
}

function versionOf(kind: string): string {
  return isOurs(kind) ? apiVersions[kind] : (versions.get(kind)?.[0] ?? 'v1');
}

/** Groups with a dot may be anybody's: only those of known kinds are Kubernetes' own. */
function isBuiltIn(apiVersion: string): boolean {
  const group = groupOf(apiVersion);
  return !group.includes('.') || groups.has(group);
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** Stable versions first, and later ones before earlier ones. */
function byKind(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const name of names) {
    const slash = name.lastIndexOf('/');
    const kind = name.slice(slash + 1);
    found.set(kind, [...(found.get(kind) ?? []), name.slice(0, slash)]);
  }
  for (const list of found.values()) {
    list.sort((a, b) => Number(/alpha|beta/.test(a)) - Number(/alpha|beta/.test(b)) || (a < b ? 1 : -1));
  }
  return found;
}

function wrong(field: string, problem: Finding, kind = ''): Identity {
  return { kind: isOurs(kind) ? kind : undefined, problem: { ...problem, field } };
}

function kindMissing(kind: unknown, apiVersion: unknown, services: unknown): Finding {
  if (kind !== undefined && kind !== null && kind !== '') {
    return { code: 'FIELD_TYPE', found: 'it is no text', hint: 'Write the kind, as in "kind: Pod"' };
  }
  if (apiVersion === undefined && typeof services === 'object' && services !== null) {
    return {
      code: 'NOT_AN_OBJECT',
      found: 'it is a compose file, which Podstead does not read',
      hint: 'Turn it into manifests with "kompose convert", or start it with podman-compose and use "podstead generate kube --container NAME"; then move it elsewhere',
    };
  }
  if (apiVersion === undefined) {
    return {
      code: 'NOT_AN_OBJECT',
      found: 'it has neither "apiVersion" nor "kind"',
      hint: 'Keep files that are no Kubernetes manifests out of this directory, or name them without .yaml, .yml and .json',
    };
  }
  return { code: 'FIELD_REQUIRED', found: 'it is missing', hint: 'Add the kind, as in "kind: Pod"' };
}

function versionProblem(kind: string, apiVersion: string | undefined, known: readonly string[]): Identity['problem'] {
  if (apiVersion !== undefined && known.includes(apiVersion)) return undefined;
  const hint = `Write "apiVersion: ${versionOf(kind)}"`;
  if (apiVersion === undefined) return { code: 'FIELD_REQUIRED', found: 'it is missing', hint, field: 'apiVersion' };
  const expected = known.map(version => `"${version}"`).join(' or ');
  return { code: 'API_VERSION', found: `found "${apiVersion}", expected ${expected}`, hint, field: 'apiVersion' };
}

/** A server that has its definition takes it; here nothing would act on it. */
function customKind(kind: string, apiVersion: string): Finding {
  if (apiVersion.startsWith('kustomize.config')) {
    return {
      code: 'KIND_UNKNOWN',
      found: `"${kind}" of "${apiVersion}" is no kind of Kubernetes itself`,
      hint: 'Render it first, as with "kubectl kustomize", and keep the result in this directory',
    };
  }
  return {
    code: 'KIND_UNSUPPORTED',
    found: `Podstead does not run custom resources such as "${kind}" of "${apiVersion}"; this one is skipped`,
    hint: 'Leave it for the cluster, or keep it out of the directory',
    severity: 'warning',
  };
}

function unsupportedKind(kind: string): Finding {
  return {
    code: 'KIND_UNSUPPORTED',
    found: `Podstead does not run objects of kind "${kind}"; this one is skipped`,
    hint: 'Leave it for the cluster, or keep it out of the directory; docs/kubernetes.md lists what is supported',
    severity: 'warning',
  };
}

function unknownKind(kind: string): Finding {
  const meant = nearest(kind, [...Object.keys(apiVersions), ...versions.keys()]);
  return {
    code: 'KIND_UNKNOWN',
    found: `Kubernetes has no kind "${kind}"`,
    hint: meant ? `Did you mean "${meant}"` : `Kinds that run here: ${Object.keys(apiVersions).join(', ')}`,
  };
}
