/** The images that a Containerfile needs beside what it makes itself. */
export interface Bases {
  /** As it names them, each once. */
  readonly named: readonly string[];
  /** Those that only a build's arguments tell. */
  readonly open: readonly string[];
}

/**
 * Reads which images a Containerfile starts from and copies or mounts files of: FROM, COPY --from and RUN --mount
 * (Containerfile(5)). Stages of its own and `scratch` are left out; arguments are not filled in.
 */
export function basesOf(containerfile: string): Bases {
  const stages = new Set(['scratch']);
  const named = new Set<string>();
  const open = new Set<string>();
  const add = (image: string): void => {
    if (!stages.has(image.toLowerCase())) (image.includes('$') ? open : named).add(image);
  };
  for (const line of containerfile.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const [, image, stage] = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$/i.exec(line) ?? [];
    if (image !== undefined) add(image);
    if (stage !== undefined) stages.add(stage.toLowerCase());
    for (const lent of lendersOf(line)) add(lent);
  }
  return { named: [...named], open: [...open] };
}

/** Whose files a step sees; a number is a stage. */
function lendersOf(line: string): readonly string[] {
  const flags = /^\s*(?:COPY|RUN)\s+((?:--\S+\s+)+)/i.exec(line)?.[1] ?? '';
  const froms = flags.split(/\s+/).flatMap(flag => {
    const whole = /^--from=(.+)$/.exec(flag)?.[1];
    const mounted = /^--mount=(?:.*,)?from=([^,]+)/.exec(flag)?.[1];
    return [whole, mounted].filter(image => image !== undefined);
  });
  return froms.filter(image => !/^\d+$/.test(image));
}
