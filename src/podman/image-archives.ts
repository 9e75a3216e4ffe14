import { EngineError } from '../engine/engine.ts';
import { type Http, openHttp } from './http.ts';
import { record, text } from './json.ts';
import { path } from './query.ts';

/** An engine's images as archives, in and out. */
export interface ImageArchives {
  readonly format: 'oci-archive' | 'docker-archive';
  /** @param image its name, or its id @throws EngineError `IMAGE_NOT_FOUND` */
  save(image: string): AsyncIterable<Uint8Array>;
  /** @throws EngineError with what the engine does not like about it */
  load(archive: AsyncIterable<Uint8Array>): Promise<void>;
  close(): Promise<void>;
}

/** An engine packs all layers before it sends the first byte. In ms. */
const silenceMs = 600_000;

/** Podman's own images. OCI's archive keeps the manifest of what is loaded, byte for byte. */
export function podmanArchives(http: Http, signal: AbortSignal): ImageArchives {
  return {
    format: 'oci-archive',
    save: image =>
      orMissing(
        image,
        http.bytes({
          method: 'GET',
          path: path`/images/${image}/get`,
          query: { format: 'oci-archive' },
          what: `Cannot read image "${image}" of the engine`,
          silenceMs,
          signal,
        }),
      ),
    load: archive => load(http, { archive, signal }),
    close: async () => undefined,
  };
}

/** A short name is Docker Hub's to `containers-storage:`, and this host's own to whoever built it. */
async function* orMissing(image: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* bytes;
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'IMAGE_NOT_FOUND') throw error;
    const message = `Cannot read image "${image}" of the engine: it has none of that name`;
    const own = /^docker\.io\/(?:library\/)?(.*)$/.exec(image)?.[1];
    const whole = own === undefined ? '' : `; one that was built here is "containers-storage:localhost/${own}"`;
    throw new EngineError(error.code, message, { hint: `"podman images" tells the whole names${whole}`, cause: error });
  }
}

/** Images of a daemon that speaks Docker's API (Docker Engine API, "Export several images", "Import images"). */
export function dockerArchives(socket: string, signal: AbortSignal): ImageArchives {
  const http = openHttp(socket);
  return {
    format: 'docker-archive',
    save: image =>
      http.bytes({
        method: 'GET',
        api: 'daemon',
        path: '/images/get',
        query: { names: image },
        what: `Cannot read image "${image}" of the daemon`,
        silenceMs,
        signal,
      }),
    load: archive => load(http, { archive, api: 'daemon', signal }),
    close: () => http.close(),
  };
}

interface Loading {
  readonly archive: AsyncIterable<Uint8Array>;
  readonly api?: 'daemon';
  readonly signal: AbortSignal;
}

async function load(http: Http, { archive, signal, ...api }: Loading): Promise<void> {
  const what = 'Cannot load the image into the engine';
  const answers = http.documents({
    method: 'POST',
    ...api,
    path: '/images/load',
    upload: { type: 'application/x-tar', content: archive },
    what,
    signal,
  });
  for await (const answer of answers) {
    // Docker's daemon begins with 200, and tells failures in the stream.
    const error = text(record(answer).error);
    if (error !== '') throw new EngineError('REFUSED', `${what}: ${error.trim()}`);
  }
}
