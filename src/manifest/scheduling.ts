import type {
  V1Affinity,
  V1NodeSelectorTerm,
  V1PodAffinityTerm,
  V1PodSpec,
  V1Toleration,
  V1TopologySpreadConstraint,
} from '@kubernetes/client-node';
import { conflict, finding, missing } from './finding.ts';
import { labelFault, labelValueFault, qualifiedFault, quote, subdomainFault } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { checkLabelMap, checkRequirement, checkSelector } from './selector.ts';
import { checkUnique } from './unique.ts';

/** Checks what a pod says about nodes. It has no effect on one host, and still has to be right for a cluster. */
export function checkScheduling(spec: V1PodSpec, at: string, report: Report): void {
  if (spec.nodeSelector) checkLabelMap(spec.nodeSelector, pointer(at, 'nodeSelector'), report);
  for (const [i, each] of (spec.tolerations ?? []).entries())
    checkToleration(each, pointer(at, 'tolerations', i), report);
  if (spec.affinity) checkAffinity(spec.affinity, pointer(at, 'affinity'), report);
  if (spec.topologySpreadConstraints) {
    checkSpread(spec.topologySpreadConstraints, pointer(at, 'topologySpreadConstraints'), report);
  }
  for (const [i, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    if (!conditionType) continue;
    finding(
      pointer(at, 'readinessGates', i, 'conditionType'),
      qualifiedFault(conditionType),
      'Correct the name',
      report,
    );
  }
  checkGates(spec, pointer(at, 'schedulingGates'), report);
}

function checkGates({ nodeName, schedulingGates = [] }: V1PodSpec, at: string, report: Report): void {
  if (schedulingGates.length === 0) return;
  checkUnique(
    schedulingGates.map(({ name }, i) => ({ at: pointer(at, i), value: name })),
    'the gate',
    report,
  );
  for (const [i, { name }] of schedulingGates.entries()) {
    if (name) finding(pointer(at, i, 'name'), qualifiedFault(name), 'Correct the name', report);
  }
  if (nodeName) conflict(at, 'it cannot stand together with "nodeName"', 'Remove one of the two', report);
}

function checkToleration(toleration: V1Toleration, at: string, report: Report): void {
  const { effect, key, operator, tolerationSeconds, value = '' } = toleration;
  if (key) finding(pointer(at, 'key'), qualifiedFault(key), 'Correct the key of the taint', report);
  else if (operator !== 'Exists') missing(at, 'key', 'Add the key of the taint, or "operator: Exists" for any', report);
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    conflict(pointer(at, 'tolerationSeconds'), 'it needs "effect: NoExecute"', 'Add the effect, or remove it', report);
  }
  if (operator === 'Exists') {
    if (value) conflict(pointer(at, 'value'), '"Exists" takes no value', 'Remove it', report);
  } else if (operator === 'Gt' || operator === 'Lt') {
    const found = /^(0|-?[1-9]\d*)$/.test(value) ? undefined : `found ${quote(value)}, expected a whole number`;
    finding(pointer(at, 'value'), found, 'Correct the number', report);
  } else {
    finding(pointer(at, 'value'), labelValueFault(value), 'Correct the value', report);
  }
}

function checkAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: V1Affinity, at: string, report: Report): void {
  const node = pointer(at, 'nodeAffinity');
  const [must, should] = [
    'requiredDuringSchedulingIgnoredDuringExecution',
    'preferredDuringSchedulingIgnoredDuringExecution',
  ];
  const terms = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const [i, term] of terms.entries()) {
    checkNodeTerm(term, true, pointer(node, must ?? '', 'nodeSelectorTerms', i), report);
  }
  for (const [i, { preference }] of (nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    if (preference) checkNodeTerm(preference, false, pointer(node, should ?? '', i, 'preference'), report);
  }
  for (const [name, affinity] of Object.entries({ podAffinity, podAntiAffinity })) {
    for (const [i, term] of (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      checkPodTerm(term, pointer(at, name, must ?? '', i), report);
    }
    for (const [i, each] of (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      if (each.podAffinityTerm) {
        checkPodTerm(each.podAffinityTerm, pointer(at, name, should ?? '', i, 'podAffinityTerm'), report);
      }
    }
  }
}

/** Values that are no label values match nothing: where a term is only preferred, the server lets them pass. */
function checkNodeTerm(
  { matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm,
  must: boolean,
  at: string,
  report: Report,
): void {
  for (const [i, each] of matchExpressions.entries()) {
    const here = pointer(at, 'matchExpressions', i);
    checkRequirement(must ? each : { ...each, values: each.values?.map(() => '') ?? [] }, here, report);
    if ((each.operator === 'Gt' || each.operator === 'Lt') && each.values?.length !== 1) {
      conflict(here, `"${each.operator}" needs exactly one value`, 'Correct the values', report);
    }
  }
  for (const [i, { key, operator, values = [] }] of matchFields.entries()) {
    const here = pointer(at, 'matchFields', i);
    if (key && key !== 'metadata.name') {
      finding(pointer(here, 'key'), `found ${quote(key)}, expected "metadata.name"`, 'Correct the field', report);
    }
    const fits = (operator === 'In' || operator === 'NotIn') && values.length === 1;
    if (operator && !fits) conflict(here, 'it needs "In" or "NotIn" and one value', 'Correct it', report);
    for (const [j, value] of values.entries()) {
      finding(pointer(here, 'values', j), subdomainFault(value), 'Correct the name of the node', report);
    }
  }
}

function checkPodTerm(term: V1PodAffinityTerm, at: string, report: Report): void {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [], namespaces = [], topologyKey } = term;
  checkSelector(labelSelector, pointer(at, 'labelSelector'), report);
  checkSelector(term.namespaceSelector, pointer(at, 'namespaceSelector'), report);
  if (topologyKey) finding(pointer(at, 'topologyKey'), qualifiedFault(topologyKey), 'Correct the key', report);
  for (const [i, name] of namespaces.entries()) {
    finding(pointer(at, 'namespaces', i), labelFault(name), 'Correct the namespace', report);
  }
  checkKeys(matchLabelKeys, term, pointer(at, 'matchLabelKeys'), report);
  checkKeys(mismatchLabelKeys, term, pointer(at, 'mismatchLabelKeys'), report);
  for (const [i, key] of matchLabelKeys.entries()) {
    const here = pointer(at, 'matchLabelKeys', i);
    if (mismatchLabelKeys.includes(key)) conflict(here, 'it stands in "mismatchLabelKeys", too', 'Keep one', report);
    if (selectedKeys(labelSelector).includes(key)) conflict(here, 'the selector has it, too', 'Keep one', report);
  }
}

function checkSpread(constraints: readonly V1TopologySpreadConstraint[], at: string, report: Report): void {
  checkUnique(
    constraints.map(({ topologyKey, whenUnsatisfiable }, i) => ({
      at: pointer(at, i),
      value: `${topologyKey} ${whenUnsatisfiable}`,
    })),
    'the constraint',
    report,
  );
  for (const [i, constraint] of constraints.entries()) {
    const { labelSelector, matchLabelKeys = [], minDomains, whenUnsatisfiable } = constraint;
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule') {
      const found = 'it needs "whenUnsatisfiable: DoNotSchedule"';
      conflict(pointer(at, i, 'minDomains'), found, 'Remove it, or change the other', report);
    }
    checkSelector(labelSelector, pointer(at, i, 'labelSelector'), report);
    checkKeys(matchLabelKeys, constraint, pointer(at, i, 'matchLabelKeys'), report);
    for (const [j, key] of matchLabelKeys.entries()) {
      if (!selectedKeys(labelSelector).includes(key)) continue;
      conflict(pointer(at, i, 'matchLabelKeys', j), 'the selector has it, too', 'Keep one', report);
    }
  }
}

function checkKeys(
  keys: readonly string[],
  { labelSelector }: Pick<V1PodAffinityTerm, 'labelSelector'>,
  at: string,
  report: Report,
): void {
  if (keys.length > 0 && !labelSelector) conflict(at, 'it needs a "labelSelector"', 'Add one, or remove it', report);
  for (const [i, key] of keys.entries()) {
    finding(pointer(at, i), qualifiedFault(key), 'Correct the key of the label', report);
  }
}

function selectedKeys(selector: V1PodAffinityTerm['labelSelector']): readonly string[] {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)];
}
