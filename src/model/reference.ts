/** An image reference, taken apart (distribution's reference grammar, as containers/image reads it). */
export interface Reference {
  /** Host and port; undefined in a short name. */
  readonly registry: string | undefined;
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:…`; it decides where a tag is given too. */
  readonly digest: string | undefined;
}

const grammar =
  /^(?<name>[^@:]+(?::\d+(?=\/)[^@:]*)?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>[a-z0-9+._-]+:[0-9a-f]{32,}))?$/;
const registryGrammar = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:\d+)?$/;
const repositoryGrammar = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;

/** Takes a reference apart; undefined where it is none (also for an image's id, which is no reference). */
export function parseReference(text: string): Reference | undefined {
  const groups = grammar.exec(text)?.groups;
  if (groups?.name === undefined) return undefined;
  const slash = groups.name.indexOf('/');
  const first = groups.name.slice(0, Math.max(slash, 0));
  const registry = first === 'localhost' || /[.:]/.test(first) ? first : undefined;
  const repository = registry === undefined ? groups.name : groups.name.slice(slash + 1);
  if (!repositoryGrammar.test(repository)) return undefined;
  if (registry !== undefined && !registryGrammar.test(registry)) return undefined;
  return { registry, repository, tag: groups.tag, digest: groups.digest };
}

/** The reference with a registry; Docker Hub's own images lie below `library/` there. */
export function qualified(reference: Reference, registry: string): Reference & { readonly registry: string } {
  const official = registry === 'docker.io' && !reference.repository.includes('/');
  return { ...reference, registry, repository: official ? `library/${reference.repository}` : reference.repository };
}
