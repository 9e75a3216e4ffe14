import type { Kind } from '../model/key.ts';
import { knownKinds } from './generated/validators.js';
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
  /** What is wrong with it, and at which field. */
  readonly problem: (Finding & { readonly field: string }) | undefined;
}

const kindNames: ReadonlySet<string> = new Set(knownKinds.map(known => known.slice(known.lastIndexOf('/') + 1)));

const groups: ReadonlySet<string> = new Set(knownKinds.map(groupOf));

/** Tells our kinds from those of Kubernetes that do not run here, and both from unknown ones. */
export function identify(kind: unknown, apiVersion: unknown): Identity {
  if (typeof kind !== 'string' || kind === '') return wrong('kind', kindMissing(kind, apiVersion));
  if (apiVersion !== undefined && typeof apiVersion !== 'string') {
    return wrong(
      'apiVersion',
      { code: 'FIELD_TYPE', found: 'it is no text', hint: `Write the version, as in "${versionOf(kind)}"` },
      kind,
    );
  }
  if (apiVersion !== undefined && !isBuiltIn(apiVersion)) return wrong('kind', customKind(kind, apiVersion));
  if (isOurs(kind)) return { kind, problem: versionProblem(kind, apiVersion) };
  if (kindNames.has(kind)) return wrong('kind', unsupportedKind(kind));
  return wrong('kind', unknownKind(kind));
}

function isOurs(kind: string): kind is Kind {
  return Object.hasOwn(apiVersions, kind);
}

function versionOf(kind: string): string {
  return isOurs(kind) ? apiVersions[kind] : 'v1';
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

function wrong(field: string, problem: Finding, kind = ''): Identity {
  return { kind: isOurs(kind) ? kind : undefined, problem: { ...problem, field } };
}

function kindMissing(kind: unknown, apiVersion: unknown): Finding {
  if (kind !== undefined && kind !== null && kind !== '') {
    return { code: 'FIELD_TYPE', found: 'it is no text', hint: 'Write the kind, as in "kind: Pod"' };
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

function versionProblem(kind: Kind, apiVersion: string | undefined): Identity['problem'] {
  const wanted = apiVersions[kind];
  if (apiVersion === wanted) return undefined;
  const hint = `Write "apiVersion: ${wanted}"`;
  if (apiVersion === undefined) return { code: 'FIELD_REQUIRED', found: 'it is missing', hint, field: 'apiVersion' };
  return { code: 'API_VERSION', found: `found "${apiVersion}", expected "${wanted}"`, hint, field: 'apiVersion' };
}

function customKind(kind: string, apiVersion: string): Finding {
  const kustomize = apiVersion.startsWith('kustomize.config');
  return {
    code: 'KIND_UNKNOWN',
    found: `"${kind}" of "${apiVersion}" is no kind of Kubernetes itself`,
    hint: kustomize
      ? 'Render it first, as with "kubectl kustomize", and keep the result in this directory'
      : 'Custom resources need a cluster: keep this object out of the directory',
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
  const meant = nearest(kind, [...Object.keys(apiVersions), ...kindNames]);
  return {
    code: 'KIND_UNKNOWN',
    found: `Kubernetes has no kind "${kind}"`,
    hint: meant ? `Did you mean "${meant}"` : `Kinds that run here: ${Object.keys(apiVersions).join(', ')}`,
  };
}
