/** The images that a Containerfile starts from. */
export interface Bases {
  /** As it names them, each once. */
  readonly named: readonly string[];
  /** Those that only a build's arguments tell. */
  readonly open: readonly string[];
}

/**
 * Reads the FROM lines of a Containerfile (Containerfile(5)). Stages of its own, `scratch` and what is copied from other
 * images are left out; arguments are not filled in.
 */
export function basesOf(containerfile: string): Bases {
  const stages = new Set(['scratch']);
  const named = new Set<string>();
  const open = new Set<string>();
  for (const line of containerfile.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const [, image = '', stage] = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$/i.exec(line) ?? [];
    if (image !== '' && !stages.has(image.toLowerCase())) (image.includes('$') ? open : named).add(image);
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return { named: [...named], open: [...open] };
}
