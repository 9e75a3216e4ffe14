import type { BuildEvent, BuildOptions, BuildRequest } from '../model/build.ts';
import type { PodmanEngine } from '../podman/engine.ts';
import { stoppedText } from './build-progress.ts';
import { epochOf } from './build-request.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';
import { aloneWith, imageOf, readWorking, type Working, writeWorking } from './working-state.ts';
import { withWorld } from './world.ts';

/** What a verb builds with. */
export interface ChangeOptions extends Partial<Pick<BuildRequest, 'directory' | 'only'>> {
  readonly options?: BuildOptions;
  /** What the step prints goes to standard output, and nothing else is shown. */
  readonly isCommand?: boolean;
}

/** Puts a layer on the image of a working container; where that fails it is as before. */
export async function change(
  context: Context,
  name: string,
  lines: (working: Working) => readonly string[],
  { options, isCommand = false, ...input }: ChangeOptions,
): Promise<number> {
  await aloneWith(context, name, async () => {
    const working = await readWorking(context, name);
    await withWorld(context, async ({ engine }) => {
      const kept = await keepMounted(context, engine, working);
      const all = [`FROM ${imageOf(context, name)}`, ...lines(kept)];
      const request = { ...requestOf(context, name, all, options), ...input };
      await quietly(context, engine, request, isCommand);
    });
  });
  return 0;
}

/** A build of the image of a working container. @throws CommandError where a line is none */
export function requestOf(
  context: Context,
  name: string,
  lines: readonly string[],
  options: BuildOptions = {},
): BuildRequest {
  const broken = lines.find(line => /[\r\n]/.test(line));
  if (broken !== undefined) {
    const message = `Cannot change "${name}": ${JSON.stringify(broken)} has a line break`;
    throw new CommandError(message, { hint: 'Write it in one line' });
  }
  return {
    directory: undefined,
    recipe: { text: lines.map(line => `${line}\n`).join(''), name },
    names: [imageOf(context, name)],
    labels: {},
    options: { timestamp: epochOf(context.env), ...options },
  };
}

/** What the engine says itself between the lines of a command. */
const ofEngine = /^(-->|COMMIT |Successfully tagged |[0-9a-f]{64}$)/;

/** Builds and shows nothing, but what a command prints on standard output. @throws EngineError */
export async function quietly(
  { terminal, signal }: Context,
  engine: PodmanEngine,
  request: BuildRequest,
  isCommand = false,
): Promise<void> {
  let isRunning = false;
  const onEvent = (event: BuildEvent): void => {
    if (event.type === 'stopped') terminal.err(stoppedText(event));
    else if (event.type === 'step') isRunning = isCommand && event.step.text.startsWith('RUN ');
    else if (event.type === 'output' && isRunning && !ofEngine.test(event.line)) terminal.out(`${event.line}\n`);
  };
  await engine.buildImage(request, { signal, onEvent });
}

/** Makes what was written to a mount part of the image, and ends the mount. */
export async function keepMounted(context: Context, engine: PodmanEngine, working: Working): Promise<Working> {
  if (working.mount === undefined) return working;
  await engine.working.commit(working.mount, imageOf(context, working.name), { signal: context.signal });
  const { mount: _, ...rest } = working;
  await writeWorking(context, rest);
  return rest;
}
