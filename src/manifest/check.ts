import type { Kind } from '../model/key.ts';
import { volumeNameAnnotation } from '../model/names.ts';
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
  checkPlaces(kind, object.metadata?.annotations ?? {}, report);
  checks[kind](object, report);
}

/** Annotations of ours that are read of one kind alone. */
const ofKind: readonly { readonly name: string; readonly kind: Kind; readonly found: string; readonly hint: string }[] =
  [
    {
      name: afterAnnotation,
      kind: 'Pod',
      found: 'only pods have an order',
      hint: 'Give it to the pods that need this object',
    },
    {
      name: volumeNameAnnotation,
      kind: 'PersistentVolumeClaim',
      found: 'only claims have a volume',
      hint: 'Remove it',
    },
  ];

function checkPlaces(kind: Kind, annotations: Readonly<Record<string, string>>, report: Report): void {
  for (const { name, kind: wanted, found, hint } of ofKind) {
    if (kind === wanted || annotations[name] === undefined) continue;
    const isOfTemplate = kind === 'Deployment' && wanted === 'Pod';
    const at = pointer('/metadata', 'annotations', name);
    const mend = isOfTemplate ? 'Move it to spec.template.metadata' : hint;
    report(at, { code: 'FIELD_UNSUPPORTED', severity: 'warning', found, hint: mend });
  }
}

/** What the names of a Deployment's pods add to its own. */
function suffix({ spec }: KindTypes['Deployment']): string {
  return `-01234567-${Math.max(spec?.replicas ?? 1, 10)}`;
}
