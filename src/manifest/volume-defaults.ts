import type { V1Volume } from '@kubernetes/client-node';

/** Mode of files of ConfigMaps, Secrets and the like. */
const defaultMode = 0o644;
/** How long a token of a service account is good for, in seconds. */
const tokenSeconds = 3600;

/** Fills in what the API server would in a volume; `pullPolicyOf` tells an image's. Changes the volume. */
export function fillVolume(volume: V1Volume, pullPolicyOf: (image: string) => string): void {
  // A volume that names no source is an emptyDir.
  if (Object.keys(volume).every(field => field === 'name')) volume.emptyDir = {};
  const { configMap, downwardAPI, emptyDir, hostPath, image, projected, secret } = volume;
  for (const files of [configMap, secret, projected, downwardAPI]) if (files) files.defaultMode ??= defaultMode;
  if (hostPath) hostPath.type ??= '';
  if (emptyDir?.sizeLimit !== undefined) emptyDir.sizeLimit = String(emptyDir.sizeLimit);
  if (image?.reference) image.pullPolicy ||= pullPolicyOf(image.reference);
  const files = [
    ...(downwardAPI?.items ?? []),
    ...(projected?.sources ?? []).flatMap(each => each.downwardAPI?.items ?? []),
  ];
  for (const { fieldRef, resourceFieldRef } of files) {
    if (fieldRef) fieldRef.apiVersion ||= 'v1';
    if (resourceFieldRef) resourceFieldRef.divisor = String(resourceFieldRef.divisor ?? 0);
  }
  for (const { serviceAccountToken } of projected?.sources ?? []) {
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= tokenSeconds;
  }
}

/** Quantities written as numbers become texts, the API's form. */
export function textOfQuantities(
  resources: { limits?: Record<string, string>; requests?: Record<string, string> } | undefined,
): void {
  if (resources?.limits) resources.limits = texts(resources.limits);
  if (resources?.requests) resources.requests = texts(resources.requests);
}

function texts(quantities: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, String(quantity).trim()]));
}
