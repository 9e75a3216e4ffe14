import type { V1ObjectMeta, V1OwnerReference } from '@kubernetes/client-node';
import { volumeNameAnnotation } from '../model/names.ts';
import { afterAnnotation } from '../model/order.ts';
import { finding, missing, unusable } from './finding.ts';
import { generatedNameFault, labelFault, qualifiedFault, quote, subdomainFault } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { checkLabelMap } from './selector.ts';
import { nearest } from './suggest.ts';

/** Labels that say what is ours: a user's own would take over or lose objects. */
const reservedPrefix = 'podstead.dev/';
const ourAnnotations: readonly string[] = [afterAnnotation, volumeNameAnnotation];
/** Of all annotations of an object together, in bytes. */
const annotationLimit = 256 * 1024;
const longestName = 253;
/** Finalizers that need no domain. */
const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** Checks the metadata of an object. `suffix` is the longest that its pods' names add to its own. */
export function checkMetadata(metadata: V1ObjectMeta | undefined, suffix: string, report: Report): void {
  if (!metadata) {
    missing('', 'metadata', 'Add it, with the name of the object', report);
    return;
  }
  const { name, namespace, generateName } = metadata;
  if (!name) {
    // generateName has a finding of its own.
    if (!generateName) missing('/metadata', 'name', 'Add the name of the object', report);
  } else {
    finding('/metadata/name', subdomainFault(name), 'Rename the object', report);
    const room = longestName - suffix.length;
    if (name.length > room && name.length <= longestName) {
      const found = `${quote(name)} has ${name.length} characters, at most ${room} leave room for the names of its pods`;
      unusable('/metadata/name', found, 'Rename the object', report);
    }
  }
  if (generateName) {
    finding('/metadata/generateName', generatedNameFault(generateName), 'Correct the beginning of the name', report);
  }
  if (namespace) finding('/metadata/namespace', labelFault(namespace), 'Correct the namespace', report);
  checkLabels(metadata, '/metadata', report);
  checkOwners(metadata.ownerReferences ?? [], '/metadata/ownerReferences', report);
  checkFinalizers(metadata.finalizers ?? [], '/metadata/finalizers', report);
}

/** Checks labels and annotations, of an object or a template. */
export function checkLabels({ labels, annotations }: V1ObjectMeta, at: string, report: Report): void {
  checkLabelMap(labels, pointer(at, 'labels'), report);
  for (const key of Object.keys(labels ?? {})) {
    if (!key.startsWith(reservedPrefix)) continue;
    unusable(
      pointer(at, 'labels', key),
      `labels in "${reservedPrefix}" are Podstead's own`,
      'Use another prefix',
      report,
    );
  }
  let length = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    // Annotations may have capitals in their prefix.
    finding(pointer(at, 'annotations', key), qualifiedFault(key.toLowerCase()), 'Correct the key', report);
    if (key.startsWith(reservedPrefix)) checkOurs(key, pointer(at, 'annotations', key), report);
    length += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (length > annotationLimit) {
    const found = `they have ${length} bytes, at most ${annotationLimit} are allowed`;
    finding(pointer(at, 'annotations'), found, 'Move large texts into a ConfigMap', report);
  }
}

/** An annotation of ours that nobody reads is a slip of the pen. */
function checkOurs(key: string, at: string, report: Report): void {
  if (ourAnnotations.includes(key)) return;
  const meant = nearest(key, ourAnnotations);
  const hint = meant === undefined ? 'Use another prefix, or remove it' : `Did you mean "${meant}"?`;
  report(at, { code: 'FIELD_UNKNOWN', severity: 'warning', found: 'Podstead has no such annotation', hint });
}

function checkOwners(owners: readonly V1OwnerReference[], at: string, report: Report): void {
  let controllers = 0;
  for (const [i, { apiVersion, controller, kind }] of owners.entries()) {
    const parts = apiVersion?.split('/') ?? [];
    if (apiVersion && (parts.length > 2 || parts.at(-1) === '')) {
      const found = `found ${quote(apiVersion)}, expected a version, or a group and a version`;
      finding(pointer(at, i, 'apiVersion'), found, 'Write it as in "apps/v1"', report);
    }
    if (apiVersion === 'v1' && kind === 'Event') finding(pointer(at, i), 'events own nothing', 'Remove it', report);
    if (controller) controllers += 1;
    if (controller && controllers === 2) {
      finding(pointer(at, i, 'controller'), 'another owner is the controller already', 'Keep one controller', report);
    }
  }
}

function checkFinalizers(finalizers: readonly string[], at: string, report: Report): void {
  for (const [i, name] of finalizers.entries()) {
    const plain = !name.includes('/') && !standardFinalizers.includes(name);
    const found = qualifiedFault(name) ?? (plain ? `found ${quote(name)}, expected "DOMAIN/NAME"` : undefined);
    finding(pointer(at, i), found, 'Correct the finalizer, or remove it', report);
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    finding(at, '"orphan" and "foregroundDeletion" cannot stand together', 'Keep one of the two', report);
  }
}
