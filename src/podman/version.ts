import { EngineError } from '../engine/engine.ts';

/** Version of the engine's own API, as `_ping` says it. */
export interface EngineVersion {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

/**
 * Reads the version and refuses one that we do not work with: below 4.3 (fields are missing) and from 6 on (not tried).
 *
 * @throws EngineError `ENGINE_UNSUITABLE`
 */
export function checkVersion(text: string, opts: { readonly unsupported: boolean }): EngineVersion {
  const match = /^(\d+)\.(\d+)/.exec(text);
  if (match === null) {
    throw new EngineError(
      'ENGINE_UNSUITABLE',
      `Cannot use the engine: found version "${text}", expected Podman 4.3 or later`,
      {
        hint: 'Point --engine at the socket of a Podman service',
      },
    );
  }
  const version = { text, major: Number(match[1]), minor: Number(match[2]) };
  const old = isBefore(version, 4, 3);
  if (old || (version.major >= 6 && !opts.unsupported)) {
    throw new EngineError(
      'ENGINE_UNSUITABLE',
      `Cannot use the engine: found Podman ${text}, expected 4.3 or later and below 6`,
      {
        hint: old ? 'Update Podman to 4.3 or later' : 'Pass --engine-unsupported to try it all the same',
      },
    );
  }
  return version;
}

/** Whether a version is older than MAJOR.MINOR. */
export function isBefore({ major, minor }: EngineVersion, atMajor: number, atMinor: number): boolean {
  return major < atMajor || (major === atMajor && minor < atMinor);
}
