import type {
  V1AppArmorProfile,
  V1SeccompProfile,
  V1SecurityContext,
  V1WindowsSecurityContextOptions,
} from '@kubernetes/client-node';
import { conflict, finding, missing, unusable } from './finding.ts';
import { innerPathFault, quote, subdomainFault } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

/** Of the path of an AppArmor profile, in bytes: that of any path. */
const longestPath = 4095;

/** Checks the security context of a container. `hostUsers` is false where its pod has user ids of its own. */
export function checkSecurity(
  context: V1SecurityContext | undefined,
  hostUsers: boolean,
  at: string,
  report: Report,
): void {
  if (!context) return;
  if (context.allowPrivilegeEscalation === false) {
    // The server looks for this spelling alone.
    const admin = context.capabilities?.add?.includes('CAP_SYS_ADMIN');
    const why = context.privileged ? '"privileged"' : admin ? 'the capability "CAP_SYS_ADMIN"' : undefined;
    const found = `it cannot be false together with ${why}`;
    if (why) conflict(pointer(at, 'allowPrivilegeEscalation'), found, 'Remove one of the two', report);
  }
  if (context.runAsNonRoot && context.runAsUser === 0) {
    const found = 'it cannot be 0 together with "runAsNonRoot": the container would never start';
    unusable(pointer(at, 'runAsUser'), found, 'Name a user other than root', report);
  }
  if (context.procMount === 'Unmasked' && hostUsers) {
    const found = '"Unmasked" needs user ids of its own';
    conflict(pointer(at, 'procMount'), found, 'Add "hostUsers: false" to the pod', report);
  }
  checkProfiles(context, at, report);
}

/** Checks the profiles that a pod's context and a container's have alike. */
export function checkProfiles(
  context: {
    readonly seccompProfile?: V1SeccompProfile;
    readonly appArmorProfile?: V1AppArmorProfile;
    readonly windowsOptions?: V1WindowsSecurityContextOptions;
  },
  at: string,
  report: Report,
): void {
  const { appArmorProfile, seccompProfile, windowsOptions } = context;
  checkProfile(seccompProfile, pointer(at, 'seccompProfile'), report);
  const path = seccompProfile?.localhostProfile;
  if (path) {
    const here = pointer(at, 'seccompProfile', 'localhostProfile');
    finding(here, innerPathFault(path), 'Name a path below the directory of profiles', report);
  }
  checkProfile(appArmorProfile, pointer(at, 'appArmorProfile'), report);
  const name = appArmorProfile?.localhostProfile;
  if (name !== undefined && appArmorProfile?.type === 'Localhost') {
    const padded = name === '' || name !== name.trim() || Buffer.byteLength(name) > longestPath;
    const found = padded ? `found ${quote(name)}, expected a name without spaces around it` : undefined;
    finding(pointer(at, 'appArmorProfile', 'localhostProfile'), found, 'Correct the name of the profile', report);
  }
  if (windowsOptions) checkWindowsOptions(windowsOptions, pointer(at, 'windowsOptions'), report);
}

/** A profile is named exactly when the type is Localhost. */
function checkProfile(profile: V1SeccompProfile | undefined, at: string, report: Report): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  if (type === 'Localhost' && localhostProfile === undefined) {
    missing(at, 'localhostProfile', 'Add the path of the profile', report);
  } else if (type !== undefined && type !== 'Localhost' && localhostProfile !== undefined) {
    conflict(pointer(at, 'localhostProfile'), 'it needs the type "Localhost"', 'Remove it, or change the type', report);
  }
}

function checkWindowsOptions(options: V1WindowsSecurityContextOptions, at: string, report: Report): void {
  const { gmsaCredentialSpec, gmsaCredentialSpecName, runAsUserName } = options;
  if (gmsaCredentialSpecName !== undefined) {
    const fault = subdomainFault(gmsaCredentialSpecName);
    finding(pointer(at, 'gmsaCredentialSpecName'), fault, 'Correct the name', report);
  }
  if (gmsaCredentialSpec === '') missing(at, 'gmsaCredentialSpec', 'Remove it, or fill it in', report);
  if (runAsUserName === undefined) return;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const fits = /^[^\\\x00-\x1f\x7f]+(\\[^\\\x00-\x1f\x7f]+)?$/.test(runAsUserName);
  const found = fits ? undefined : `found ${quote(runAsUserName)}, expected "USER" or "DOMAIN\\\\USER"`;
  finding(pointer(at, 'runAsUserName'), found, 'Correct the name of the user', report);
}
