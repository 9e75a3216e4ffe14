import type { V1Container, V1EnvVar } from '@kubernetes/client-node';
import { envNameFault, fileKeyFault, quote, subdomainFault } from './formats.ts';
import { finding } from './metadata.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

/** Checks env and envFrom of a container. */
export function checkEnvironment({ env = [], envFrom = [] }: V1Container, at: string, report: Report): void {
  const seen = new Set<string>();
  for (const [i, variable] of env.entries()) {
    const here = pointer(at, 'env', i);
    checkVariable(variable, here, report);
    if (variable.name !== undefined && seen.has(variable.name)) {
      report(pointer(here, 'name'), {
        code: 'DUPLICATE_NAME',
        found: `${quote(variable.name)} is set twice; the last one counts`,
        hint: 'Remove one of the two',
        severity: 'warning',
      });
    }
    seen.add(variable.name);
  }
  for (const [i, from] of envFrom.entries()) {
    const here = pointer(at, 'envFrom', i);
    if (from.prefix) finding(pointer(here, 'prefix'), envNameFault(from.prefix), 'Correct the prefix', report);
    if (exactlyOne(from, ['configMapRef', 'secretRef'], here, report)) {
      checkReference(
        from.configMapRef ?? from.secretRef,
        pointer(here, from.secretRef ? 'secretRef' : 'configMapRef'),
        report,
      );
    }
  }
}

/** Checks that one of several fields is set; true when it is. */
export function exactlyOne(owner: object, fields: readonly string[], at: string, report: Report): boolean {
  const set = fields.filter(field => Object.hasOwn(owner, field));
  const names = fields.map(field => `"${field}"`).join(', ');
  if (set.length === 1) return true;
  if (set.length === 0) {
    report(at, { code: 'FIELD_REQUIRED', found: `one of ${names} is missing`, hint: 'Add exactly one of them' });
  } else {
    const found = `${set.map(field => `"${field}"`).join(' and ')} cannot stand together`;
    report(pointer(at, set[1] ?? ''), { code: 'FIELD_CONFLICT', found, hint: 'Keep one of them' });
  }
  return false;
}

/** Checks a reference to a ConfigMap or Secret by name. */
export function checkReference(
  reference: { readonly name?: string; readonly key?: string } | undefined,
  at: string,
  report: Report,
): void {
  if (!reference?.name) {
    report(at, { code: 'FIELD_REQUIRED', found: '"name" is missing', hint: 'Add the name of the object meant' });
  } else {
    finding(pointer(at, 'name'), subdomainFault(reference.name), 'Correct the name of the object meant', report);
  }
  if (reference?.key !== undefined) finding(pointer(at, 'key'), fileKeyFault(reference.key), 'Correct the key', report);
}

function checkVariable({ name, value, valueFrom }: V1EnvVar, at: string, report: Report): void {
  if (name !== undefined) finding(pointer(at, 'name'), envNameFault(name), 'Rename the variable', report);
  if (!valueFrom) return;
  if (value) {
    const found = 'it cannot stand together with "value"';
    report(pointer(at, 'valueFrom'), { code: 'FIELD_CONFLICT', found, hint: 'Keep one of the two' });
  }
  const here = pointer(at, 'valueFrom');
  const sources = ['configMapKeyRef', 'secretKeyRef', 'fieldRef', 'resourceFieldRef', 'fileKeyRef'];
  if (!exactlyOne(valueFrom, sources, here, report)) return;
  const { configMapKeyRef, secretKeyRef } = valueFrom;
  if (configMapKeyRef) checkReference(configMapKeyRef, pointer(here, 'configMapKeyRef'), report);
  if (secretKeyRef) checkReference(secretKeyRef, pointer(here, 'secretKeyRef'), report);
}
