import { realpath } from 'node:fs/promises';
import { formatName, type RegistryName, repositoryOf } from './name.ts';
import type { Policy, Requirement } from './policy.ts';
import type { Place } from './transport.ts';

/** What holds for an image, and by which part of the policy. */
export interface Section {
  readonly requirements: readonly Requirement[];
  /** For people: `scope "quay.io/team" of docker:`. */
  readonly name: string;
}

/** The requirements for a place: those of its most exact scope alone, as containers-policy.json(5) says. */
export async function sectionFor(policy: Policy, place: Place): Promise<Section> {
  const scopes = policy.transports.get(place.transport);
  for (const scope of scopes === undefined ? [] : [...(await scopesOf(place)), '']) {
    const requirements = scopes?.get(scope);
    if (requirements === undefined) continue;
    return { requirements, name: `${scope === '' ? 'the default' : `scope "${scope}"`} of ${place.transport}:` };
  }
  return { requirements: policy.byDefault, name: 'the default' };
}

/** From the image itself to the widest; an archive of Docker has none. */
async function scopesOf(place: Place): Promise<readonly string[]> {
  switch (place.transport) {
    case 'docker':
      return registryScopes(place.name);
    case 'dir':
    case 'oci':
    case 'oci-archive':
      return pathScopes(await realpath(place.path).catch(() => place.path));
    default:
      return [];
  }
}

/** The image, its repository, what that lies in, its registry, and `*.` with each domain of that. */
export function registryScopes(name: RegistryName): readonly string[] {
  const parts = name.repository.split('/');
  const above = parts.map((_, index) => [name.registry, ...parts.slice(0, parts.length - index)].join('/'));
  const labels = name.registry.replace(/:\d+$/, '').split('.');
  const wild = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
  return [identityOf(name), ...above, name.registry, ...wild];
}

/** A tag beside a digest is for people. */
function identityOf(name: RegistryName): string {
  return name.digest === undefined ? formatName(name) : `${repositoryOf(name)}@${name.digest}`;
}

function pathScopes(path: string): readonly string[] {
  const parts = path.split('/').slice(1);
  return parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
}

/** The name by which signatures may call an image; undefined where its transport gives it none. */
export function imageName(place: Place): RegistryName | undefined {
  if (place.transport === 'docker') return { ...place.name, tag: place.name.digest ? undefined : place.name.tag };
  return place.transport === 'docker-archive' ? place.name : undefined;
}
