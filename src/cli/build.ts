import { writeFile } from 'node:fs/promises';
import type { BuildRequest, BuiltImage } from '../model/build.ts';
import { counted } from '../model/count.ts';
import { reasonOf } from '../model/file-fault.ts';
import type { PodmanEngine } from '../podman/engine.ts';
import type { BuildFlags } from './build-flags.ts';
import { knownBuild } from './build-known.ts';
import { buildView, type DoneStep } from './build-progress.ts';
import { requestOf } from './build-request.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { CommandError } from './error.ts';
import { withWorld } from './world.ts';

/** `podstead build [CONTEXT|FILE]`: prints the id of the image, of each of several that FILE declares. */
export async function build(context: Context, given: string, flags: BuildFlags): Promise<number> {
  if (/\.(ya?ml|json)$/.test(given)) return (await import('./build-declared.ts')).buildDeclared(context, given, flags);
  const request = await requestOf(context, given, flags);
  const made = await withWorld(context, ({ engine }) => buildShown(context, engine, request));
  await finish(context, made, flags);
  return 0;
}

/** A build that was shown to its end. */
export interface Made {
  readonly image: BuiltImage;
  readonly names: readonly string[];
  /** None where nothing of it had changed since it was built the last time. */
  readonly steps: readonly DoneStep[];
  readonly tookMs: number;
}

/** Builds, with progress for people; nothing where nothing has changed. @throws EngineError */
export async function buildShown(context: Context, engine: PodmanEngine, request: BuildRequest): Promise<Made> {
  const startMs = context.clock.now();
  const known = await knownBuild(context, engine, request);
  const [image, steps] = known.image === undefined ? await buildNow(context, engine, request) : [known.image, []];
  if (known.image === undefined) {
    const done = steps.map(({ step }) => step);
    await known.note(image, done);
  }
  return { image, names: request.names, steps, tookMs: context.clock.now() - startMs };
}

async function buildNow(
  context: Context,
  engine: PodmanEngine,
  request: BuildRequest,
): Promise<readonly [BuiltImage, readonly DoneStep[]]> {
  const view = buildView(context);
  let image: BuiltImage | undefined;
  try {
    image = await engine.buildImage(request, { signal: context.signal, onEvent: view.onEvent });
    return [image, view.end(true)];
  } finally {
    view.end(image !== undefined);
  }
}

/** Tells of an image that was built. */
export async function finish(context: Context, made: Made, { iidfile }: Pick<BuildFlags, 'iidfile'>): Promise<void> {
  if (iidfile !== undefined) await writeId(iidfile, made.image);
  await tell(context, made);
}

async function writeId(file: string, { id }: BuiltImage): Promise<void> {
  await writeFile(file, `sha256:${id}`).catch((cause: Error) => {
    const hint = `The image is built, and is ${id}`;
    throw new CommandError(`Cannot write the id to "${file}": ${reasonOf(cause)}`, { hint, cause });
  });
}

/** JSON has its schema in schema/build.schema.json. */
async function tell({ terminal, output, quiet }: Context, { image, names, steps, tookMs }: Made): Promise<void> {
  const cached = steps.filter(step => step.cached).length;
  if (output !== 'text') {
    const shown = steps.map(({ step, cached, tookMs }) => ({
      stage: step.stage?.number ?? 1,
      number: step.number,
      text: step.text,
      cached,
      seconds: tookMs / 1000,
    }));
    return writeData(terminal, output, {
      id: image.id,
      digest: image.digest,
      names,
      steps: shown,
      seconds: tookMs / 1000,
    });
  }
  if (!quiet) {
    const name = names[0] ?? image.id.slice(0, 12);
    const counts = `${counted(steps.length, 'step')}, ${cached} cached`;
    const told =
      steps.length === 0
        ? `Nothing has changed since ${name} was built`
        : `Built ${name} in ${(tookMs / 1000).toFixed(1)} s: ${counts}`;
    terminal.err(`${told}\n  ${image.digest}\n`);
  }
  terminal.out(`${image.id}\n`);
}
