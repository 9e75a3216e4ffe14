import type { V1LabelSelector } from '@kubernetes/client-node';
import { conflict, finding } from './finding.ts';
import { labelValueFault, qualifiedFault } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

type Requirement = NonNullable<V1LabelSelector['matchExpressions']>[number];

/** Checks a map of labels. */
export function checkLabelMap(labels: Readonly<Record<string, string>> | undefined, at: string, report: Report): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    finding(pointer(at, key), qualifiedFault(key), 'Correct the key of the label', report);
    finding(pointer(at, key), labelValueFault(value), 'Correct the value, or make it an annotation', report);
  }
}

/** Checks the form of a selector of labels. */
export function checkSelector(selector: V1LabelSelector | undefined, at: string, report: Report): void {
  checkLabelMap(selector?.matchLabels, pointer(at, 'matchLabels'), report);
  for (const [i, requirement] of (selector?.matchExpressions ?? []).entries()) {
    checkRequirement(requirement, pointer(at, 'matchExpressions', i), report);
  }
}

/** Checks one expression of a selector of labels; false where its operator and values do not fit. */
export function checkRequirement({ key, operator, values = [] }: Requirement, at: string, report: Report): boolean {
  if (key) finding(pointer(at, 'key'), qualifiedFault(key), 'Correct the key of the label', report);
  for (const [i, value] of values.entries()) {
    finding(pointer(at, 'values', i), labelValueFault(value), 'Correct the value', report);
  }
  const needsValues = operator === 'In' || operator === 'NotIn';
  const takesNone = operator === 'Exists' || operator === 'DoesNotExist';
  if ((needsValues && values.length === 0) || (takesNone && values.length > 0)) {
    const found = `"${operator}" ${needsValues ? 'needs' : 'takes no'} values`;
    conflict(at, found, 'Correct the operator or the values', report);
    return false;
  }
  return true;
}

/** Pointers below a selector's own to the parts of it that labels do not match. */
export function mismatches(selector: V1LabelSelector, labels: Readonly<Record<string, string>>): readonly string[] {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return [
    ...Object.entries(matchLabels)
      .filter(([key, value]) => !Object.hasOwn(labels, key) || labels[key] !== value)
      .map(([key]) => pointer('', 'matchLabels', key)),
    ...matchExpressions.flatMap((each, i) => (matches(each, labels) ? [] : [pointer('', 'matchExpressions', i)])),
  ];
}

/** Whether a selector names anything that it selects by. */
export function isEmpty({ matchLabels = {}, matchExpressions = [] }: V1LabelSelector): boolean {
  return Object.keys(matchLabels).length + matchExpressions.length === 0;
}

function matches({ key, operator, values = [] }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const has = Object.hasOwn(labels, key);
  const listed = has && values.includes(labels[key] ?? '');
  // Another operator is reported as such.
  return { In: listed, NotIn: !listed, Exists: has, DoesNotExist: !has }[operator] ?? true;
}
