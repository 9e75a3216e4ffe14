import type { V1Container, V1ObjectMeta, V1PodSpec } from '@kubernetes/client-node';
import type { SecurityLevel } from '../model/security-level.ts';
import { baseline, overridden } from './security-baseline.ts';
import { restricted } from './security-restricted.ts';
import type { Check, Violation } from './violation.ts';

const checks: Readonly<Record<SecurityLevel, readonly Check[]>> = {
  privileged: [],
  baseline: [...baseline, ...overridden],
  restricted: [...baseline, ...restricted],
};

/** What a pod breaks of a level, by the rules of 1.36 for Linux. */
export function violationsOf(
  level: SecurityLevel,
  metadata: V1ObjectMeta | undefined,
  spec: V1PodSpec,
): readonly Violation[] {
  const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const;
  const containers = lists.flatMap(list =>
    (spec[list] ?? []).map((container, i) => ({ container: container as V1Container, at: `/${list}/${i}` })),
  );
  return checks[level].flatMap(check => check({ metadata, spec, containers }) ?? []);
}
