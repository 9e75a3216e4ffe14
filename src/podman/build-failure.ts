import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../engine/engine.ts';
import type { BuildRequest, BuildStep } from '../model/build.ts';
import { lineOf, stagesOf } from './build-steps.ts';
import { areFor, registryFailure } from './registry-error.ts';

/** How far a build came that failed. */
export interface FailedBuild {
  readonly request: BuildRequest;
  readonly step: BuildStep | undefined;
  /** The last lines that the step printed. */
  readonly output: readonly string[];
}

/**
 * The failure behind the words with which the engine ended a build (Buildah 1.28 to 1.39).
 *
 * @param what is told to have failed: `Cannot build "web:1"`
 */
export async function buildFailure(what: string, error: string, failed: FailedBuild): Promise<EngineError> {
  const { request, step, output } = failed;
  const words = error.trim();
  const place = step && (await placeOf(step, request));
  const lacking = lackingImage(words);
  if (lacking !== undefined) {
    const message = `${what}: ${place === undefined ? '' : `${place}: `}"${lacking}" is not in the engine's store`;
    return new EngineError('IMAGE_NOT_FOUND', message, { hint: bringHint(lacking) });
  }
  // Also where only what a step printed tells: the engine's own words are then "exit status 1".
  const full = [...output, words].findLast(line => /no space left on device/i.test(line));
  const ofRegistry = /initializing source|pinging container registry|creating build container/.test(words);
  const known = full ?? (ofRegistry ? words : undefined);
  const failure = known === undefined ? undefined : registryFailure(what, known, isKnown(words, request));
  if (failure !== undefined) return failure;
  const stage = /The target "(.*)" was not found/.exec(words)?.[1];
  if (stage !== undefined) return noStage(what, stage, request);
  const where = step === undefined ? '' : `${place === undefined ? '' : `${place}: `}${stepText(step)}\n`;
  const tail = output.filter(line => line !== words).map(line => `${line}\n`);
  const hint = place === undefined ? 'Correct the Containerfile' : `Correct ${place}`;
  return new EngineError('BUILD_FAILED', `${what}: ${where}${tail.join('')}${words}`, { hint });
}

/** An image that the engine has no copy of, and that no registry has or was asked for: `localhost` is its own store. */
function lackingImage(words: string): string | undefined {
  const asked = /initializing source docker:\/\/(localhost\/[^\s"]+?): /.exec(words);
  const unnamed = /\bfrom=(localhost\/\S+?): no stage or image found with that name/.exec(words);
  return (asked ?? unnamed ?? /creating build container: (\S+): image not known/.exec(words))?.[1];
}

/** Whether the registry that failed was shown credentials of the caller. */
function isKnown(words: string, { credentials }: BuildRequest): boolean {
  const image = /initializing source docker:\/\/([^\s"]+?): /.exec(words)?.[1];
  return image !== undefined && areFor(credentials, image);
}

function bringHint(image: string): string {
  if (!image.startsWith('localhost/')) return 'Pull it first with "podman pull", or leave --pull-never out';
  return `Build it first, as in "podstead build -t ${image} DIRECTORY", or write the registry that has it`;
}

async function noStage(what: string, stage: string, { recipe, directory }: BuildRequest): Promise<EngineError> {
  const name = 'file' in recipe ? recipe.file : recipe.name;
  const stages = await stagesOf(await textOf({ recipe, directory }));
  const hint =
    stages.length === 0
      ? 'Name one in it, as in "FROM debian:12 AS base"'
      : `Name one of its stages: ${stages.join(', ')}`;
  return new EngineError('BUILD_FAILED', `${what}: ${name} has no stage "${stage}"`, { hint });
}

/** `Containerfile:3`; undefined where it cannot be told. */
async function placeOf(step: BuildStep, { directory, recipe }: BuildRequest): Promise<string | undefined> {
  const name = 'file' in recipe ? recipe.file : recipe.name;
  const line = await lineOf(step, await textOf({ directory, recipe }));
  const places = 'file' in recipe ? undefined : recipe.places;
  return line === undefined ? undefined : (places?.[line - 1] ?? `${name}:${line}`);
}

async function textOf({ directory = '', recipe }: Pick<BuildRequest, 'directory' | 'recipe'>): Promise<string> {
  return 'file' in recipe ? readFile(join(directory, recipe.file), 'utf8').catch(() => '') : recipe.text;
}

/** `STEP 2/5: RUN make`, as podman writes it. */
export function stepText({ stage, number, of, text }: BuildStep): string {
  return `${stage === undefined ? '' : `[${stage.number}/${stage.of}] `}STEP ${number}/${of}: ${text}`;
}
