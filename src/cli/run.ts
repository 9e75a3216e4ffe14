import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import type { Log } from '../log.ts';
import type { Desired } from '../model/desired.ts';
import type { Emit } from '../model/event.ts';
import { defaultOwner } from '../model/names.ts';
import type { Snapshot } from '../model/source.ts';
import { reconcileLoop } from '../reconcile/loop.ts';
import { directorySource } from '../source/dir.ts';
import type { Context } from './context.ts';
import { contextsIn, makeLoad } from './desire.ts';
import { CommandError } from './error.ts';
import { logEvents } from './event-log.ts';
import type { RunFlags } from './flags.ts';
import { greeter } from './greeter.ts';
import { hangups } from './hangup.ts';
import { imageKeeper } from './image-keeper.ts';
import { imagePins } from './image-pins.ts';
import { type Lean, liveLean } from './lean.ts';
import { makeLogger } from './logger.ts';
import { takePlace } from './place.ts';
import { makePorts } from './ports.ts';
import { makeProbing } from './probing.ts';
import { learning, makeScrubber, type Scrubber } from './scrub.ts';
import { serviceNotifier } from './service-notify.ts';
import { unitKeeper } from './unit-keeper.ts';
import { version } from './version.ts';
import { withWorld } from './world.ts';

/** `podstead run [DIR]`: keeps this host until it is told to stop; 0 then. Pods run on. */
export async function run(context: Context, dir: string, flags: RunFlags): Promise<number> {
  // Until the loop listens, a hangup asks for what is about to happen anyway; unheard it would end us.
  process.on('SIGHUP', () => undefined);
  // A root that goes away later is waited for; one that was never there is a slip of the pen.
  if (!existsSync(dir)) throw new CommandError(`Cannot keep "${dir}": no such directory`, { hint: 'Check the path' });
  if (flags.once && flags.pruneImages !== undefined) {
    const hint = 'Leave --prune-images out, and have "podstead image prune" run now and then';
    throw new CommandError('Cannot remove images in a single pass', { hint });
  }
  const lean = liveLean();
  const scrubber = makeScrubber();
  const format = flags.logFormat ?? (context.terminal.interactive ? 'text' : 'json');
  const level = context.quiet ? 'warn' : context.logLevel;
  const log = await makeLogger(context.terminal, { level, format, scrub: text => scrubber.scrub(text) });
  const source = directorySource(dir, { cwd: process.cwd(), contextsIn });
  if (flags.once) return (await import('./once.ts')).runOnce(context, { flags, log, source, scrubber });
  await keep(context, { flags, log, source, scrubber, lean });
  log.info(`stopped, pods run on; \`${commandOf(context)} down --all\` removes them`);
  return 0;
}

interface Keeping {
  readonly flags: RunFlags;
  readonly log: Log;
  readonly source: ReturnType<typeof directorySource>;
  readonly scrubber: Scrubber;
  readonly lean: Lean;
}

function keep(context: Context, { flags, log, source, scrubber, lean }: Keeping): Promise<void> {
  return withWorld(
    context,
    async world => {
      const release = await takePlace(context, world.opened.socket, source.name);
      log.info(`podstead ${version} keeps this host as ${shorter(source.name)} says; stop with Ctrl-C`);
      log.info(`engine: ${world.engine.name}`, { owner: context.owner });
      const parse = makeLoad({ owner: context.owner, strict: flags.strict ?? false, podSecurity: flags.podSecurity });
      let latest: Desired | undefined;
      const load = learning(async (snapshot: Snapshot) => {
        lean.size(snapshot.files.length);
        const loaded = await parse(snapshot);
        latest = loaded.desired;
        return loaded;
      }, scrubber);
      const notifier = await serviceNotifier(context, log);
      const units =
        flags.units === undefined ? undefined : await unitKeeper(context, { directory: flags.units, log, world });
      const tell = logEvents(log);
      const greet = greeter(log, commandOf(context));
      const emit: Emit = event => {
        tell(event);
        notifier.note(event);
        greet(event, latest);
        lean.note(event);
      };
      const images = await imageKeeper(context, world, log);
      const { pruneImages: policy } = flags;
      const collector =
        policy && (await import('./image-collector.ts')).imageCollector(context, world, { policy, log });
      const ports = makePorts(context, {
        ...{ world, source, load, emit, images, scrub: scrubber.scrub },
        ...{ keepStanding: true, checkEveryMs: flags.checkImages, pins: imagePins(context, world) },
      });
      const { probes, hooks, end: endProbing } = makeProbing(context, world);
      const wakes = hangups(source.wakes, log);
      const plan: typeof ports.plan = (desired, actual, opts) => {
        const made = ports.plan(desired, actual, opts);
        const settled = made.steps.length === 0 && opts.busy.size === 0;
        if (settled) units?.keep({ desired, actual, records: opts.records });
        if (settled) collector?.collect();
        return made;
      };
      try {
        await reconcileLoop(
          { ...ports, plan, probes, hooks, source: { ...source, wakes } },
          { allowEmpty: flags.allowEmpty ?? false, signal: context.signal },
        );
      } finally {
        endProbing();
        await notifier.end();
        await units?.end();
        await collector?.end();
        await images.end();
        await release();
      }
    },
    { source: source.name, log },
  );
}

/** As the user would write it: relative to the working directory where it is below it. */
function shorter(path: string): string {
  const from = relative(process.cwd(), path);
  return from === '' || from.startsWith('..') ? path : from;
}

/** In a checkout or a project the program is not on the PATH; npm tells that it started us (npm-run-script(1)). */
function commandOf({ env, owner }: Context): string {
  const program = env.npm_execpath ? 'npx podstead' : 'podstead';
  return owner === defaultOwner ? program : `${program} --owner ${owner}`;
}
