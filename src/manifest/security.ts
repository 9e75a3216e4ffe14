import type { V1SeccompProfile, V1SecurityContext } from '@kubernetes/client-node';
import { innerPathFault } from './formats.ts';
import { finding } from './metadata.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

/** Checks the security context of a container. */
export function checkSecurity(context: V1SecurityContext | undefined, at: string, report: Report): void {
  if (!context) return;
  if (context.allowPrivilegeEscalation === false) {
    const adds = (context.capabilities?.add ?? []).map(name => name.toUpperCase().replace(/^CAP_/, ''));
    const why = context.privileged
      ? '"privileged"'
      : adds.includes('SYS_ADMIN')
        ? 'the capability "SYS_ADMIN"'
        : undefined;
    if (why) {
      const found = `it cannot be false together with ${why}`;
      report(pointer(at, 'allowPrivilegeEscalation'), { code: 'FIELD_CONFLICT', found, hint: 'Remove one of the two' });
    }
  }
  if (context.runAsNonRoot && context.runAsUser === 0) {
    const found = 'it cannot be 0 together with "runAsNonRoot"';
    report(pointer(at, 'runAsUser'), { code: 'FIELD_CONFLICT', found, hint: 'Name a user other than root' });
  }
  checkSeccomp(context.seccompProfile, pointer(at, 'seccompProfile'), report);
}

/** Checks a seccomp profile: a file is named exactly when the type is Localhost. */
export function checkSeccomp(profile: V1SeccompProfile | undefined, at: string, report: Report): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  const here = pointer(at, 'localhostProfile');
  if (type === 'Localhost' && !localhostProfile) {
    report(at, { code: 'FIELD_REQUIRED', found: '"localhostProfile" is missing', hint: 'Add the path of the profile' });
  } else if (type !== 'Localhost' && localhostProfile) {
    report(here, {
      code: 'FIELD_CONFLICT',
      found: 'it needs the type "Localhost"',
      hint: 'Remove it, or change the type',
    });
  }
  if (localhostProfile)
    finding(here, innerPathFault(localhostProfile), 'Name a path below the directory of profiles', report);
}
