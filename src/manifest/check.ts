import type { Kind } from '../model/key.ts';
import { checkClaim } from './claim.ts';
import { checkConfigMap } from './config.ts';
import { checkDeployment } from './deployment.ts';
import { checkMetadata } from './metadata.ts';
import type { KindTypes } from './object.ts';
import { checkPod } from './pod.ts';
import type { Report } from './report.ts';
import { checkSecret } from './secret.ts';

const checks: { readonly [K in Kind]: (object: KindTypes[K], report: Report) => void } = {
  Pod: ({ spec }, report) => spec && checkPod(spec, '/spec', report),
  Deployment: checkDeployment,
  ConfigMap: checkConfigMap,
  Secret: checkSecret,
  PersistentVolumeClaim: checkClaim,
};

/** Checks what the API server checks beyond the schema. The types must hold; fields may be missing. */
export function checkObject<K extends Kind>(kind: K, object: KindTypes[K], report: Report): void {
  const spec = 'spec' in object ? (object.spec as { readonly replicas?: number } | undefined) : undefined;
  if (object.metadata) checkMetadata(kind, object.metadata, spec?.replicas, report);
  checks[kind](object, report);
}
