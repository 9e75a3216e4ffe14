import type { V1Container, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { conflict, finding, unusable } from './finding.ts';
import { innerPathFault, quote } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { nearest } from './suggest.ts';
import { checkUnique } from './unique.ts';

/** The volumes of a pod by their names. */
export type Volumes = ReadonlyMap<string, V1Volume>;

/** Checks the mounts of a container against the volumes of its pod. */
export function checkMounts(container: V1Container, at: string, volumes: Volumes, report: Report): void {
  const mounts = container.volumeMounts ?? [];
  if (mounts.length > 0) {
    const paths = mounts.map(({ mountPath }, i) => ({
      at: pointer(at, 'volumeMounts', i, 'mountPath'),
      value: mountPath || undefined,
    }));
    checkUnique(paths, 'the mount path', report);
    // `/a/` and `/a` are two paths to a server, and one place in a container.
    if (paths.some(({ value }) => value !== undefined && value !== tidy(value))) {
      const tidied = new Map(paths.map(path => [path.value, { ...path, value: path.value && tidy(path.value) }]));
      checkUnique([...tidied.values()], 'the mount path', (pointer, each) =>
        report(pointer, { ...each, code: 'FIELD_UNSUPPORTED' }),
      );
    }
  }
  for (const [i, mount] of mounts.entries()) {
    const here = pointer(at, 'volumeMounts', i);
    checkVolumeName(mount.name, here, volumes, report);
    checkPaths(mount, here, report);
    checkModes(mount, container, here, report);
  }
  checkDevices(container, at, volumes, report);
}

function checkVolumeName(name: string | undefined, at: string, volumes: Volumes, report: Report): void {
  if (!name || volumes.has(name)) return;
  const meant = nearest(name, volumes.keys());
  report(pointer(at, 'name'), {
    code: 'REFERENCE_MISSING',
    found: `the pod has no volume ${quote(name)}`,
    hint: meant ? `Did you mean "${meant}"` : 'Add it to the volumes of the pod',
  });
}

function checkPaths({ mountPath, subPath, subPathExpr }: V1VolumeMount, at: string, report: Report): void {
  if (mountPath) {
    const wrong = mountPath.includes(':')
      ? 'a path without ":"'
      : mountPath.startsWith('/')
        ? undefined
        : 'an absolute path';
    const found = wrong && `found ${quote(mountPath)}, expected ${wrong}`;
    unusable(pointer(at, 'mountPath'), found, 'Correct the path inside the container', report);
  }
  if (subPath) finding(pointer(at, 'subPath'), innerPathFault(subPath), 'Name a path inside the volume', report);
  if (!subPathExpr) return;
  finding(pointer(at, 'subPathExpr'), innerPathFault(subPathExpr), 'Name a path inside the volume', report);
  if (subPath) {
    conflict(pointer(at, 'subPathExpr'), 'it cannot stand together with "subPath"', 'Keep one of the two', report);
  }
}

function checkModes(mount: V1VolumeMount, container: V1Container, at: string, report: Report): void {
  const { mountPropagation, readOnly, recursiveReadOnly } = mount;
  if (mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
    const hint = 'Set securityContext.privileged, or use "HostToContainer"';
    conflict(pointer(at, 'mountPropagation'), '"Bidirectional" needs a privileged container', hint, report);
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  const here = pointer(at, 'recursiveReadOnly');
  if (!readOnly) conflict(here, 'it needs "readOnly: true"', 'Add "readOnly: true"', report);
  if (mountPropagation !== undefined && mountPropagation !== 'None') {
    conflict(here, 'it cannot stand together with "mountPropagation"', 'Remove one of the two', report);
  }
}

function checkDevices(container: V1Container, at: string, volumes: Volumes, report: Report): void {
  const { volumeDevices = [], volumeMounts = [] } = container;
  if (volumeDevices.length === 0) return;
  const names = new Set(volumeMounts.map(each => each.name));
  const paths = new Set(volumeMounts.map(each => each.mountPath));
  for (const [i, { devicePath, name }] of volumeDevices.entries()) {
    const here = pointer(at, 'volumeDevices', i);
    checkVolumeName(name, here, volumes, report);
    takeOnce(name, names, 'the volume', pointer(here, 'name'), report);
    takeOnce(devicePath, paths, 'the path', pointer(here, 'devicePath'), report);
    const volume = volumes.get(name);
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
      const found = `${quote(name)} is no claim`;
      finding(pointer(here, 'name'), found, 'Use a volume of a PersistentVolumeClaim', report);
    }
    if (devicePath?.split('/').includes('..')) {
      const found = `found ${quote(devicePath)}, expected a path without ".."`;
      finding(pointer(here, 'devicePath'), found, 'Correct the path', report);
    }
  }
}

function takeOnce(value: string, taken: Set<string>, what: string, at: string, report: Report): void {
  if (taken.has(value)) {
    report(at, {
      code: 'DUPLICATE_NAME',
      found: `${what} ${quote(value)} is taken already`,
      hint: 'Give each its own',
    });
  }
  taken.add(value);
}

function tidy(path: string): string {
  if (!path.includes('//') && !path.endsWith('/')) return path;
  return path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
}
