import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { digest } from '../manifest/canon.ts';
import { standardSockets } from '../podman/service.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';
import type { UnitHost } from './unit-spec.ts';
import type { World } from './world.ts';

/**
 * What boot units of this host and engine have in common.
 *
 * @throws CommandError where podman itself is not to be found
 */
export async function unitHost(context: Context, world: World, user: boolean): Promise<UnitHost> {
  const { opened, engine } = world;
  const { CONTAINERS_CONF: containersConf, CONTAINERS_CONF_OVERRIDE: override } = opened.env;
  const [path, { graphRoot }] = await Promise.all([
    findProgram('podman', context.env.PATH),
    engine.info({ signal: context.signal }),
  ]);
  // An engine at an address of its own may have a store of its own, which plain podman would not look into.
  const isUsual = opened.started || standardSockets(context.env, context.uid).includes(opened.socket);
  return {
    owner: context.owner,
    user,
    podman: {
      path,
      args: isUsual ? [] : ['--url', opened.url],
      containersConf,
      ...(override !== undefined && { containersConfOverride: override }),
    },
    stateDir: context.paths.state,
    graphRoot,
    digest,
  };
}

/** What units of pods have in common that do not exist yet: systemd finds podman by itself, on whichever host. */
export function offlineHost({ owner }: Context, user: boolean): UnitHost {
  const podman = { path: '/usr/bin/podman', args: [], containersConf: undefined };
  return { owner, user, podman, stateDir: '', graphRoot: '', digest };
}

async function findProgram(name: string, path: string | undefined): Promise<string> {
  for (const directory of (path ?? '/usr/local/bin:/usr/bin:/bin')
    .split(delimiter)
    .filter(part => part.startsWith('/'))) {
    const file = join(directory, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  throw new CommandError(`Cannot write units: found no program "${name}"`, { hint: 'Install it, or mend PATH' });
}
