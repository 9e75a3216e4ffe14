import type { V1Container, V1VolumeMount } from '@kubernetes/client-node';
import { innerPathFault, quote } from './formats.ts';
import { finding } from './metadata.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { nearest } from './suggest.ts';
import { checkUnique } from './unique.ts';

/** Checks the mounts of a container against the volumes of its pod. */
export function checkMounts(container: V1Container, at: string, volumes: ReadonlySet<string>, report: Report): void {
  const mounts = container.volumeMounts ?? [];
  checkUnique(
    mounts.map(({ mountPath }, i) => ({ at: pointer(at, 'volumeMounts', i, 'mountPath'), value: tidy(mountPath) })),
    'the mount path',
    report,
  );
  for (const [i, mount] of mounts.entries()) {
    const here = pointer(at, 'volumeMounts', i);
    checkVolumeName(mount, here, volumes, report);
    checkPaths(mount, here, report);
    if (mount.mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
      const found = '"Bidirectional" needs a privileged container';
      const hint = 'Set securityContext.privileged, or use "HostToContainer"';
      report(pointer(here, 'mountPropagation'), { code: 'FIELD_CONFLICT', found, hint });
    }
  }
}

function checkVolumeName({ name }: V1VolumeMount, at: string, volumes: ReadonlySet<string>, report: Report): void {
  if (name === undefined || volumes.has(name)) return;
  const meant = nearest(name, volumes);
  report(pointer(at, 'name'), {
    code: 'REFERENCE_MISSING',
    found: `the pod has no volume ${quote(name)}`,
    hint: meant ? `Did you mean "${meant}"` : 'Add it to the volumes of the pod',
  });
}

function checkPaths({ mountPath, subPath }: V1VolumeMount, at: string, report: Report): void {
  if (mountPath !== undefined) {
    const wrong = mountPath.includes(':')
      ? 'a path without ":"'
      : mountPath.startsWith('/')
        ? undefined
        : 'an absolute path';
    const found = wrong && `found ${quote(mountPath)}, expected ${wrong}`;
    finding(pointer(at, 'mountPath'), found, 'Correct the path inside the container', report);
  }
  if (subPath) finding(pointer(at, 'subPath'), innerPathFault(subPath), 'Name a path inside the volume', report);
}

/** `/a/` and `/a` are one place. */
function tidy(path: string | undefined): string | undefined {
  return path?.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
}
