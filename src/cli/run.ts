import type { Log } from '../log.ts';
import type { Desired, DesiredPort } from '../model/desired.ts';
import type { Emit } from '../model/event.ts';
import { reconcileLoop } from '../reconcile/loop.ts';
import { directorySource } from '../source/dir.ts';
import type { Context } from './context.ts';
import { makeLoad } from './desire.ts';
import { logEvents } from './event-log.ts';
import type { RunFlags } from './flags.ts';
import { hangups } from './hangup.ts';
import { makeLogger } from './logger.ts';
import { takePlace } from './place.ts';
import { makePorts } from './ports.ts';
import { learning, makeScrubber, type Scrubber } from './scrub.ts';
import { serviceNotifier } from './service-notify.ts';
import { unitKeeper } from './unit-keeper.ts';
import { version } from './version.ts';
import { withWorld } from './world.ts';

/** `podstead run [DIR]`: keeps this host until it is told to stop; 0 then. Pods run on. */
export async function run(context: Context, dir: string, flags: RunFlags): Promise<number> {
  const scrubber = makeScrubber();
  const format = flags.logFormat ?? (context.terminal.interactive ? 'text' : 'json');
  const level = context.quiet ? 'warn' : context.logLevel;
  const log = await makeLogger(context.terminal, { level, format, scrub: text => scrubber.scrub(text) });
  const source = directorySource(dir, { cwd: process.cwd() });
  await keep(context, { flags, log, source, scrubber });
  log.info('stopped; pods keep running, remove them with `podstead down --all`');
  return 0;
}

interface Keeping {
  readonly flags: RunFlags;
  readonly log: Log;
  readonly source: ReturnType<typeof directorySource>;
  readonly scrubber: Scrubber;
}

function keep(context: Context, { flags, log, source, scrubber }: Keeping): Promise<void> {
  return withWorld(
    context,
    async world => {
      const release = await takePlace(context, world.opened.socket, source.name);
      log.info(`podstead ${version} keeps this host as ${source.name} says; stop it with Ctrl-C or SIGTERM`, {
        engine: world.engine.name,
        owner: context.owner,
      });
      const parse = await makeLoad({ owner: context.owner, strict: flags.strict ?? false });
      let latest: Desired | undefined;
      const load = learning((snapshot: Parameters<typeof parse>[0]) => {
        const loaded = parse(snapshot);
        latest = loaded.desired;
        return loaded;
      }, scrubber);
      const notifier = await serviceNotifier(context, log);
      const units =
        flags.units === undefined ? undefined : await unitKeeper(context, { directory: flags.units, log, world });
      const tell = logEvents(log);
      const greet = greeter(log);
      const emit: Emit = event => {
        tell(event);
        notifier.note(event);
        if (latest === undefined || event.type !== 'idle') return;
        greet(latest);
        units?.keep(latest);
      };
      const ports = makePorts(context, { world, source, load, emit, scrub: scrubber.scrub, keepStanding: true });
      const wakes = hangups(source.wakes, log);
      try {
        await reconcileLoop(
          { ...ports, source: { ...source, wakes } },
          { allowEmpty: flags.allowEmpty ?? false, signal: context.signal },
        );
      } finally {
        await notifier.end();
        await units?.end();
        await release();
      }
    },
    { source: source.name, log },
  );
}

/** Says once, when all has settled for the first time, what runs and where it can be reached. */
function greeter(log: Log): (desired: Desired) => void {
  let greeted = false;
  return desired => {
    if (greeted) return;
    greeted = true;
    const count = desired.pods.size;
    log.info(`all settled: ${count} pod${count === 1 ? '' : 's'}; see \`podstead status\``);
    for (const pod of desired.pods.values()) {
      for (const port of pod.sandbox.ports) log.info(`${pod.key} answers at ${address(port)}`);
    }
  };
}

/** Ports that usually speak HTTP: a terminal makes such an address clickable. */
const webPorts: readonly number[] = [80, 3000, 8000, 8080];

function address({ hostIp, hostPort, containerPort, protocol }: DesiredPort): string {
  const host = hostIp === undefined || hostIp === '0.0.0.0' || hostIp === '::' ? '127.0.0.1' : hostIp;
  const where = `${host.includes(':') ? `[${host}]` : host}:${hostPort}`;
  return webPorts.includes(containerPort) && protocol === 'tcp' ? `http://${where}` : `${where} (${protocol})`;
}
