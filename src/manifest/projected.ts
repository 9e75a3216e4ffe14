import type {
  V1ClusterTrustBundleProjection,
  V1DownwardAPIVolumeFile,
  V1KeyToPath,
  V1ProjectedVolumeSource,
  V1VolumeProjection,
} from '@kubernetes/client-node';
import { checkFieldRef, checkResourceRef, fileFields } from './downward.ts';
import { conflict, exactlyOne, finding, missing } from './finding.ts';
import { filePathFault } from './formats.ts';
import { definitions } from './generated/validators.js';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { checkSelector } from './selector.ts';
import { checkUnique, type Once } from './unique.ts';

const sources = Object.keys(definitions.VolumeProjection ?? {});

/** Checks a volume that several sources are written into: each path once. */
export function checkProjected({ sources: all = [] }: V1ProjectedVolumeSource, at: string, report: Report): void {
  const paths: Once[] = [];
  for (const [i, source] of all.entries()) {
    const here = pointer(at, 'sources', i);
    // A source that names nothing adds nothing: the server takes it.
    if (Object.keys(source).length === 0 || !exactlyOne(source, sources, [], here, report)) continue;
    checkSource(source, here, paths, report);
  }
  checkUnique(paths, 'the path', report);
}

function checkSource(source: V1VolumeProjection, at: string, paths: Once[], report: Report): void {
  const { clusterTrustBundle, downwardAPI, podCertificate, serviceAccountToken } = source;
  for (const name of ['configMap', 'secret'] as const) {
    const from = source[name];
    if (!from) continue;
    if (!from.name) missing(pointer(at, name), 'name', 'Add the name of the object meant', report);
    checkItems(from.items, pointer(at, name, 'items'), report);
    for (const [i, { path }] of (from.items ?? []).entries()) {
      paths.push({ at: pointer(at, name, 'items', i, 'path'), value: path || undefined });
    }
  }
  if (downwardAPI) {
    checkDownwardFiles(downwardAPI.items, pointer(at, 'downwardAPI', 'items'), report);
    for (const [i, { path }] of (downwardAPI.items ?? []).entries()) {
      paths.push({ at: pointer(at, 'downwardAPI', 'items', i, 'path'), value: path || undefined });
    }
  }
  if (serviceAccountToken) checkPath(serviceAccountToken.path, pointer(at, 'serviceAccountToken', 'path'), report);
  if (clusterTrustBundle) checkTrustBundle(clusterTrustBundle, pointer(at, 'clusterTrustBundle'), paths, report);
  for (const field of ['certificateChainPath', 'credentialBundlePath', 'keyPath'] as const) {
    checkPath(podCertificate?.[field], pointer(at, 'podCertificate', field), report);
  }
}

function checkTrustBundle(bundle: V1ClusterTrustBundleProjection, at: string, paths: Once[], report: Report): void {
  const { labelSelector, name, path, signerName } = bundle;
  if (name !== undefined && signerName !== undefined) {
    conflict(pointer(at, 'signerName'), 'it cannot stand together with "name"', 'Keep one of the two', report);
  } else if (!name && !signerName) {
    missing(at, 'name', 'Add "name" or "signerName"', report);
  } else if (name && labelSelector) {
    conflict(pointer(at, 'labelSelector'), 'it needs "signerName"', 'Remove it', report);
  }
  checkSelector(labelSelector, pointer(at, 'labelSelector'), report);
  checkPath(path, pointer(at, 'path'), report);
  paths.push({ at: pointer(at, 'path'), value: path || undefined });
}

/** Checks which keys become which files. */
export function checkItems(items: readonly V1KeyToPath[] | undefined, at: string, report: Report): void {
  for (const [i, { path }] of (items ?? []).entries()) {
    if (path) finding(pointer(at, i, 'path'), filePathFault(path), 'Name a path inside the volume', report);
  }
}

/** Checks files that say something about their pod. */
export function checkDownwardFiles(
  files: readonly V1DownwardAPIVolumeFile[] | undefined,
  at: string,
  report: Report,
): void {
  for (const [i, file] of (files ?? []).entries()) {
    const here = pointer(at, i);
    checkPath(file.path, pointer(here, 'path'), report);
    if (!exactlyOne(file, ['fieldRef', 'resourceFieldRef'], ['mode', 'path'], here, report)) continue;
    if (file.fieldRef) checkFieldRef(file.fieldRef, fileFields, pointer(here, 'fieldRef'), report);
    if (file.resourceFieldRef) {
      checkResourceRef(file.resourceFieldRef, true, pointer(here, 'resourceFieldRef'), report);
    }
  }
}

function checkPath(path: string | undefined, at: string, report: Report): void {
  if (path) finding(at, filePathFault(path), 'Name a path inside the volume', report);
}
