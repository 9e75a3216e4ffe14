import type { V1Deployment, V1LabelSelector } from '@kubernetes/client-node';
import { quote } from './formats.ts';
import { checkLabelMap, checkLabels } from './metadata.ts';
import { pointer } from './place.ts';
import { checkPod } from './pod.ts';
import { takesHostPort } from './port.ts';
import type { Report } from './report.ts';

/** Checks a Deployment beyond its own metadata. */
export function checkDeployment({ spec }: V1Deployment, report: Report): void {
  if (!spec) return;
  const { selector, template } = spec;
  if (selector) checkSelector(selector, template?.metadata?.labels ?? {}, '/spec/selector', report);
  checkStrategy(spec.strategy, report);
  if (template?.metadata) checkLabels(template.metadata, '/spec/template/metadata', report);
  const pod = template?.spec;
  if (!pod) return;
  checkPod(pod, '/spec/template/spec', report);
  if (pod.restartPolicy !== 'Always') {
    const found = `found ${quote(String(pod.restartPolicy))}, expected "Always"`;
    report('/spec/template/spec/restartPolicy', {
      code: 'FIELD_VALUE',
      found,
      hint: 'Use a Pod for what runs only once',
    });
  }
  if ((spec.replicas ?? 1) > 1 && takesHostPort(pod)) {
    const found = `${spec.replicas} pods cannot share one host port`;
    report('/spec/replicas', {
      code: 'FIELD_CONFLICT',
      found,
      hint: 'Use 1 replica, or remove "hostPort" and "hostNetwork"',
    });
  }
}

function checkSelector(
  selector: V1LabelSelector,
  labels: Readonly<Record<string, string>>,
  at: string,
  report: Report,
): void {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  checkLabelMap(matchLabels, pointer(at, 'matchLabels'), report);
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) {
    report(at, {
      code: 'FIELD_REQUIRED',
      found: 'it selects nothing',
      hint: 'Add matchLabels like the labels of the template',
    });
  }
  for (const [key, value] of Object.entries(matchLabels)) {
    if (Object.hasOwn(labels, key) && labels[key] === value) continue;
    mismatch(pointer(at, 'matchLabels', key), `the template has no label ${quote(`${key}: ${value}`)}`, report);
  }
  for (const [i, { key, operator, values = [] }] of matchExpressions.entries()) {
    const here = pointer(at, 'matchExpressions', i);
    const needsValues = operator === 'In' || operator === 'NotIn';
    if (needsValues !== values.length > 0) {
      const found = `"${operator}" ${needsValues ? 'needs' : 'takes no'} values`;
      report(here, { code: 'FIELD_CONFLICT', found, hint: 'Correct the operator or the values' });
      continue;
    }
    const has = Object.hasOwn(labels, key);
    const listed = has && values.includes(labels[key] ?? '');
    const matches = { In: listed, NotIn: !listed, Exists: has, DoesNotExist: !has }[operator];
    if (matches === false) mismatch(here, 'the labels of the template do not match it', report);
  }
}

function mismatch(at: string, found: string, report: Report): void {
  report(at, { code: 'FIELD_CONFLICT', found, hint: 'Give spec.template.metadata.labels what the selector asks for' });
}

function checkStrategy(strategy: NonNullable<V1Deployment['spec']>['strategy'], report: Report): void {
  if (strategy?.type === 'Recreate' && strategy.rollingUpdate) {
    const found = 'it cannot stand together with the type "Recreate"';
    report('/spec/strategy/rollingUpdate', { code: 'FIELD_CONFLICT', found, hint: 'Remove one of the two' });
  }
}
