import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UnitFile } from '../unit/unit-file.ts';
import { clearPending, notePending, readPending } from './pending.ts';
import { isRunning, type SystemctlOptions, systemctl } from './systemctl.ts';
import { compareUnits, removeUnits, type WrittenUnits, writeUnit } from './write.ts';

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
 * What it is about to do is noted first: a run that comes after one that was killed or failed does all of it again.
 *
 * @throws SystemdError where systemctl fails
 */
export async function keepUnits(directory: string, units: readonly UnitFile[], opts: KeepOptions): Promise<KeptUnits> {
  const { owner } = opts;
  const { differing, unwanted, foreign } = await compareUnits(directory, units, opts);
  const wanted = units.map(unit => unit.name).filter(name => !foreign.includes(name));
  const left = await readPending(directory, owner);
  const written = union(
    differing.map(({ name }) => name),
    left.filter(name => wanted.includes(name)),
  );
  const removed = union(
    unwanted,
    left.filter(name => !units.some(unit => unit.name === name)),
  );
  const begun = union(written, removed);
  if (begun.length > 0) await notePending(directory, owner, begun);
  for (const unit of differing) await writeUnit(directory, unit);
  const running = await isRunning(opts);
  // Before its file goes; without one there is nothing left to disable.
  if (running && unwanted.length > 0) await systemctl(['--no-reload', 'disable', ...unwanted], opts);
  await removeUnits(directory, unwanted);
  const adopted = running ? await follow({ directory, wanted, written, removed }, opts) : [];
  await clearPending(directory, owner);
  return { written, removed, foreign, running, adopted };
}

interface Begun {
  readonly directory: string;
  readonly wanted: readonly string[];
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

/** Has systemd follow what stands in the directory by now. */
async function follow({ directory, wanted, written, removed }: Begun, opts: KeepOptions): Promise<readonly string[]> {
  if (written.length > 0) {
    await systemctl(['--no-reload', 'enable', ...written.map(name => join(directory, name))], opts);
  }
  const stale = await removeDropIns(union(wanted, removed), opts);
  if (stale || written.length + removed.length > 0) await systemctl(['daemon-reload'], opts);
  // Their files are gone, and with them their stop commands; systemctl refuses to stop what it does not know.
  const started = await inState(/^ActiveState=(active|activating|deactivating|reloading)$/m, removed, opts);
  if (started.length > 0) await systemctl(['stop', ...started], opts);
  const idle = await inState(/^ActiveState=(inactive|failed)$/m, wanted, opts);
  if (idle.length > 0) await notePending(directory, opts.owner, [...written, ...removed, ...idle]);
  return adopt(idle, opts);
}

function union(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...new Set([...one, ...other])].sort();
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
    // Also the empty one of a run that was killed; it stays where somebody else put something into it.
    await rmdir(directory).catch(() => undefined);
    found ||= gone;
  }
  return found;
}
