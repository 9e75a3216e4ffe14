import { seccompUnconfined } from './security-baseline.ts';
import {
  type Check,
  type CheckedPod,
  capabilitiesOf,
  plural,
  quoted,
  settersAt,
  settersOf,
  told,
  type Violation,
  type Volume,
  violation,
  volumesOf,
} from './violation.ts';

const harmlessVolumes =
  'name configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret'.split(' ');

/** What hardening asks for beyond the baseline (Pod Security Standards, Restricted). */
export const restricted: readonly Check[] = [
  ({ containers }) =>
    told(
      'allowPrivilegeEscalation != false',
      containers,
      ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
      { detail: who => `${who} must set securityContext.allowPrivilegeEscalation=false` },
    ),
  capabilities,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  pod => seccompUnconfined(pod) ?? seccompMissing(pod),
];

function capabilities(pod: CheckedPod): Violation | undefined {
  const reason = 'unrestricted capabilities';
  const kept = told(
    reason,
    pod.containers,
    ({ securityContext }) => !(securityContext?.capabilities?.drop ?? []).includes('ALL'),
    { detail: who => `${who} must set securityContext.capabilities.drop=["ALL"]` },
  );
  const added = capabilitiesOf(reason, name => name === 'NET_BIND_SERVICE')(pod);
  if (kept === undefined || added === undefined) return kept ?? added;
  return { reason, detail: `${kept.detail}; ${added.detail}`, at: kept.at };
}

function restrictedVolumes(pod: CheckedPod): Violation | undefined {
  const typeOf = (volume: Volume): string => Object.keys(volume).find(key => !harmlessVolumes.includes(key)) ?? '';
  const types = [...new Set((pod.spec.volumes ?? []).map(typeOf))].filter(type => type !== '').sort();
  const verb = (pod.spec.volumes ?? []).filter(volume => typeOf(volume) !== '').length === 1 ? 'uses' : 'use';
  const detail = (names: string): string =>
    `${names} ${verb} restricted volume ${plural('type', types.length)} ${quoted(types)}`;
  return volumesOf('restricted volume types', volume => typeOf(volume) !== '', detail)(pod);
}

function runAsNonRoot({ spec, containers }: CheckedPod): Violation | undefined {
  const reason = 'runAsNonRoot != true';
  const ofPod = spec.securityContext?.runAsNonRoot;
  const explicit = containers.filter(({ container }) => container.securityContext?.runAsNonRoot === false);
  const setters = settersOf(ofPod === false, explicit);
  if (setters !== '') {
    const at = settersAt(ofPod === false, explicit, '/securityContext/runAsNonRoot');
    return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false`, at };
  }
  const unset = containers.filter(({ container }) => container.securityContext?.runAsNonRoot === undefined);
  if (ofPod === true) return undefined;
  return violation(reason, unset, who => `pod or ${who} must set securityContext.runAsNonRoot=true`);
}

function runAsUser({ spec, containers }: CheckedPod): Violation | undefined {
  const isPodBad = spec.securityContext?.runAsUser === 0;
  const bad = containers.filter(({ container }) => container.securityContext?.runAsUser === 0);
  const setters = settersOf(isPodBad, bad);
  if (setters === '') return undefined;
  const at = settersAt(isPodBad, bad, '/securityContext/runAsUser');
  return { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0`, at };
}

function seccompMissing(pod: CheckedPod): Violation | undefined {
  if (pod.spec.securityContext?.seccompProfile?.type) return undefined;
  const bad = pod.containers.filter(({ container }) => !container.securityContext?.seccompProfile?.type);
  const types = '"RuntimeDefault" or "Localhost"';
  return violation(
    'seccompProfile',
    bad,
    who => `pod or ${who} must set securityContext.seccompProfile.type to ${types}`,
  );
}
