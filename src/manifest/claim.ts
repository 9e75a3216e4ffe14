import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { quote } from './formats.ts';
import { pointer } from './place.ts';
import { quantityMilli } from './quantity.ts';
import type { Report } from './report.ts';

/** Checks a PersistentVolumeClaim's spec. */
export function checkClaim({ spec }: V1PersistentVolumeClaim, report: Report): void {
  const modes = spec?.accessModes;
  if (modes?.length === 0) {
    report('/spec/accessModes', { code: 'FIELD_REQUIRED', found: 'the list is empty', hint: 'Add "ReadWriteOnce"' });
  }
  if (modes && modes.length > 1 && modes.includes('ReadWriteOncePod')) {
    const found = '"ReadWriteOncePod" cannot stand with other modes';
    report('/spec/accessModes', { code: 'FIELD_CONFLICT', found, hint: 'Keep one of them' });
  }
  if (!spec?.resources) return;
  const at = pointer('/spec', 'resources');
  const storage = spec.resources.requests?.storage;
  if (storage === undefined) {
    report(at, {
      code: 'FIELD_REQUIRED',
      found: '"requests.storage" is missing',
      hint: 'Add it, as in "storage: 1Gi"',
    });
  } else if ((quantityMilli(storage) ?? 1) <= 0) {
    const found = `found ${quote(String(storage))}, expected more than 0`;
    report(pointer(at, 'requests', 'storage'), { code: 'FIELD_VALUE', found, hint: 'Correct the size' });
  }
}
