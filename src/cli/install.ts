import { execFile } from 'node:child_process';
import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isRunning, type SystemctlOptions, systemctl } from '../systemd/systemctl.ts';
import { writeText } from '../systemd/write.ts';
import { agentUnit, isAgentUnit } from '../unit/agent.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';
import type { UserFlag } from './flags.ts';

const unit = 'podstead.service';

/** Where an agent of root or of a user is set up. */
interface Place {
  readonly unitPath: string;
  /** Of the shipped unit. */
  readonly templatePath: string;
  /** Kept where none is named. */
  readonly manifests: string;
  readonly systemd: SystemctlOptions;
}

/** `podstead install [DIR] [--user]`: the agent as a service of systemd, enabled and running. Again changes what differs. */
export async function install(context: Context, directory: string | undefined, flags: UserFlag): Promise<number> {
  const { terminal, quiet } = context;
  const say = (line: string): void => {
    if (!quiet) terminal.err(`${line}\n`);
  };
  const place = await placeOf(context, flags);
  await needSystemd(place, 'install');
  const manifests = resolve(directory ?? place.manifests);
  const template = await readFile(place.templatePath, 'utf8');
  const program = [process.execPath, await entryPath()];
  const wanted = agentUnit(template, { program, manifests: directory === undefined ? undefined : manifests });
  const found = await standing(place, template);
  await mkdir(manifests, { recursive: true });
  if (found !== wanted) {
    await mkdir(dirname(place.unitPath), { recursive: true });
    await writeText(place.unitPath, wanted);
    await systemctl(['daemon-reload'], place.systemd);
    say(`Wrote ${place.unitPath}`);
  }
  await systemctl(['enable', '--now', 'podman.socket'], place.systemd);
  if (place.systemd.user) await linger(context, say);
  // A start of one that runs does nothing, and a restart stops no pod.
  await systemctl(['enable', unit], place.systemd);
  await systemctl([found === undefined || found === wanted ? 'start' : 'restart', unit], place.systemd);
  const journal = place.systemd.user ? 'journalctl --user -u podstead' : 'journalctl -u podstead';
  say(`${unit} keeps this host as ${manifests} says, now and from boot on. What it does: ${journal}`);
  return 0;
}

/** `podstead uninstall [--user]`: takes the agent's service away; pods run on, and start at boot, under their own units. */
export async function uninstall(context: Context, flags: UserFlag): Promise<number> {
  const place = await placeOf(context, flags);
  await needSystemd(place, 'uninstall');
  const found = await standing(place, await readFile(place.templatePath, 'utf8'));
  if (found !== undefined) {
    await systemctl(['disable', '--now', unit], place.systemd);
    await rm(place.unitPath, { force: true });
    await systemctl(['daemon-reload'], place.systemd);
  }
  if (!context.quiet) {
    context.terminal.err(
      found === undefined
        ? `${unit} is not installed\n`
        : `Removed ${place.unitPath}. Pods run on, and start at boot by their own units; \`podstead down --all\` removes them\n`,
    );
  }
  return 0;
}

async function placeOf({ env, uid, signal }: Context, flags: UserFlag): Promise<Place> {
  const user = flags.user ?? uid !== 0;
  const templates = join(dirname(await entryPath()), 'systemd');
  const systemd = { path: 'systemctl', user, signal };
  if (!user) {
    return {
      unitPath: join('/etc/systemd/system', unit),
      templatePath: join(templates, unit),
      manifests: '/etc/podstead/manifests',
      systemd,
    };
  }
  const config = env.XDG_CONFIG_HOME || join(env.HOME ?? '/', '.config');
  return {
    unitPath: join(config, 'systemd/user', unit),
    templatePath: join(templates, 'podstead-user.service'),
    manifests: join(config, 'podstead/manifests'),
    systemd,
  };
}

/** The program's entry, links resolved: the bundle and the shipped units are beside it. */
async function entryPath(): Promise<string> {
  return realpath(process.argv[1] ?? '');
}

async function needSystemd({ systemd }: Place, verb: string): Promise<void> {
  if (await isRunning(systemd)) return;
  const whose = systemd.user ? 'no systemd of this user' : 'no systemd';
  const hint = systemd.user
    ? 'Log in through a session of systemd (ssh, machinectl shell), or set XDG_RUNTIME_DIR'
    : 'Have whatever starts services here run: podstead run DIR';
  throw new CommandError(`Cannot ${verb} the agent: ${whose} runs here`, { hint });
}

/**
 * The unit that is there, if it is ours.
 *
 * @throws CommandError where somebody else's stands under that name
 */
async function standing({ unitPath }: Place, template: string): Promise<string | undefined> {
  const text = await readFile(unitPath, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined || isAgentUnit(text, template)) return text;
  throw new CommandError(`Cannot use ${unitPath}: it was not written by podstead`, { hint: 'Move it away first' });
}

/** Without lingering, a user's services start with the first session, and end with the last (loginctl(1)). */
function linger({ signal }: Context, say: (line: string) => void): Promise<void> {
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
