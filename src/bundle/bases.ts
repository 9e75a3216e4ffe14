import { type Instruction, instructionsOf } from './containerfile.ts';

/** The images that a Containerfile needs beside what it makes itself. */
export interface Bases {
  /** As it names them, each once. */
  readonly named: readonly string[];
  /** Those that only a build's arguments tell. */
  readonly open: readonly string[];
  /** Whether a step may fetch what no image and no file tells: ADD of a URL or a repository. */
  readonly fetches: boolean;
  /** Whether there is anything that was not understood: nothing is certain then. */
  readonly isUnclear: boolean;
}

/** Those of Containerfile(5). */
const keywords = new Set(
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR'.split(
    ' ',
  ),
);

/**
 * Reads which images a Containerfile starts from and copies or mounts files of: FROM, COPY --from and RUN --mount
 * (Containerfile(5)). Stages of its own and `scratch` are left out; arguments are not filled in.
 */
export async function basesOf(containerfile: string): Promise<Bases> {
  const stages = new Set(['scratch']);
  const named = new Set<string>();
  const open = new Set<string>();
  const add = (image: string): void => {
    if (!stages.has(image.toLowerCase())) (image.includes('$') ? open : named).add(image);
  };
  const instructions = await instructionsOf(containerfile);
  for (const each of instructions) {
    const [image, , stage] = each.keyword === 'FROM' ? each.words : [];
    if (image !== undefined) add(image);
    if (stage !== undefined) stages.add(stage.toLowerCase());
    for (const lent of lendersOf(each)) add(lent);
  }
  return {
    named: [...named],
    open: [...open],
    fetches: instructions.some(({ keyword, words }) => keyword === 'ADD' && /:\/\/|git@|\$/.test(words.join(' '))),
    isUnclear: instructions.some(isUnclear),
  };
}

/** Whose files a step sees; a number is a stage. */
function lendersOf({ keyword, flags }: Instruction): readonly string[] {
  if (keyword !== 'COPY' && keyword !== 'RUN') return [];
  const froms = flags.flatMap(quoted => {
    const flag = quoted.replaceAll(/["']/g, '');
    const whole = /^--from=(.+)$/.exec(flag)?.[1];
    const mounted = /^--mount=(?:.*,)?from=([^,]+)/.exec(flag)?.[1];
    return [whole, mounted].filter(image => image !== undefined);
  });
  return froms.filter(image => !/^\d+$/.test(image));
}

/** Also here-documents: engines before Buildah 1.33 take their lines for instructions. */
function isUnclear({ keyword, words }: Instruction): boolean {
  const isFrom = words.length === 1 || (words.length === 3 && words[1]?.toUpperCase() === 'AS');
  return !keywords.has(keyword) || words.some(word => word.includes('<<')) || (keyword === 'FROM' && !isFrom);
}
