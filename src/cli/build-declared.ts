import { declaredImages, fullName } from '../desired/builds.ts';
import type { ImageBuildObject } from '../manifest/image-build.ts';
import { load } from '../manifest/load.ts';
import type { BuildRequest } from '../model/build.ts';
import { labels } from '../model/labels.ts';
import type { BuildContext } from '../model/source.ts';
import { buildShown, finish } from './build.ts';
import type { BuildFlags } from './build-flags.ts';
import { namesOf } from './build-names.ts';
import { credentialsOf, optionsOf, pairs } from './build-request.ts';
import type { Context } from './context.ts';
import { openPaths, printProblems } from './desire.ts';
import { CommandError } from './error.ts';
import { withWorld } from './world.ts';

/** What an ImageBuild says itself. */
const unfit = 'file ignorefile from target buildArg platform squash squashAll annotation'.split(
  ' ',
) as readonly (keyof BuildFlags)[];

/** `podstead build FILE`: every ImageBuild of a file, in its order. Exits with 1 where one has errors: then none is built. */
export async function buildDeclared(context: Context, file: string, flags: BuildFlags): Promise<number> {
  const given = unfit.find(name => flags[name] !== undefined);
  if (given !== undefined) {
    const option = given.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
    throw new CommandError(`Cannot use --${option} with "${file}": an ImageBuild says it itself`, {
      hint: 'Leave it out, or write it into the file',
    });
  }
  const snapshot = await (await openPaths([file])).read({ signal: context.signal });
  const { builds, problems: ofFile } = load(snapshot.files, { strict: false });
  const { images, problems } = declaredImages(builds, snapshot.contexts);
  const errors = [...snapshot.problems, ...ofFile, ...problems].filter(({ severity }) => severity === 'error');
  await printProblems(context, errors);
  if (errors.length > 0) return 1;
  if (builds.length === 0) {
    const hint = 'Write one (docs/builds.md), or name a directory with a Containerfile';
    throw new CommandError(`Cannot build from "${file}": it declares no ImageBuild`, { hint });
  }
  const credentials = await credentialsOf(flags);
  await withWorld(context, async ({ engine }) => {
    for (const build of builds) {
      const request = { ...(await requestFor(context, build, images, flags)), credentials };
      const made = await buildShown(context, engine, request);
      for (const { to, tlsVerify = flags.tlsVerify } of pushesOf(build)) {
        for (const destination of to) {
          await engine.pushImage(made.image.id, destination, {
            signal: context.signal,
            ...(tlsVerify === undefined ? {} : { tlsVerify }),
            credentials,
          });
          if (!context.quiet) context.terminal.err(`Pushed ${destination}\n`);
        }
      }
      await finish(context, made, flags);
    }
  });
  return 0;
}

async function requestFor(
  context: Context,
  { tags: [tag = ''] }: ImageBuildObject,
  images: ReadonlyMap<string, BuildContext>,
  flags: BuildFlags,
): Promise<BuildRequest> {
  const found = images.get(fullName(tag));
  if (found?.declared === undefined) throw new Error(`Cannot build "${tag}": it is not declared`);
  const { directory, digest, declared } = found;
  const { secrets, cache, pull, tlsVerify, timestamp, host } = await optionsOf(context, flags);
  const options = { ...declared.options, secrets, cache, pull, tlsVerify, host };
  return {
    directory: declared.hasContext ? directory : undefined,
    recipe: declared.recipe,
    names: [...declared.names, ...namesOf(flags.tag ?? [])],
    // With the label that an agent looks for, it finds the image built.
    labels: { ...pairs(flags.label ?? [], '--label'), [labels.context]: digest },
    options: { ...options, timestamp: declared.options.timestamp ?? timestamp },
  };
}

function pushesOf({
  object,
}: ImageBuildObject): readonly { readonly to: readonly string[]; readonly tlsVerify?: boolean }[] {
  return object.spec.steps.flatMap(({ push }) => (push === undefined ? [] : [push]));
}
