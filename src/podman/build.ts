import type { PerformOptions } from '../engine/engine.ts';
import type { BuildEvent, BuildRequest, BuildStep, BuiltImage } from '../model/build.ts';
import { labels } from '../model/labels.ts';
import type { ActionOf } from '../model/plan.ts';
import { type Upload, uploadOf } from './build-context.ts';
import { endStep, isRun } from './build-end.ts';
import { buildFailure, stepText } from './build-failure.ts';
import { linesOf, readLine } from './build-steps.ts';
import type { Context } from './context.ts';
import { record, text } from './json.ts';
import { path, type Query } from './query.ts';
import { localName } from './reference.ts';
import { registryHeaders } from './registry-error.ts';
import { stepQuery } from './step-host.ts';

/** How many of the last lines of a step's output a failure repeats. */
const tailLines = 12;
const formats = {
  oci: 'application/vnd.oci.image.manifest.v1+json',
  docker: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

export interface BuildingOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: BuildEvent) => void;
}

/**
 * Builds an image from its context, under the manifest's name (`localhost/` for a short one), labelled with the
 * context's digest.
 *
 * @throws EngineError as {@link buildImage}
 */
export async function build(
  context: Context,
  action: ActionOf<'build'>,
  { signal, onProgress }: PerformOptions,
): Promise<void> {
  const { reference, build: source, credentials } = action.image;
  if (source === undefined) throw new Error(`Cannot build "${reference}": it has no context`);
  const { declared } = source;
  const request: BuildRequest = {
    directory: declared?.hasContext === false ? undefined : source.directory,
    recipe: declared?.recipe ?? { file: source.file },
    names: [...new Set([reference, ...(declared?.names ?? [])])],
    ...(declared === undefined ? {} : { options: declared.options }),
    labels: { [labels.context]: source.digest },
    credentials: credentials?.reveal(),
  };
  const onEvent = (event: BuildEvent): void => {
    if (event.type === 'step')
      onProgress({ message: stepText(event.step), doneBytes: undefined, totalBytes: undefined });
  };
  await buildImage(context, request, { signal, onEvent });
}

/**
 * Builds an image. Where a step fails nothing is left of it but the images of the steps before. Once it is stopped the
 * command that runs is ended, as far as it is found.
 *
 * @throws EngineError `BUILD_FAILED` with the step, its place in the Containerfile and the last lines that it printed;
 *   `DISK_FULL`; of a registry's codes where a base image is not got
 */
export async function buildImage(
  context: Context,
  request: BuildRequest,
  { signal, onEvent }: BuildingOptions,
): Promise<BuiltImage> {
  const what = `Cannot build ${request.names[0] === undefined ? 'the image' : `"${request.names[0]}"`}`;
  const upload = await uploadOf(request);
  const stream = context.http.documents({
    method: 'POST',
    path: '/build',
    query: queryOf(request, upload),
    headers: registryHeaders(request.credentials),
    upload: { type: 'application/x-tar', content: upload.content },
    what,
    signal,
  });
  let step: BuildStep | undefined;
  let toldAtMs = 0;
  let output: string[] = [];
  let fault: string | undefined;
  const pieces = async function* (): AsyncGenerator<string, void> {
    for await (const value of stream) {
      const { stream: piece, error } = record(value);
      if (typeof error === 'string' && error !== '') {
        fault = error;
        return;
      }
      yield text(piece);
    }
  };
  try {
    for await (const line of linesOf(pieces())) {
      if (line === '') continue;
      const event = readLine(line);
      if (event.type === 'step') {
        step = event.step;
        toldAtMs = performance.now();
        output = [];
      } else output.push(line);
      if (output.length > tailLines) output.shift();
      onEvent(event);
    }
  } catch (error) {
    // With the connection the engine ends the build, but not the command that runs.
    if (signal.aborted && step !== undefined && isRun(step)) {
      const { socket } = context.http;
      onEvent({ type: 'stopped', step, isEnded: await endStep({ step, toldAtMs, socket }) });
    }
    throw error;
  }
  if (fault !== undefined) throw await buildFailure(what, fault, { request, step, output });
  // Success ends with the id alone on its line.
  const id = output.at(-1) ?? '';
  if (!/^[0-9a-f]{64}$/.test(id))
    throw await buildFailure(what, 'the engine ended the build without a result', { request, step, output });
  const { body } = await context.http.call({ method: 'GET', path: path`/images/${id}/json`, what, signal });
  return { id, digest: text(record(body).Digest) };
}

function queryOf({ names, labels: given, options = {} }: BuildRequest, upload: Upload): Query {
  const { target, args, annotations, platform, cache, pull, layers, squashAll, timestamp, format, tlsVerify } = options;
  const { from, host = {} } = options;
  return {
    dockerfile: upload.file,
    excludes: upload.excludes && JSON.stringify(upload.excludes),
    secrets: upload.secrets.length === 0 ? undefined : JSON.stringify(upload.secrets),
    t: names.map(localName),
    target,
    buildargs: args,
    labels: given,
    annotations: annotations && JSON.stringify(Object.entries(annotations).map(([key, value]) => `${key}=${value}`)),
    platform,
    nocache: cache === false ? true : undefined,
    pullpolicy: pull ?? 'missing',
    // The cache of 4.3 is used only with layers and OCI: what it stores is OCI, and it asks for Docker's by default.
    layers: (layers ?? true) && squashAll !== true,
    outputformat: formats[format ?? 'oci'],
    squash: squashAll,
    timestamp,
    tlsVerify,
    from,
    ...stepQuery(host),
    rm: true,
    // Without it the container of a failed step stays.
    forcerm: true,
  };
}
