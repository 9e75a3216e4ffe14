import type { V1Container, V1EnvVar, V1FileKeySelector } from '@kubernetes/client-node';
import { checkFieldRef, checkResourceRef, environmentFields } from './downward.ts';
import { conflict, exactlyOne, finding, missing } from './finding.ts';
import { envNameFault, fileKeyFault, filePathFault, generatedNameFault, quote, subdomainFault } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

const valueSources = ['configMapKeyRef', 'secretKeyRef', 'fieldRef', 'resourceFieldRef', 'fileKeyRef'];

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
    if (!exactlyOne(from, ['configMapRef', 'secretRef'], ['prefix'], here, report)) continue;
    const name = (from.configMapRef ?? from.secretRef)?.name;
    const place = pointer(here, from.secretRef ? 'secretRef' : 'configMapRef');
    if (name) finding(pointer(place, 'name'), generatedNameFault(name), 'Correct the name of the object meant', report);
    else missing(place, 'name', 'Add the name of the object meant', report);
  }
}

/** Checks a reference to a key of a ConfigMap or Secret. */
function checkKeyRef(
  { key, name }: { readonly name?: string; readonly key?: string },
  at: string,
  report: Report,
): void {
  if (!name) missing(at, 'name', 'Add the name of the object meant', report);
  else finding(pointer(at, 'name'), subdomainFault(name), 'Correct the name of the object meant', report);
  if (key) finding(pointer(at, 'key'), fileKeyFault(key), 'Correct the key', report);
}

function checkVariable({ name, value, valueFrom }: V1EnvVar, at: string, report: Report): void {
  if (name) finding(pointer(at, 'name'), envNameFault(name), 'Rename the variable', report);
  if (!valueFrom) return;
  const here = pointer(at, 'valueFrom');
  if (value) conflict(here, 'it cannot stand together with "value"', 'Keep one of the two', report);
  if (!exactlyOne(valueFrom, valueSources, [], here, report)) return;
  const { configMapKeyRef, fieldRef, fileKeyRef, resourceFieldRef, secretKeyRef } = valueFrom;
  if (configMapKeyRef) checkKeyRef(configMapKeyRef, pointer(here, 'configMapKeyRef'), report);
  if (secretKeyRef) checkKeyRef(secretKeyRef, pointer(here, 'secretKeyRef'), report);
  if (fieldRef) checkFieldRef(fieldRef, environmentFields, pointer(here, 'fieldRef'), report);
  if (resourceFieldRef) checkResourceRef(resourceFieldRef, false, pointer(here, 'resourceFieldRef'), report);
  if (fileKeyRef) checkFileKey(fileKeyRef, pointer(here, 'fileKeyRef'), report);
}

function checkFileKey({ key, path }: V1FileKeySelector, at: string, report: Report): void {
  if (key) finding(pointer(at, 'key'), envNameFault(key), 'Correct the key', report);
  if (path) finding(pointer(at, 'path'), filePathFault(path), 'Name a path inside the volume', report);
}
