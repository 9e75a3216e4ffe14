import { type Changes, single, values } from './damage.ts';

const scheduling = [
  ...values('spec.nodeSelector', { 'a b': 'c' }, { a: 'b c' }),
  ...values('spec.tolerations[0].operator', 'equal', 'In'),
  ...values('spec.tolerations[0].effect', 'NoSleep', 'NoSchedule', ''),
  ...values('spec.tolerations[0].key', '', 'a b', undefined),
  ...values('spec.tolerations[0].value', 'a b'),
  ...values('spec.tolerations[1].value', 'a'),
  ...values('spec.tolerations[1].operator', undefined, 'Equal'),
  ...values('spec.preemptionPolicy', '', 'never'),
  ...[undefined, '', 'system-node-critical'].map(
    (name): Changes => [
      ['spec.priority', 5],
      ['spec.priorityClassName', name],
    ],
  ),
  ...values('spec.readinessGates[0].conditionType', '', 'a b'),
  ...values('spec.schedulingGates[0].name', '', 'a b'),
  ...values('spec.schedulingGates[1]', { name: 'example.com/wait' }),
  ...single(['spec.nodeName', 'node-1']),
  ...['spec.affinity.nodeAffinity'].flatMap(at => {
    const must = `${at}.requiredDuringSchedulingIgnoredDuringExecution`;
    const should = `${at}.preferredDuringSchedulingIgnoredDuringExecution[0]`;
    const terms = `${must}.nodeSelectorTerms`;
    return [
      ...values(terms, undefined, []),
      ...values(`${terms}[0].matchExpressions[0].operator`, 'in', '', undefined, 'Exists', 'Gt'),
      ...values(`${terms}[0].matchExpressions[0].values`, [], undefined, ['a b']),
      ...values(`${terms}[0].matchExpressions[0].key`, '', 'a b'),
      ...values(`${terms}[0].matchExpressions[1].values`, [], ['1', '2']),
      ...values(`${terms}[0].matchExpressions[2].values`, ['a']),
      ...values(`${terms}[0].matchFields[0].key`, 'metadata.uid', ''),
      ...values(`${terms}[0].matchFields[0].operator`, 'Exists', 'Gt'),
      ...values(`${terms}[0].matchFields[0].values`, [], ['a', 'b'], ['A']),
      ...values(`${should}.weight`, 0, 101, -1, undefined),
      ...values(`${should}.preference.matchExpressions[0].operator`, 'Any'),
    ];
  }),
  ...['spec.affinity.podAntiAffinity'].flatMap(at => {
    const must = `${at}.requiredDuringSchedulingIgnoredDuringExecution[0]`;
    const should = `${at}.preferredDuringSchedulingIgnoredDuringExecution[0]`;
    return [
      ...values(`${must}.topologyKey`, '', undefined, 'a b'),
      ...values(`${must}.namespaces`, ['A'], ['']),
      ...values(`${must}.labelSelector`, undefined, { matchLabels: { a: 'b c' } }),
      ...values(`${must}.matchLabelKeys`, ['tenant'], ['app'], ['a b']),
      ...values(`${must}.namespaceSelector`, { matchExpressions: [{ key: 'a', operator: 'In' }] }),
      ...values(`${should}.weight`, 0, 101),
      ...values(`${should}.podAffinityTerm`, undefined, {}),
    ];
  }),
  ...['spec.topologySpreadConstraints[0]'].flatMap(at => [
    ...values(`${at}.maxSkew`, 0, -1, undefined),
    ...values(`${at}.minDomains`, 0, -2),
    ...values(`${at}.topologyKey`, '', undefined),
    ...values(`${at}.whenUnsatisfiable`, '', 'Whatever', 'ScheduleAnyway', undefined),
    ...values(`${at}.nodeTaintsPolicy`, 'honor'),
    ...values(`${at}.matchLabelKeys`, ['app'], ['a b']),
    ...values(`${at}.labelSelector`, undefined),
  ]),
  ...values(
    'spec.topologySpreadConstraints',
    Array(2).fill({ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway' }),
  ),
  ...values('spec.overhead', { cpu: -1 }, { storage: 1 }),
  ...values('spec.os', {}, { name: '' }, { name: 'plan9' }, { name: 'windows' }),
];

/** What a server refuses of where a pod is to run, one damage each. */
export const refusedScheduling: readonly Changes[] = [scheduling].flat();
