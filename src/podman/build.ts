import { EngineError, type PerformOptions } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { record, text } from './json.ts';
import { localName } from './reference.ts';
import { registryFailure, registryHeaders } from './registry-error.ts';

/** How many of the last lines of output a failure repeats. */
const tailLines = 12;

/**
 * Builds an image from its context, under the manifest's name (`localhost/` for a short one), labelled with the
 * context's digest.
 *
 * @throws EngineError `BUILD_FAILED` with the last lines of output; `DISK_FULL`; of a registry's codes where a base image is not got
 */
export async function build(
  context: Context,
  action: ActionOf<'build'>,
  { signal, onProgress }: PerformOptions,
): Promise<void> {
  const { reference, build: source, credentials } = action.image;
  const what = `Cannot build "${reference}"`;
  if (source === undefined) throw new Error(`${what}: it has no context`);
  const stream = context.http.documents({
    method: 'POST',
    path: '/build',
    query: {
      dockerfile: source.file,
      t: localName(reference),
      // The cache of 4.3 is used only with both of these: what it stores is OCI, and it asks for Docker's by default.
      layers: true,
      outputformat: 'application/vnd.oci.image.manifest.v1+json',
      pullpolicy: 'missing',
      labels: { [labels.context]: source.digest },
      rm: true,
      // Without it the container of a failed step stays.
      forcerm: true,
    },
    headers: registryHeaders(credentials?.reveal()),
    upload: { type: 'application/x-tar', content: archive(source.directory) },
    what,
    signal,
  });
  const output: string[] = [];
  for await (const value of stream) {
    const { stream: line, error } = record(value);
    if (typeof error === 'string' && error !== '') throw failure(what, error, output);
    for (const message of text(line)
      .split('\n')
      .map(line => line.trimEnd())
      .filter(line => line !== '')) {
      output.push(message);
      if (output.length > tailLines) output.shift();
      onProgress({ message, doneBytes: undefined, totalBytes: undefined });
    }
  }
  // Success ends with the id alone on its line.
  if (!/^[0-9a-f]{64}$/.test(output.at(-1) ?? ''))
    throw failure(what, 'the engine ended the build without a result', output);
}

function failure(what: string, error: string, output: readonly string[]): EngineError {
  const words = error.trim();
  // Also where only what a step printed tells: the engine's own words are then "exit status 1".
  const full = [...output, words].findLast(line => /no space left on device/i.test(line));
  const ofRegistry = /initializing source|pinging container registry|creating build container/.test(words);
  const known = full ?? (ofRegistry ? words : undefined);
  const failure = known === undefined ? undefined : registryFailure(what, known);
  if (failure !== undefined) return failure;
  const tail = output.filter(line => line !== words).join('\n');
  const hint = 'Correct the Containerfile, and try it with "podman build" in its directory';
  return new EngineError('BUILD_FAILED', `${what}: ${words}${tail === '' ? '' : `\n${tail}`}`, { hint });
}

/** The context as a tar stream; the engine applies .containerignore. Owners and times are left out: they change no image. */
async function* archive(directory: string): AsyncGenerator<Uint8Array, void> {
  // Loaded when something is built: most commands never need it.
  const { create } = await import('tar');
  for await (const chunk of create({ cwd: directory, portable: true }, ['.'])) yield chunk;
}
