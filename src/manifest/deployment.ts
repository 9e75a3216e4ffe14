import type { V1Deployment, V1DeploymentStrategy } from '@kubernetes/client-node';
import { conflict, finding, unusable } from './finding.ts';
import { quote } from './formats.ts';
import { takesHostPort } from './port.ts';
import type { Report } from './report.ts';
import { checkLasting, checkOwnSelector, checkTemplate } from './workload.ts';

const template = '/spec/template';
const strategyAt = '/spec/strategy';
/** What a roll-out may take without progress where nothing is said, in seconds. */
const defaultDeadline = 600;

/** Checks a Deployment beyond its own metadata. */
export function checkDeployment({ spec }: V1Deployment, report: Report): void {
  if (!spec) return;
  checkOwnSelector(spec, '/spec/selector', report);
  checkTemplate(spec.template, template, report);
  if (spec.template) checkLasting(spec.template, template, report);
  if (spec.strategy) checkStrategy(spec.strategy, report);
  const { minReadySeconds = 0, progressDeadlineSeconds = defaultDeadline } = spec;
  if (progressDeadlineSeconds <= minReadySeconds) {
    const found = `found ${progressDeadlineSeconds}, expected more than "minReadySeconds", which is ${minReadySeconds}`;
    conflict('/spec/progressDeadlineSeconds', found, 'Raise it, or lower the other', report);
  }
  if ((spec.replicas ?? 1) > 1 && spec.template?.spec && takesHostPort(spec.template.spec)) {
    const found = `${spec.replicas} pods of one host cannot share its port`;
    unusable('/spec/replicas', found, 'Use 1 replica, or remove "hostPort" and "hostNetwork"', report);
  }
}

function checkStrategy({ rollingUpdate, type }: V1DeploymentStrategy, report: Report): void {
  if (!rollingUpdate) return;
  const at = `${strategyAt}/rollingUpdate`;
  if (type === 'Recreate') {
    conflict(at, 'it cannot stand together with the type "Recreate"', 'Remove one of the two', report);
    return;
  }
  const { maxSurge = '25%', maxUnavailable = '25%' } = rollingUpdate as {
    maxSurge?: unknown;
    maxUnavailable?: unknown;
  };
  checkShare(maxSurge, `${at}/maxSurge`, report);
  checkShare(maxUnavailable, `${at}/maxUnavailable`, report);
  if (typeof maxUnavailable === 'string' && Number.parseInt(maxUnavailable, 10) > 100) {
    finding(`${at}/maxUnavailable`, `found ${quote(maxUnavailable)}, expected at most "100%"`, 'Correct it', report);
  }
  if (isZero(maxSurge) && isZero(maxUnavailable)) {
    conflict(at, '"maxSurge" and "maxUnavailable" cannot both be 0', 'Raise one of the two', report);
  }
}

function checkShare(share: unknown, at: string, report: Report): void {
  const fits = typeof share === 'string' ? /^\d+%$/.test(share) : typeof share !== 'number' || share >= 0;
  const found = fits ? undefined : `found ${JSON.stringify(share)}, expected a number of pods, or a share as in "25%"`;
  finding(at, found, 'Correct the number', report);
}

function isZero(share: unknown): boolean {
  return share === 0 || (typeof share === 'string' && /^0+%$/.test(share));
}
