import type { Kind } from '../model/key.ts';
import { afterAnnotation } from '../model/order.ts';
import { checkClaim } from './claim.ts';
import { checkConfigMap } from './config.ts';
import { checkDeployment } from './deployment.ts';
import { checkMetadata } from './metadata.ts';
import type { KindTypes } from './object.ts';
import { pointer } from './place.ts';
import { checkPod } from './pod.ts';
import type { Report } from './report.ts';
import { checkSecret } from './secret.ts';

const checks: { readonly [K in Kind]: (object: KindTypes[K], report: Report) => void } = {
  Pod: (pod, report) => checkPod(pod, true, '', report),
  Deployment: checkDeployment,
  ConfigMap: checkConfigMap,
  Secret: checkSecret,
  PersistentVolumeClaim: checkClaim,
};

/** Checks what the API server checks beyond the schema. The types must hold; fields may be missing. */
export function checkObject<K extends Kind>(kind: K, object: KindTypes[K], report: Report): void {
  checkMetadata(object.metadata, kind === 'Deployment' ? suffix(object as KindTypes['Deployment']) : '', report);
  if (kind !== 'Pod') checkNoOrder(kind, object.metadata?.annotations, report);
  checks[kind](object, report);
}

/** It is the pods that wait. */
function checkNoOrder(kind: Kind, annotations: Readonly<Record<string, string>> | undefined, report: Report): void {
  if (annotations?.[afterAnnotation] === undefined) return;
  const hint =
    kind === 'Deployment' ? 'Move it to spec.template.metadata' : 'Give it to the pods that need this object';
  const at = pointer('/metadata', 'annotations', afterAnnotation);
  report(at, { code: 'FIELD_UNSUPPORTED', severity: 'warning', found: 'only pods have an order', hint });
}

/** What the names of a Deployment's pods add to its own. */
function suffix({ spec }: KindTypes['Deployment']): string {
  return `-01234567-${Math.max(spec?.replicas ?? 1, 10)}`;
}
