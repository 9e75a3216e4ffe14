import { realpath } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { instructionsOf } from '../desired/recipe.ts';
import { EngineError } from '../engine/engine.ts';
import { type ConfigStep, isUrl } from '../manifest/image-build.ts';
import { reasonOf } from '../model/file-fault.ts';
import { buildShown, finish } from './build.ts';
import { namesOf } from './build-names.ts';
import { epochOf } from './build-request.ts';
import type { Context, GlobalOptions } from './context.ts';
import { writeData } from './data.ts';
import { CommandError } from './error.ts';
import { stepHostOf } from './step-flags.ts';
import {
  type CommitFlags,
  type ConfigFlags,
  type CopyFlags,
  configOf,
  type FromFlags,
  pairs,
  type RunFlags,
} from './working-flags.ts';
import { change, keepMounted, quietly, requestOf } from './working-image.ts';
import {
  aloneWith,
  forgetWorking,
  imageOf,
  listWorking,
  readWorking,
  refuseTaken,
  type Working,
  writeWorking,
} from './working-state.ts';
import { withWorld } from './world.ts';

/** `podstead build from IMAGE`: prints the name of the new working container. */
export async function from(context: Context, image: string, flags: FromFlags): Promise<number> {
  const name = flags.name ?? (await freeName(context, image));
  await aloneWith(context, name, async () => {
    await refuseTaken(context, name);
    const pull = flags.pull ? 'always' : flags.pullNever ? 'never' : 'missing';
    const request = requestOf(context, name, [`FROM ${image}`], {
      pull,
      tlsVerify: flags.tlsVerify ? undefined : false,
    });
    await withWorld(context, ({ engine }) => quietly(context, engine, request));
    await writeWorking(context, { name, from: image, config: {} });
  });
  context.terminal.out(`${name}\n`);
  return 0;
}

/** `bb-working-container`, as Buildah names them, with a number where that is taken. */
async function freeName(context: Context, image: string): Promise<string> {
  const base = /([a-z0-9._-]*)(?::[^/:]*)?(?:@.*)?$/.exec(image.toLowerCase())?.[1] || 'image';
  const taken = new Set(await listWorking(context));
  const name = `${base}-working-container`;
  for (let number = 0; ; number++) {
    const candidate = number === 0 ? name : `${name}-${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** `podstead build copy|add NAME SOURCE... TO`. */
export async function copyInto(
  context: Context,
  word: 'copy' | 'add',
  [name, given]: readonly [string, readonly string[]],
  flags: CopyFlags,
): Promise<number> {
  const sources = given.slice(0, -1);
  const to = given.at(-1);
  if (to === undefined || sources.length === 0) {
    throw new CommandError(`Cannot ${word} into "${name}": expected sources and a destination`, {
      hint: `Write it as in: podstead build ${word} ${name} FILE /srv/`,
    });
  }
  const { from, chown, chmod } = flags;
  const isLocal = (source: string): boolean => from === undefined && !(word === 'add' && isUrl(source));
  const material = await materialOf(sources.filter(isLocal));
  const named = sources.map(source => material.names.get(source) ?? source);
  const step = {
    sources: named,
    to,
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
  };
  const lines = instructionsOf(
    word === 'add' ? { add: step } : { copy: { ...step, ...(from === undefined ? {} : { from }) } },
  );
  return change(context, name, ({ config }) => [...placeOf(config), ...lines], {
    directory: material.directory,
    only: material.only,
  });
}

interface Material {
  readonly directory: string | undefined;
  readonly only: readonly string[];
  /** What a source is called below the directory. */
  readonly names: ReadonlyMap<string, string>;
}

/** The nearest directory that all paths lie in, and their names below it. */
async function materialOf(sources: readonly string[]): Promise<Material> {
  const paths = await Promise.all(
    sources.map(source =>
      realpath(source).catch((cause: Error) => {
        throw new CommandError(`Cannot copy "${source}": ${reasonOf(cause)}`, { hint: 'Check the path', cause });
      }),
    ),
  );
  const [first] = paths;
  if (first === undefined) return { directory: undefined, only: [], names: new Map() };
  let directory = dirname(first);
  while (!paths.every(path => path.startsWith(directory === sep ? sep : directory + sep)))
    directory = dirname(directory);
  const only = paths.map(path => relative(directory, path));
  return { directory, only, names: new Map(sources.map((source, index) => [source, only[index] ?? source])) };
}

/** `podstead build run NAME -- COMMAND...`: exits as the command does, which runs anew each time. */
export async function runIn(
  context: Context,
  name: string,
  command: readonly string[],
  flags: RunFlags,
): Promise<number> {
  const step = instructionsOf({ run: { command, mounts: flags.mount ?? [] } });
  const lines = ({ config: { env, user, workingDir } }: Working): readonly string[] => [
    ...instructionsOf({
      config: {
        ...(env === undefined ? {} : { env }),
        ...(user === undefined ? {} : { user }),
        ...(workingDir === undefined ? {} : { workingDir }),
      },
    }),
    ...step,
  ];
  try {
    return await change(context, name, lines, { options: { cache: false, host: stepHostOf(flags) }, isCommand: true });
  } catch (error) {
    const status = error instanceof EngineError ? /exit status (\d+)\s*$/.exec(error.message)?.[1] : undefined;
    if (status === undefined) throw error;
    context.terminal.err(`podstead: the command in "${name}" exited with ${status}; nothing of it is kept\n`);
    return Number(status);
  }
}

/** `podstead build config NAME`: kept until `commit`. What is said twice is what was said last; maps and lists grow. */
export async function configure(context: Context, name: string, flags: ConfigFlags): Promise<number> {
  await aloneWith(context, name, async () => {
    const working = await readWorking(context, name);
    const config = mergeConfig(working.config, configOf(flags));
    const annotations = { ...working.annotations, ...pairs(flags.annotation ?? []) };
    await writeWorking(context, { ...working, config, annotations });
  });
  return 0;
}

function mergeConfig(before: ConfigStep, after: ConfigStep): ConfigStep {
  const maps = (['env', 'labels'] as const).flatMap(key => {
    const both = { ...before[key], ...after[key] };
    return Object.keys(both).length === 0 ? [] : [[key, both] as const];
  });
  const lists = (['onbuild', 'ports', 'volumes'] as const).flatMap(key => {
    const both = [...new Set([...(before[key] ?? []), ...(after[key] ?? [])])];
    return both.length === 0 ? [] : [[key, both] as const];
  });
  return { ...before, ...after, ...Object.fromEntries([...maps, ...lists]) };
}

/** `podstead build mount NAME`: prints the directory. What is written there is kept by the next verb, which ends the mount. */
export async function mount(context: Context, name: string): Promise<number> {
  const { signal, terminal, uid } = context;
  const path = await aloneWith(context, name, async () => {
    const working = await readWorking(context, name);
    return withWorld(context, async ({ engine }) => {
      await keepMounted(context, engine, working);
      const mounted = await engine.working.mount(imageOf(context, name), name, { signal });
      await writeWorking(context, { ...working, mount: mounted.container });
      return mounted.path;
    });
  });
  if (uid !== 0) terminal.err('Only the engine\'s own namespaces see it: enter them with "podman unshare"\n');
  terminal.out(`${path}\n`);
  return 0;
}

/** `podstead build umount NAME`: keeps what was written. */
export async function umount(context: Context, name: string): Promise<number> {
  await aloneWith(context, name, async () => {
    const working = await readWorking(context, name);
    await withWorld(context, ({ engine }) => keepMounted(context, engine, working));
  });
  return 0;
}

/** `podstead build commit NAME [IMAGE]`: prints the id of the image. */
export async function commit(
  context: Context,
  name: string,
  image: string | undefined,
  flags: CommitFlags,
): Promise<number> {
  await aloneWith(context, name, async () => {
    const working = await readWorking(context, name);
    const { annotations, config } = working;
    const { healthcheck, onbuild } = config;
    const format = flags.format ?? (healthcheck !== undefined || onbuild !== undefined ? 'docker' : 'oci');
    const made = await withWorld(context, async ({ engine }) => {
      const kept = await keepMounted(context, engine, working);
      const request = requestOf(
        context,
        name,
        [`FROM ${imageOf(context, name)}`, ...instructionsOf({ config: kept.config })],
        {
          format,
          ...(annotations === undefined ? {} : { annotations }),
          layers: false,
          squashAll: flags.squash ?? false,
          timestamp: flags.timestamp ?? epochOf(context.env),
        },
      );
      const built = await buildShown(context, engine, {
        ...request,
        names: namesOf(image === undefined ? [] : [image]),
      });
      if (flags.rm) await engine.working.dropImage(imageOf(context, name), { signal: context.signal });
      return built;
    });
    if (flags.rm) await forgetWorking(context, name);
    await finish(context, made, flags);
  });
  return 0;
}

/** `podstead build inspect NAME`: as JSON; schema/build-inspect.schema.json. */
export async function inspect(context: Context, name: string, { output = 'json' }: GlobalOptions): Promise<number> {
  const working = await readWorking(context, name);
  const { signal, terminal } = context;
  const image = await withWorld(context, ({ engine }) => engine.working.inspect(imageOf(context, name), { signal }));
  const { from, config, mount } = working;
  const document = { name, from, image: image.Id, imageConfig: image.Config, config, mounted: mount !== undefined };
  await writeData(terminal, output === 'text' ? 'yaml' : output, document);
  return 0;
}

/** Where paths that do not begin at the root begin. */
function placeOf({ workingDir }: ConfigStep): readonly string[] {
  return workingDir === undefined ? [] : instructionsOf({ config: { workingDir } });
}
