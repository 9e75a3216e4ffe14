import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UnitFile } from '../unit/unit-file.ts';
import { isRunning, type SystemctlOptions, systemctl } from './systemctl.ts';
import { removeUnits, type WrittenUnits, writeUnits } from './write.ts';

export interface KeepOptions extends SystemctlOptions {
  readonly owner: string;
  /** Where units live that are to vanish at the next boot: `/run/systemd/system`, or below a user's XDG_RUNTIME_DIR. */
  readonly runtimeDirectory: string;
}

/** What became of the units. */
export interface KeptUnits extends WrittenUnits {
  /** False where systemd does not run: the files stand there, and nothing was enabled or started. */
  readonly running: boolean;
  /** Units that systemd counts as started from now on, so that it stops them at shutdown. */
  readonly adopted: readonly string[];
}

/**
 * Makes a directory hold the units of pods that run, and systemd know them: enabled for the next boot, and counted as
 * started, so that shutdown stops the pods in order. Touches no container: a unit is taken over as started without its
 * start commands, and one that is no longer wanted is forgotten without its stop commands.
 *
 * @throws SystemdError where systemctl fails
 */
export async function keepUnits(directory: string, units: readonly UnitFile[], opts: KeepOptions): Promise<KeptUnits> {
  const files = await writeUnits(directory, units, opts);
  const running = await isRunning(opts);
  const wanted = units.map(unit => unit.name).filter(name => !files.foreign.includes(name));
  if (running && files.removed.length > 0) await systemctl(['--no-reload', 'disable', ...files.removed], opts);
  await removeUnits(directory, files.removed);
  if (!running) return { ...files, running, adopted: [] };
  if (files.written.length > 0) {
    await systemctl(['--no-reload', 'enable', ...files.written.map(name => join(directory, name))], opts);
  }
  const stale = await removeDropIns(wanted, opts);
  if (stale || files.written.length + files.removed.length > 0) await systemctl(['daemon-reload'], opts);
  // Their files are gone, and with them their stop commands; systemctl refuses to stop what it does not know.
  const started = await inState(/^ActiveState=(active|activating|deactivating|reloading)$/m, files.removed, opts);
  if (started.length > 0) await systemctl(['stop', ...started], opts);
  const adopted = await adopt(await inState(/^ActiveState=(inactive|failed)$/m, wanted, opts), opts);
  return { ...files, running, adopted };
}

/** Those units whose state, as `systemctl show` prints it, matches. */
async function inState(state: RegExp, names: readonly string[], opts: KeepOptions): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const text = await systemctl(['show', '--property=Id,ActiveState', ...names], opts);
  return text
    .trim()
    .split(/\n\n+/)
    .filter(block => state.test(block))
    .map(block => /^Id=(.+)$/m.exec(block)?.[1] ?? '')
    .filter(name => names.includes(name));
}

/** Lists with nothing in them take back what the unit says, systemd.service(5). A oneshot unit may have no start. */
const adoptText = '[Service]\nExecStartPre=\nExecStart=\n';

/** Starts units whose pods run already, with a drop-in that takes their start commands away for the moment. */
async function adopt(names: readonly string[], opts: KeepOptions): Promise<readonly string[]> {
  if (names.length === 0) return [];
  try {
    for (const name of names) {
      await mkdir(dropIn(name, opts), { recursive: true });
      await writeFile(join(dropIn(name, opts), dropInFile), adoptText);
    }
    await systemctl(['daemon-reload'], opts);
    await systemctl(['start', ...names], opts);
  } finally {
    await removeDropIns(names, opts);
  }
  await systemctl(['daemon-reload'], opts);
  return names;
}

const dropInFile = 'podstead-adopt.conf';

function dropIn(name: string, opts: KeepOptions): string {
  return join(opts.runtimeDirectory, `${name}.d`);
}

/** Removes our drop-ins, also those that an agent left which was killed; true where there was one. */
async function removeDropIns(names: readonly string[], opts: KeepOptions): Promise<boolean> {
  let found = false;
  for (const name of names) {
    const directory = dropIn(name, opts);
    const gone = await rm(join(directory, dropInFile)).then(
      () => true,
      () => false,
    );
    // Stays where somebody else put something into it.
    if (gone) await rmdir(directory).catch(() => undefined);
    found ||= gone;
  }
  return found;
}
