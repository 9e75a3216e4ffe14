import type { V1LabelSelector } from '@kubernetes/client-node';
import { conflict, finding } from './finding.ts';
import { quote } from './formats.ts';
import { checkLabels } from './metadata.ts';
import { checkPod, type PodLike } from './pod.ts';
import type { Report } from './report.ts';
import { checkSelector, isEmpty, mismatches } from './selector.ts';

/** What kinds that run pods have in common. */
export interface Workload {
  readonly selector?: V1LabelSelector;
  readonly template?: PodLike;
}

/** Checks the template of pods that stands at `at`. */
export function checkTemplate(template: PodLike | undefined, at: string, report: Report): void {
  if (!template) return;
  if (template.metadata) checkLabels(template.metadata, `${at}/metadata`, report);
  checkPod(template, false, at, report);
}

/** Checks that pods of a template always run again, as all but Jobs' do. */
export function checkLasting({ spec }: PodLike, at: string, report: Report): void {
  if (spec?.restartPolicy && spec.restartPolicy !== 'Always') {
    const found = `found ${quote(spec.restartPolicy)}, expected "Always"`;
    finding(`${at}/spec/restartPolicy`, found, 'Use a Pod or a Job for what runs only once', report);
  }
  if (spec?.activeDeadlineSeconds !== undefined) {
    const found = 'pods that are always replaced have no deadline';
    conflict(`${at}/spec/activeDeadlineSeconds`, found, 'Remove it, or use a Job', report);
  }
}

/** Checks that a selector names something, and that the template's labels match it. */
export function checkOwnSelector({ selector, template }: Workload, at: string, report: Report): void {
  if (!selector) return;
  checkSelector(selector, at, report);
  if (isEmpty(selector)) {
    const hint = 'Add matchLabels like the labels of the template';
    report(at, { code: 'FIELD_REQUIRED', found: 'it selects nothing', hint });
  }
  for (const place of mismatches(selector, template?.metadata?.labels ?? {})) {
    const hint = 'Give spec.template.metadata.labels what the selector asks for';
    conflict(`${at}${place}`, 'the labels of the template do not match it', hint, report);
  }
}
