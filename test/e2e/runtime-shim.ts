import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, type Host } from './podstead.ts';

/** A command of the OCI runtime at which the engine's service dies: `main`'s, or its pod's sandbox's. */
export interface Trap {
  readonly command: 'create' | 'start' | 'kill' | 'delete';
  /** `after` it was done, and before the service hears of that. */
  readonly when: 'before' | 'after';
  /** How many such commands pass before. */
  readonly skip: number;
}

/** Puts itself before runc and kills the engine's service where a trap says so. */
export interface Shim {
  set(trap: Trap): Promise<void>;
  /** Waits until the service was killed or the given work has ended; starts the service again. @returns whether it was killed */
  sprung(work: Promise<unknown>): Promise<boolean>;
}

/** Has the service of a host run its containers by way of a shim. Those that it made before go by runc itself. */
export async function runtimeShim(on: Host): Promise<Shim> {
  const { home, containersConf } = on.engine;
  const [shim, trap, dead] = ['runc-shim', 'trap', 'dead'].map(name => join(home, name)) as [string, string, string];
  // conmon runs `create`, so the service is not always the parent: its pid stands in the trap.
  const script = `#!/bin/sh
for word in "$@"; do case $word in create | start | kill | delete) command=$word && break ;; esac; done
spring() {
  [ -e ${trap} ] || return 0
  read -r when wanted skip pid < ${trap}
  [ "$wanted" = "$command" ] && [ "$when" = "$1" ] || return 0
  if [ "$skip" -gt 0 ]; then echo "$when $wanted $((skip - 1)) $pid" > ${trap}; return 0; fi
  rm ${trap} && kill -9 "$pid" && touch ${dead}
  [ "$1" = after ] || exit 1
}
spring before
runc "$@"
code=$?
spring after
exit $code
`;
  await writeFile(shim, script);
  await chmod(shim, 0o755);
  const conf = await readFile(containersConf, 'utf8');
  await writeFile(containersConf, `${conf}\n[engine.runtimes]\nrunc = ["${shim}"]\n`);
  await on.engine.stopService();
  await on.engine.startService();
  const exists = (path: string): Promise<boolean> =>
    readFile(path).then(
      () => true,
      () => false,
    );
  return {
    set: async ({ when, command, skip }) => {
      await rm(dead, { force: true });
      await writeFile(trap, `${when} ${command} ${skip} ${on.engine.pid()}\n`);
    },
    sprung: async work => {
      let isOver = false;
      work.finally(() => {
        isOver = true;
      });
      await eventually(
        'the service died, or the work has ended',
        async () => isOver || (await exists(dead)),
        is => is,
      );
      const isDead = await exists(dead);
      await rm(trap, { force: true });
      if (isDead) {
        await on.engine.stopService();
        await on.engine.startService();
      }
      return isDead;
    },
  };
}
