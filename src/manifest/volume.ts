import type { V1KeyToPath, V1Volume } from '@kubernetes/client-node';
import { checkReference, exactlyOne } from './environment.ts';
import { fileKeyFault, innerPathFault, labelFault, quote, subdomainFault } from './formats.ts';
import { definitions } from './generated/validators.js';
import { finding } from './metadata.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { checkUnique } from './unique.ts';

const sources = Object.keys(definitions.Volume ?? {}).filter(field => field !== 'name');

/** Checks the volumes of a pod. */
export function checkVolumes(volumes: readonly V1Volume[], at: string, report: Report): void {
  checkUnique(
    volumes.map(({ name }, i) => ({ at: pointer(at, i, 'name'), value: name })),
    'the volume name',
    report,
  );
  for (const [i, volume] of volumes.entries()) checkVolume(volume, pointer(at, i), report);
}

function checkVolume(volume: V1Volume, at: string, report: Report): void {
  if (volume.name !== undefined) finding(pointer(at, 'name'), labelFault(volume.name), 'Rename the volume', report);
  // Unknown fields are reported already: they must not count as a missing source.
  const known = Object.keys(volume).every(field => field === 'name' || sources.includes(field));
  if (known && !exactlyOne(volume, sources, at, report)) return;
  const { hostPath, configMap, secret, persistentVolumeClaim } = volume;
  if (hostPath?.path !== undefined) checkHostPath(hostPath.path, pointer(at, 'hostPath', 'path'), report);
  if (configMap) {
    if (configMap.name !== undefined) checkReference({ name: configMap.name }, pointer(at, 'configMap'), report);
    checkItems(configMap.items, pointer(at, 'configMap', 'items'), report);
  }
  if (secret) {
    const here = pointer(at, 'secret', 'secretName');
    if (secret.secretName !== undefined) finding(here, subdomainFault(secret.secretName), 'Correct the name', report);
    checkItems(secret.items, pointer(at, 'secret', 'items'), report);
  }
  if (persistentVolumeClaim?.claimName !== undefined) {
    const here = pointer(at, 'persistentVolumeClaim', 'claimName');
    finding(here, subdomainFault(persistentVolumeClaim.claimName), 'Correct the name', report);
  }
}

function checkHostPath(path: string, at: string, report: Report): void {
  const wrong = !path.startsWith('/')
    ? 'an absolute path'
    : path.split('/').includes('..')
      ? 'a path without ".."'
      : undefined;
  finding(at, wrong && `found ${quote(path)}, expected ${wrong}`, 'Correct the path on the host', report);
}

function checkItems(items: readonly V1KeyToPath[] | undefined, at: string, report: Report): void {
  for (const [i, { key, path }] of (items ?? []).entries()) {
    if (key !== undefined) finding(pointer(at, i, 'key'), fileKeyFault(key), 'Correct the key', report);
    if (path === undefined) continue;
    // `..data` and its like are the links by which the files are swapped.
    const wrong =
      path === ''
        ? 'found "", expected a path'
        : path.startsWith('..')
          ? `found ${quote(path)}, expected a path that does not begin with ".."`
          : innerPathFault(path);
    finding(pointer(at, i, 'path'), wrong, 'Name a path inside the volume', report);
  }
}
