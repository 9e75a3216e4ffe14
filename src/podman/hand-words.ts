import { list, record, text, texts, type Unread } from './json.ts';

/** What runs in a container, as Kubernetes puts it: instead of the image's ENTRYPOINT, and of its CMD. */
export interface HandWords {
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly unsaid: readonly string[];
}

/** Process 1 with `--init`, before the words of the container. */
const initPath = '/run/podman-init';

/**
 * Tells the words that are the container's own from those of its image. 4.3 shows an entrypoint as one text, so it is
 * taken from the process: the words before CMD.
 */
export function readHandWords(container: Unread, imageConfig: Unread): HandWords {
  const { Path, Args, Config } = record(container);
  const { Cmd, Entrypoint: shown } = record(Config);
  const cmd = texts(Cmd);
  const all = processOf(text(Path), texts(Args), cmd.length + entrypointOf(shown).length);
  const isInit = all[0] === initPath;
  const words = isInit ? all.slice(all.indexOf('--') + 1) : all;
  const tail = words.slice(words.length - cmd.length);
  const fits = cmd.every((word, i) => word === tail[i]) && words.length >= cmd.length;
  const entrypoint = fits ? words.slice(0, words.length - cmd.length) : entrypointOf(shown);
  const unsaid =
    fits || typeof shown !== 'string' || !shown.includes(' ') ? [] : ['where the words of its entrypoint end'];
  return { ...ownOf(entrypoint, cmd, imageConfig), unsaid };
}

/** Of a process of one word, Podman shows this word as its argument, too. */
function processOf(path: string, args: readonly string[], words: number): readonly string[] {
  return args.length === 1 && args[0] === path && words <= 1 ? args : [path, ...args];
}

function entrypointOf(shown: Unread): readonly string[] {
  return typeof shown === 'string' ? shown.split(' ').filter(word => word !== '') : texts(shown);
}

function ownOf(entrypoint: readonly string[], cmd: readonly string[], imageConfig: Unread): Omit<HandWords, 'unsaid'> {
  const image = record(imageConfig);
  const [imageEntrypoint, imageCmd] = [list(image.Entrypoint), list(image.Cmd)];
  const some = (words: readonly string[]): readonly string[] | undefined => (words.length > 0 ? words : undefined);
  // Without an entrypoint, where the image has one, the first words have to stand in its place.
  if (entrypoint.length === 0 && imageEntrypoint.length > 0) return { command: some(cmd), args: undefined };
  const isOwn = !same(entrypoint, imageEntrypoint);
  // Kubernetes leaves out the image's CMD only where the entrypoint is given too.
  const dropsCmd = cmd.length === 0 && imageCmd.length > 0;
  return {
    command: isOwn || dropsCmd ? some(entrypoint) : undefined,
    args: isOwn || !same(cmd, imageCmd) ? some(cmd) : undefined,
  };
}

function same(words: readonly string[], others: readonly Unread[]): boolean {
  return words.length === others.length && words.every((word, i) => word === others[i]);
}
