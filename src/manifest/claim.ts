import type {
  V1PersistentVolumeClaim,
  V1PersistentVolumeClaimSpec,
  V1PersistentVolumeClaimTemplate,
  V1TypedLocalObjectReference,
  V1TypedObjectReference,
} from '@kubernetes/client-node';
import { volumeNameAnnotation } from '../model/names.ts';
import { conflict, finding, missing, unusable } from './finding.ts';
import { labelFault, quote, subdomainFault } from './formats.ts';
import { checkLabels } from './metadata.ts';
import { pointer } from './place.ts';
import { quantityMilli } from './quantity.ts';
import type { Report } from './report.ts';
import { checkSelector } from './selector.ts';

const prefix = 'volume.podman.io/';
/** Podman's annotation for an archive that a new volume is filled from. */
const importSource = `${prefix}import-source`;
/** Those that have a volume's data elsewhere than in a directory of the engine's own. */
const elsewhere = ['driver', 'image', 'type', 'device'].map(name => prefix + name);

/** Checks a PersistentVolumeClaim's spec, and what Podman reads of its annotations. */
export function checkClaim({ metadata, spec }: V1PersistentVolumeClaim, report: Report): void {
  checkImport(metadata?.annotations ?? {}, report);
  checkVolumeName(metadata?.annotations?.[volumeNameAnnotation], report);
  if (spec) checkClaimSpec(spec, '/spec', report);
}

function checkImport(annotations: Readonly<Record<string, string>>, report: Report): void {
  const source = annotations[importSource];
  if (source === undefined) return;
  const at = pointer('/metadata', 'annotations', importSource);
  const fault = source.startsWith('/') ? undefined : `found ${quote(source)}, expected an absolute path`;
  finding(at, fault, 'Write the path of the archive on this host, from the root on', report);
  const other = elsewhere.find(name => annotations[name] !== undefined);
  if (other !== undefined) {
    unusable(at, `"${other}" has the data elsewhere`, 'Remove it, and put the data there by hand', report);
  }
}

/** As Podman takes names (podman-volume-create(1), and libpod/define, "NameRegex"). */
const engineVolume = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

function checkVolumeName(name: string | undefined, report: Report): void {
  if (name === undefined || engineVolume.test(name)) return;
  const found = `found ${quote(name)}, expected a name of a volume: letters, digits, ".", "_" and "-"`;
  finding(
    pointer('/metadata', 'annotations', volumeNameAnnotation),
    found,
    'Write it as "podman volume ls" does',
    report,
  );
}

/** Checks a claim that is made for a pod. */
export function checkClaimTemplate(
  template: V1PersistentVolumeClaimTemplate | undefined,
  at: string,
  report: Report,
): void {
  const { metadata = {}, spec } = template ?? {};
  checkLabels(metadata, pointer(at, 'metadata'), report);
  for (const field of Object.keys(metadata)) {
    if (field === 'labels' || field === 'annotations' || field === 'creationTimestamp') continue;
    conflict(pointer(at, 'metadata', field), 'a template has labels and annotations only', 'Remove it', report);
  }
  if (spec) checkClaimSpec(spec, pointer(at, 'spec'), report);
}

function checkClaimSpec(spec: V1PersistentVolumeClaimSpec, at: string, report: Report): void {
  const modes = spec.accessModes ?? [];
  if (modes.includes('ReadWriteOncePod') && modes.some(mode => mode !== 'ReadWriteOncePod')) {
    const found = '"ReadWriteOncePod" cannot stand with other modes';
    conflict(pointer(at, 'accessModes'), found, 'Keep one of them', report);
  }
  for (const field of ['storageClassName', 'volumeAttributesClassName'] as const) {
    const name = spec[field];
    if (name) finding(pointer(at, field), subdomainFault(name), 'Correct the name of the class', report);
  }
  checkSelector(spec.selector, pointer(at, 'selector'), report);
  checkSources(spec, at, report);
  if (!spec.resources) return;
  const storage = spec.resources.requests?.storage;
  if (storage === undefined) {
    missing(pointer(at, 'resources'), 'requests.storage', 'Add it, as in "storage: 1Gi"', report);
  } else if ((quantityMilli(storage) ?? 1) <= 0) {
    const found = `found ${quote(String(storage))}, expected more than 0`;
    finding(pointer(at, 'resources', 'requests', 'storage'), found, 'Correct the size', report);
  }
}

function checkSources({ dataSource, dataSourceRef }: V1PersistentVolumeClaimSpec, at: string, report: Report): void {
  // What is neither a claim nor a snapshot is dropped by the server before it looks.
  const kept = dataSource && isSource(dataSource) ? dataSource : undefined;
  if (kept && !kept.name) missing(pointer(at, 'dataSource'), 'name', 'Add the name of the source', report);
  if (!dataSourceRef) return;
  const here = pointer(at, 'dataSourceRef');
  if (dataSourceRef.kind && !dataSourceRef.apiGroup && dataSourceRef.kind !== 'PersistentVolumeClaim') {
    const found = `without "apiGroup" it names a PersistentVolumeClaim, found ${quote(dataSourceRef.kind)}`;
    finding(pointer(here, 'kind'), found, 'Add the apiGroup of the kind', report);
  }
  if (dataSourceRef.apiGroup) {
    finding(pointer(here, 'apiGroup'), subdomainFault(dataSourceRef.apiGroup), 'Correct the group', report);
  }
  if (dataSourceRef.namespace) {
    finding(pointer(here, 'namespace'), labelFault(dataSourceRef.namespace), 'Correct the namespace', report);
  }
  if (kept && (dataSourceRef.namespace || !sameSource(kept, dataSourceRef))) {
    conflict(pointer(at, 'dataSource'), 'it differs from "dataSourceRef"', 'Keep one of the two', report);
  }
}

function isSource({ apiGroup, kind }: V1TypedLocalObjectReference): boolean {
  if (!apiGroup) return kind === 'PersistentVolumeClaim';
  return apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot';
}

function sameSource(a: V1TypedLocalObjectReference, b: V1TypedObjectReference): boolean {
  return a.apiGroup === b.apiGroup && a.kind === b.kind && a.name === b.name;
}
