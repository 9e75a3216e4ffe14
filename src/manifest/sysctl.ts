import type { V1PodSpec } from '@kubernetes/client-node';
import { conflict, finding } from './finding.ts';
import { quote } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { checkUnique } from './unique.ts';

const form = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const longest = 253;
/** Sysctls that each namespace has of its own (sysctl(8)), and the field that takes the host's instead. */
const namespaced = [
  ['hostNetwork', /^net[./]/],
  ['hostIPC', /^(kernel[./](shm|msg|sem$)|fs[./]mqueue[./])/],
] as const;

/** Checks the sysctls of a pod that stand at `at`. */
export function checkSysctls(spec: V1PodSpec, at: string, report: Report): void {
  const sysctls = spec.securityContext?.sysctls ?? [];
  checkUnique(
    sysctls.map(({ name }, i) => ({ at: pointer(at, i, 'name'), value: name || undefined })),
    'the sysctl',
    report,
  );
  for (const [i, { name }] of sysctls.entries()) {
    if (!name) continue;
    const here = pointer(at, i, 'name');
    if (name.length > longest || !form.test(name)) {
      finding(here, `found ${quote(name)}, expected a name such as "net.core.somaxconn"`, 'Correct the name', report);
      continue;
    }
    for (const [field, ofNamespace] of namespaced) {
      if (!spec[field] || !ofNamespace.test(name)) continue;
      const found = `"${name}" would change the host, as "${field}" is true`;
      conflict(here, found, `Set it on the host, or remove "${field}"`, report);
    }
  }
}
