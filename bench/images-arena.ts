import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { type Registry, registry } from '../test/e2e/host.ts';
import { writeSample } from './images-sample.ts';
import { compare, type Figures, figuresOf } from './measure.ts';
import { program } from './scenarios.ts';

const exec = promisify(execFile);

/** What one contestant took: wall time and CPU time in ms, memory at its highest in MB. */
export interface Taken {
  readonly ms: Figures;
  readonly cpuMs: Figures;
  readonly mb: Figures;
}

/** Where images are measured: a directory, a registry that has them, and one that is made anew for each copy. */
export interface ImageArena {
  readonly dir: string;
  readonly source: Registry;
  readonly rounds: number;
  /** An empty registry; the one before it is gone. */
  fresh(): Promise<Registry>;
  close(): Promise<void>;
}

/** What the images shall be. */
export interface ImageSizes {
  readonly bytes: number;
  readonly layers: number;
  readonly small: number;
  /** How many small ones there are in one repository. */
  readonly many: number;
}

/** The large image, as a layout and in the registry; the repository with many tags. */
export const places = {
  layout: (arena: ImageArena): string => `oci:${join(arena.dir, 'large')}:1`,
  large: (arena: ImageArena): string => `docker://${arena.source.host}/bench/large:1`,
  small: (arena: ImageArena): string => `docker://${arena.source.host}/bench/small:1`,
  tagged: (arena: ImageArena): string => `docker://${arena.source.host}/bench/tagged`,
  many: (arena: ImageArena): string => `${arena.source.host}/bench/many`,
};

/** Makes the images, and a registry that has them. */
export async function openImages(sizes: ImageSizes, rounds: number): Promise<ImageArena> {
  const dir = await mkdtemp(join(tmpdir(), 'pdi-'));
  await mkdir(join(dir, 'home'));
  const source = owned();
  const target = owned();
  const arena: ImageArena = {
    dir,
    source: await source.start(),
    rounds,
    fresh: async () => {
      await target.end();
      return target.start();
    },
    close: async () => {
      await target.end();
      await source.end();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await writeSample(join(dir, 'large'), sizes);
  await writeSample(join(dir, 'small'), { layers: 2, bytes: sizes.small });
  await skopeo('copy', `oci:${join(dir, 'large')}:1`, places.large(arena));
  await skopeo('copy', `oci:${join(dir, 'small')}:1`, places.small(arena));
  await skopeo('copy', `oci:${join(dir, 'small')}:1`, `${places.tagged(arena)}:tag-0`);
  await addImages(arena, sizes.many);
  return arena;
}

/** A registry that can be ended, with all that it has, before the arena is. */
function owned(): { readonly start: () => Promise<Registry>; readonly end: () => Promise<void> } {
  let cleanUps: (() => Promise<void>)[] = [];
  return {
    start: () => registry({ after: fn => void cleanUps.push(fn) }),
    end: async () => {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
      cleanUps = [];
    },
  };
}

async function skopeo(command: string, ...args: readonly string[]): Promise<void> {
  await exec('skopeo', ['--insecure-policy', command, '-q', '--dest-tls-verify=false', ...args]);
}

/** Gives the small image many more tags. */
export async function addTags({ source }: ImageArena, count: number): Promise<void> {
  const at = `http://${source.host}/v2/bench/tagged/manifests`;
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const body = await (await fetch(`${at}/tag-0`, { headers: { accept } })).text();
  const put = async (tag: number): Promise<void> => {
    const { status } = await fetch(`${at}/tag-${tag}`, { method: 'PUT', headers: { 'content-type': accept }, body });
    if (status !== 201) throw new Error(`The registry answers ${status} to tag ${tag}`);
  };
  const rest = Array.from({ length: count - 1 }, (_, index) => index + 1);
  const worker = async (): Promise<void> => {
    for (let tag = rest.pop(); tag !== undefined; tag = rest.pop()) await put(tag);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/** Fills a repository with small images, each with layers of its own. */
async function addImages(arena: ImageArena, count: number): Promise<void> {
  for (let tag = 0; tag < count; tag++) {
    const layout = join(arena.dir, 'many');
    await writeSample(layout, { layers: 2, bytes: 2 ** 20 });
    await skopeo('copy', `oci:${layout}:1`, `docker://${places.many(arena)}:tag-${tag}`);
    await rm(layout, { recursive: true });
  }
}

/** One contestant: what it runs, made anew for each run. */
export interface ImageContestant {
  readonly name: string;
  /** The words of its command; what it makes ready for that is not measured. */
  readonly words: () => Promise<readonly string[]>;
}

/** Runs all in turn, so that a noisy minute hits all of them alike. */
export async function compareImages(
  { dir, rounds }: ImageArena,
  contestants: readonly ImageContestant[],
): Promise<Readonly<Record<string, Taken>>> {
  const runs = new Map(contestants.map(({ name }) => [name, [] as Run[]]));
  let words: readonly string[] = [];
  const timed = contestants.map(each => ({
    name: each.name,
    before: async () => {
      words = await each.words();
    },
    run: async () => {
      const run = await measured(words, dir);
      runs.get(each.name)?.push(run);
      return run.ms;
    },
  }));
  const times = await compare(timed, rounds);
  return Object.fromEntries(
    [...times].map(([name, ms]) => {
      const all = runs.get(name) ?? [];
      return [name, { ms, cpuMs: figuresOf(all.map(run => run.cpuMs)), mb: figuresOf(all.map(run => run.mb)) }];
    }),
  );
}

interface Run {
  readonly ms: number;
  readonly cpuMs: number;
  readonly mb: number;
}

/** Runs a command under GNU time (time(1)), which reads its highest resident memory from the kernel. */
async function measured([file = '', ...args]: readonly string[], dir: string): Promise<Run> {
  const report = join(dir, 'time');
  const start = performance.now();
  const more = { env: { ...process.env, HOME: join(dir, 'home') }, maxBuffer: 2 ** 26 };
  await exec('/usr/bin/time', ['-o', report, '-f', '%M %U %S', file, ...args], more);
  const ms = performance.now() - start;
  const [kb = 0, user = 0, system = 0] = (await readFile(report, 'utf8')).split(' ').map(Number);
  return { ms, cpuMs: (user + system) * 1000, mb: kb / 1024 };
}

/** The two that are held against each other, with the same words, and flags for plain HTTP. */
export function bothOf(words: (who: string) => Promise<readonly string[]>): readonly ImageContestant[] {
  return [
    { name: 'podstead image', words: async () => ['node', program, 'image', ...(await words('podstead'))] },
    { name: 'skopeo', words: async () => ['skopeo', '--insecure-policy', ...(await words('skopeo'))] },
  ];
}

/** The least that a command of Node can take. */
export const bareNode: ImageContestant = { name: 'node -e 0', words: async () => ['node', '-e', '0'] };
