import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { Kind } from '../model/key.ts';
import { labelFault, labelValueFault, qualifiedFault, subdomainFault } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

/** Labels that say what is ours: a user's own would take over or lose objects. */
const reservedPrefix = 'podstead.dev/';
/** Of all annotations of an object together, in characters (the server counts bytes). */
const annotationLimit = 256 * 1024;
const longestName = 253;

/** Checks the metadata of an object. `replicas` is a Deployment's: its pods are named NAME-HASH-INDEX. */
export function checkMetadata(kind: Kind, metadata: V1ObjectMeta, replicas: number | undefined, report: Report): void {
  const { name, namespace, generateName } = metadata;
  if (name === undefined || name === '') {
    // generateName has a finding of its own.
    if (generateName === undefined) {
      report('/metadata', { code: 'FIELD_REQUIRED', found: '"name" is missing', hint: 'Add the name of the object' });
    }
  } else {
    const longest =
      kind === 'Deployment' ? longestName - `-01234567-${Math.max(replicas ?? 1, 10)}`.length : longestName;
    finding('/metadata/name', subdomainFault(name, longest), 'Rename the object', report);
  }
  finding('/metadata/namespace', labelFault(namespace ?? 'default'), 'Correct the namespace', report);
  checkLabels(metadata, '/metadata', report);
}

/** Checks labels and annotations, of an object or a template. */
export function checkLabels({ labels, annotations }: V1ObjectMeta, at: string, report: Report): void {
  checkLabelMap(labels, pointer(at, 'labels'), report);
  for (const key of Object.keys(labels ?? {})) {
    if (!key.startsWith(reservedPrefix)) continue;
    const hint = 'Use another prefix';
    report(pointer(at, 'labels', key), {
      code: 'FIELD_VALUE',
      found: `labels in "${reservedPrefix}" are Podstead's own`,
      hint,
    });
  }
  let length = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    // Annotations may have capitals in their prefix.
    finding(pointer(at, 'annotations', key), qualifiedFault(key.toLowerCase()), 'Correct the key', report);
    length += key.length + value.length;
  }
  if (length > annotationLimit) {
    const found = `${length} characters, at most ${annotationLimit} are allowed`;
    report(pointer(at, 'annotations'), { code: 'FIELD_VALUE', found, hint: 'Move large texts into a ConfigMap' });
  }
}

/** Checks a map of labels, as selectors have one, too. */
export function checkLabelMap(labels: Readonly<Record<string, string>> | undefined, at: string, report: Report): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    finding(pointer(at, key), qualifiedFault(key), 'Correct the key of the label', report);
    finding(pointer(at, key), labelValueFault(value), 'Correct the value, or make it an annotation', report);
  }
}

/** Reports a wrong value, where there is anything to report. */
export function finding(at: string, found: string | undefined, hint: string, report: Report): void {
  if (found !== undefined) report(at, { code: 'FIELD_VALUE', found, hint });
}
