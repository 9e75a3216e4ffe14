import type { V1PodSpec } from '@kubernetes/client-node';
import { credentialOf, type RegistryCredential, registryOf } from '../model/credential.ts';
import type { DesiredImage } from '../model/desired.ts';
import { isSealed, type Sealed, seal } from '../model/sealed.ts';
import type { BuildContext } from '../model/source.ts';
import { fullName } from './builds.ts';
import { lookUp } from './config.ts';
import { report, type Scope } from './scope.ts';

type Credentials = Readonly<Record<string, RegistryCredential>>;

/**
 * The build context of an image: that of the ImageBuild which makes it, else the directory beside the manifest that is named like the last component of the
 * reference, without tag and digest, where it holds a Containerfile or Dockerfile (as `podman kube play --build`).
 */
export function contextOf(reference: string, scope: Scope): BuildContext | undefined {
  const declared = scope.builds.get(fullName(reference));
  if (declared !== undefined) return declared;
  const name = (reference.split('@')[0] ?? '').split('/').at(-1)?.split(':')[0];
  return name ? scope.contexts.get(`${scope.object.directory}/${name}`) : undefined;
}

/** Reports a build context of which a part cannot be read: what would be built from it is not what is meant. */
export function reportUnreadable(
  image: string,
  context: BuildContext | undefined,
  pointer: string,
  scope: Scope,
): void {
  if (context?.fault !== undefined) {
    const hint = 'Correct the ImageBuild';
    report(scope, pointer, 'REFERENCE_MISSING', `Cannot build '${image}': ${context.fault}`, { hint });
    return;
  }
  if (context?.unreadable !== true) return;
  const message = `Cannot build '${image}': parts of '${context.directory}' cannot be read`;
  report(scope, pointer, 'FILE_UNREADABLE', message, { hint: 'Give the user that runs podstead read access' });
}

/** The images of one pod, of its containers and of its volumes, each with its way to get it. */
export function imagesOf(pod: V1PodSpec, pointer: string, scope: Scope): readonly DesiredImage[] {
  const credentials = pullCredentials(pod, pointer, scope);
  const run = [...(pod.initContainers ?? []), ...pod.containers].map(container => container.image ?? '');
  const mounted = (pod.volumes ?? []).flatMap(({ image }) => image?.reference ?? []);
  const references = [...run, ...mounted];
  return [...new Set(references)].map(reference => {
    const context = contextOf(reference, scope);
    const { directory = '', file = '', digest = '', declared } = context ?? {};
    const build = context && { directory, file, digest, ...(declared === undefined ? {} : { declared }) };
    return { reference, build, credentials };
  });
}

/** Joins what several pods say of one image: a build wins, credentials add up. */
export function mergeImages(one: DesiredImage, other: DesiredImage): DesiredImage {
  if (other.credentials === undefined && (other.build === undefined || one.build !== undefined)) return one;
  const both = [one.credentials, other.credentials].filter(isSealed) as Sealed<Credentials>[];
  const joined: Credentials = Object.assign({}, ...both.map(sealed => sealed.reveal()));
  return {
    reference: one.reference,
    build: one.build ?? other.build,
    credentials: both.length === 0 ? undefined : seal(joined),
  };
}

function pullCredentials(pod: V1PodSpec, pointer: string, scope: Scope): Sealed<Credentials> | undefined {
  const found: Record<string, RegistryCredential> = {};
  for (const [index, { name }] of (pod.imagePullSecrets ?? []).entries()) {
    const where = `${pointer}/imagePullSecrets/${index}`;
    if (!name) continue;
    const data = lookUp({ kind: 'Secret', name, optional: true, pointer: where }, scope);
    const config = data?.entries.get('.dockerconfigjson');
    const parsed = config && parseDockerConfig(Buffer.from(config.reveal()).toString('utf8'));
    if (parsed !== undefined) Object.assign(found, parsed);
    else {
      // The kubelet goes on without: the image may be public or present.
      report(
        scope,
        where,
        'REFERENCE_UNSUPPORTED',
        `Cannot use pull secret '${name}': found no usable '.dockerconfigjson'`,
        {
          severity: 'warning',
          hint: `Make it with: kubectl create secret docker-registry ${name} --dry-run=client -o yaml …`,
        },
      );
    }
  }
  return Object.keys(found).length === 0 ? undefined : seal(found);
}

/** Reads Docker's config.json: `auths` by registry with `auth` (base64 of user:password), or the two apart. */
export function parseDockerConfig(text: string): Credentials | undefined {
  try {
    const { auths } = JSON.parse(text) as { auths?: Record<string, Record<string, unknown>> };
    const entries = Object.entries(auths ?? {}).flatMap(([registry, entry]) => {
      const credential = credentialOf(entry);
      return credential === undefined ? [] : [[registryOf(registry), credential] as const];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  } catch {
    // Whatever the text is, it must not get into a message: it may hold a password.
    return undefined;
  }
}
