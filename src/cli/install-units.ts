import { execFile } from 'node:child_process';
import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type SystemctlOptions, systemctl } from '../systemd/systemctl.ts';
import { wakeIn } from '../systemd/wake.ts';
import { writeUnitFile } from '../systemd/write.ts';
import { type AgentUnitSpec, agentUnit, isAgentUnit } from '../unit/agent.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';
import type { UserFlag } from './flags.ts';

/** The agent itself, and what starts passes where no agent is to stay in memory. */
export const agentUnits = {
  resident: ['podstead.service'],
  passes: [
    'podstead-pass.service',
    'podstead-pass@.service',
    'podstead-pass.path',
    'podstead-pass.timer',
    'podstead-pass.socket',
  ],
} as const;

/** Where an agent of root or of a user is set up. */
export interface Place {
  /** Of its units. */
  readonly directory: string;
  /** Of the shipped ones. */
  readonly templates: string;
  /** Kept where none is named. */
  readonly manifests: string;
  readonly systemd: SystemctlOptions;
}

/** Of whoever asks, or as the flag says. */
export async function placeOf({ env, uid, signal }: Context, flags: UserFlag): Promise<Place> {
  const user = flags.user ?? uid !== 0;
  const templates = join(dirname(await entryPath()), 'systemd');
  const systemd = { path: 'systemctl', user, signal };
  if (!user) return { directory: '/etc/systemd/system', templates, manifests: '/etc/podstead/manifests', systemd };
  const config = env.XDG_CONFIG_HOME || join(env.HOME ?? '/', '.config');
  return { directory: join(config, 'systemd/user'), templates, manifests: join(config, 'podstead/manifests'), systemd };
}

/** The program's entry, links resolved: the bundle and the shipped units are beside it. */
export async function entryPath(): Promise<string> {
  return realpath(process.argv[1] ?? '');
}

async function templateOf({ templates, systemd }: Place, name: string): Promise<string> {
  const file = systemd.user ? name.replace(/(@?)\./, '-user$1.') : name;
  return readFile(join(templates, file), 'utf8');
}

/**
 * The unit of that name that is there, if it is ours; undefined where there is none.
 *
 * @throws CommandError where somebody else's stands under that name
 */
export async function standingUnit(place: Place, name: string): Promise<string | undefined> {
  const path = join(place.directory, name);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined || isAgentUnit(text, await templateOf(place, name))) return text;
  throw new CommandError(`Cannot use ${path}: it was not written by podstead`, { hint: 'Move it away first' });
}

/** Writes those units that differ; resolves to their paths. */
export async function writeAgentUnits(
  place: Place,
  names: readonly string[],
  spec: AgentUnitSpec,
): Promise<readonly string[]> {
  const written: string[] = [];
  for (const name of names) {
    const wanted = agentUnit(await templateOf(place, name), spec);
    if ((await standingUnit(place, name)) === wanted) continue;
    await mkdir(place.directory, { recursive: true });
    await writeUnitFile(join(place.directory, name), wanted);
    written.push(join(place.directory, name));
  }
  if (written.length > 0) await systemctl(['daemon-reload'], place.systemd);
  return written;
}

/** Stops those units that are there, and takes them away; resolves to their paths. No pod is touched. */
export async function removeAgentUnits(place: Place, names: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of names) if ((await standingUnit(place, name)) !== undefined) found.push(name);
  if (found.length === 0) return [];
  // What starts others goes first.
  const known = found.filter(each => !each.includes('@'));
  await systemctl(['disable', '--now', ...known.toReversed()], place.systemd);
  for (const name of known.filter(each => each.endsWith('.service'))) await wakeIn(name, undefined, place.systemd);
  for (const name of found) await rm(join(place.directory, name), { force: true });
  await systemctl(['daemon-reload'], place.systemd);
  return found.map(name => join(place.directory, name));
}

/** Without lingering, a user's services start with the first session, and end with the last (loginctl(1)). */
export function linger({ signal }: Context, say: (line: string) => void): Promise<void> {
  return new Promise(done => {
    execFile('loginctl', ['enable-linger'], { signal, timeout: 30_000 }, error => {
      if (error !== null) {
        say(`Pods end with your last session, as lingering could not be enabled: ${error.message.trim()}`);
        say('  Ask an administrator for: loginctl enable-linger USER');
      }
      done();
    });
  });
}
