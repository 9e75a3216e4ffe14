/** How much a pod may ask of its host (Kubernetes: Pod Security Standards), from most to least. */
export const securityLevels = ['privileged', 'baseline', 'restricted'] as const;
export type SecurityLevel = (typeof securityLevels)[number];
