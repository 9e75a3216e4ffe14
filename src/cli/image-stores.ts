import type { ImageStore, Stores } from '../image/store.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';

/** How `containers-storage:` and `docker-daemon:` are reached: the engine as every command finds it, and Docker's daemon. */
export function storesOf(context: Context, daemonHost: string | undefined): Stores {
  return {
    'containers-storage': () => engineStore(context),
    'docker-daemon': () => daemonStore(context, daemonHost),
  };
}

async function engineStore(context: Context): Promise<ImageStore> {
  const [{ connectEngine }, { noAdoptions }] = await Promise.all([
    import('./world.ts'),
    import('../podman/adopted.ts'),
  ]);
  const { engine } = await connectEngine(context, noAdoptions);
  return { ...engine.images, close: () => engine.close() };
}

const standardSocket = '/var/run/docker.sock';

async function daemonStore({ env, signal }: Context, given: string | undefined): Promise<ImageStore> {
  const { dockerArchives } = await import('../podman/image-archives.ts');
  const host = given || env.DOCKER_HOST || `unix://${standardSocket}`;
  const socket = host.startsWith('/') ? host : /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  if (socket !== undefined) return dockerArchives(socket, signal);
  throw new CommandError(`Cannot use the daemon at "${host}": expected a unix socket of this host`, {
    hint: `Give it with --daemon-host unix://${standardSocket}, or use docker-archive: there`,
  });
}
