import type { V1Volume } from '@kubernetes/client-node';
import { checkClaimTemplate } from './claim.ts';
import { exactlyOne, finding, missing, unusable } from './finding.ts';
import { labelFault, quote, subdomainFault } from './formats.ts';
import { definitions } from './generated/validators.js';
import { pointer } from './place.ts';
import { checkDownwardFiles, checkItems, checkProjected } from './projected.ts';
import type { Report } from './report.ts';
import { checkStorage } from './storage.ts';
import { checkUnique } from './unique.ts';

const sources = Object.keys(definitions.Volume ?? {}).filter(field => field !== 'name');

/** Checks the volumes of a pod. `podName` is undefined in templates: claims made for a pod are named after it. */
export function checkVolumes(
  volumes: readonly V1Volume[],
  podName: string | undefined,
  at: string,
  report: Report,
): void {
  if (volumes.length === 0) return;
  checkUnique(
    volumes.map(({ name }, i) => ({ at: pointer(at, i, 'name'), value: name || undefined })),
    'the volume name',
    report,
  );
  const made = new Set(volumes.flatMap(each => (each.ephemeral && podName ? [`${podName}-${each.name}`] : [])));
  for (const [i, volume] of volumes.entries()) {
    const here = pointer(at, i);
    checkVolume(volume, here, report);
    const name = volume.persistentVolumeClaim?.claimName;
    if (name !== undefined && made.has(name)) {
      const found = `the claim ${quote(name)} is made for another volume of the pod`;
      finding(pointer(here, 'persistentVolumeClaim', 'claimName'), found, 'Name a claim of its own', report);
    }
    // Templates may leave it to what completes them.
    if (podName !== undefined && volume.image && !volume.image.reference) {
      missing(pointer(here, 'image'), 'reference', 'Add the name of the image', report);
    }
    const claim = volume.ephemeral && podName ? `${podName}-${volume.name}` : undefined;
    if (claim) finding(pointer(here, 'name'), subdomainFault(claim), 'Shorten the name of the volume', report);
  }
}

function checkVolume(volume: V1Volume, at: string, report: Report): void {
  if (volume.name) finding(pointer(at, 'name'), labelFault(volume.name), 'Rename the volume', report);
  // Without a source it is an emptyDir.
  if (Object.keys(volume).every(field => field === 'name')) return;
  if (!exactlyOne(volume, sources, ['name'], at, report)) return;
  const { configMap, downwardAPI, emptyDir, ephemeral, hostPath, projected, secret } = volume;
  if (hostPath) checkHostPath(hostPath.path, pointer(at, 'hostPath', 'path'), report);
  else if (configMap) checkItems(configMap.items, pointer(at, 'configMap', 'items'), report);
  else if (secret) checkItems(secret.items, pointer(at, 'secret', 'items'), report);
  else if (emptyDir) checkSizeLimit(emptyDir.sizeLimit, pointer(at, 'emptyDir', 'sizeLimit'), report);
  else if (projected) checkProjected(projected, pointer(at, 'projected'), report);
  else if (downwardAPI) checkDownwardFiles(downwardAPI.items, pointer(at, 'downwardAPI', 'items'), report);
  else if (ephemeral)
    checkClaimTemplate(ephemeral.volumeClaimTemplate, pointer(at, 'ephemeral', 'volumeClaimTemplate'), report);
  else checkStorage(volume, at, report);
}

function checkHostPath(path: string | undefined, at: string, report: Report): void {
  if (!path) return;
  if (path.split('/').includes('..')) {
    finding(at, `found ${quote(path)}, expected a path without ".."`, 'Correct the path on the host', report);
  } else if (!path.startsWith('/')) {
    unusable(at, `found ${quote(path)}, expected an absolute path`, 'Correct the path on the host', report);
  }
}

function checkSizeLimit(limit: string | undefined, at: string, report: Report): void {
  if (limit === undefined || !String(limit).trim().startsWith('-')) return;
  finding(at, `found ${quote(String(limit))}, expected no negative amount`, 'Correct the number', report);
}
