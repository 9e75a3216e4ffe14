import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { CommandError } from './error.ts';

const composeName = /^(docker-|podman-)?compose[\w.-]*\.ya?ml$/;

/**
 * Refuses a file where the name of an object is asked for: of files, compose files are what people have.
 *
 * @param doing "adopt", "write a manifest of"
 * @throws CommandError
 */
export async function refuseFile(name: string, doing: string): Promise<void> {
  const isFile = name.includes('.') && (await stat(name).catch(() => undefined))?.isFile() === true;
  if (!isFile) return;
  if (composeName.test(basename(name))) {
    throw new CommandError(`Cannot ${doing} "${name}": it is a compose file, which Podstead does not read`, {
      hint: 'Start it with podman-compose and write what runs with "podstead generate kube --container NAME", or turn it into manifests with "kompose convert"',
    });
  }
  throw new CommandError(`Cannot ${doing} "${name}": it is a file, and what runs goes by its name`, {
    hint: 'Name it as "podstead status" or "podman pod ps" shows it',
  });
}
