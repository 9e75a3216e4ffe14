import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isRunning, systemctl } from '../systemd/systemctl.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';
import type { InstallFlags, UserFlag } from './flags.ts';
import {
  agentUnits,
  entryPath,
  linger,
  type Place,
  placeOf,
  removeAgentUnits,
  standingUnit,
  writeAgentUnits,
} from './install-units.ts';

/**
 * `podstead install [DIR] [--user] [--no-resident]`: the agent as a service of systemd, or units that start passes,
 * enabled and running. Again changes what differs.
 */
export async function install(context: Context, directory: string | undefined, flags: InstallFlags): Promise<number> {
  const { terminal, quiet } = context;
  const say = (line: string): void => {
    if (!quiet) terminal.err(`${line}\n`);
  };
  const place = await placeOf(context, flags);
  await needSystemd(place, 'install');
  const manifests = resolve(directory ?? place.manifests);
  const program = [process.execPath, await entryPath()];
  const [names, others] = flags.resident
    ? [agentUnits.resident, agentUnits.passes]
    : [agentUnits.passes, agentUnits.resident];
  const found = await Promise.all([...names, ...others].map(name => standingUnit(place, name)));
  const wasThere = found.slice(0, names.length).some(text => text !== undefined);
  await mkdir(manifests, { recursive: true });
  for (const path of await removeAgentUnits(place, others)) say(`Removed ${path}`);
  const spec = { program, manifests: directory === undefined ? undefined : manifests };
  const written = await writeAgentUnits(place, names, spec);
  for (const path of written) say(`Wrote ${path}`);
  await systemctl(['enable', '--now', 'podman.socket'], place.systemd);
  if (place.systemd.user) await linger(context, say);
  // The service of a pass is started by the others.
  const started = flags.resident ? names : names.filter(name => !name.endsWith('.service'));
  await systemctl(['enable', ...started], place.systemd);
  // A start of one that runs does nothing, and a restart stops no pod.
  await systemctl([wasThere && written.length > 0 ? 'restart' : 'start', ...started], place.systemd);
  const service = names[0].replace('.service', '');
  const journal = place.systemd.user ? `journalctl --user -u ${service}` : `journalctl -u ${service}`;
  const who = flags.resident ? `${names[0]} keeps` : `Passes of ${names[0]} keep`;
  say(`${who} this host as ${manifests} says, now and from boot on. What it does: ${journal}`);
  return 0;
}

/** `podstead uninstall [--user]`: takes the agent's units away; pods run on, and start at boot, under their own units. */
export async function uninstall(context: Context, flags: UserFlag): Promise<number> {
  const place = await placeOf(context, flags);
  await needSystemd(place, 'uninstall');
  const removed = await removeAgentUnits(place, [...agentUnits.resident, ...agentUnits.passes]);
  if (!context.quiet) {
    context.terminal.err(
      removed.length === 0
        ? 'No unit of the agent is installed\n'
        : `Removed ${removed.join(', ')}. Pods run on, and start at boot by their own units; \`podstead down --all\` removes them\n`,
    );
  }
  return 0;
}

async function needSystemd({ systemd }: Place, verb: string): Promise<void> {
  if (await isRunning(systemd)) return;
  const whose = systemd.user ? 'no systemd of this user' : 'no systemd';
  const hint = systemd.user
    ? 'Log in through a session of systemd (ssh, machinectl shell), or set XDG_RUNTIME_DIR'
    : 'Have whatever starts services here run: podstead run DIR';
  throw new CommandError(`Cannot ${verb} the agent: ${whose} runs here`, { hint });
}
