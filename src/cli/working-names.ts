import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { CommandError } from './error.ts';
import type { RmFlags } from './working-flags.ts';
import { keepMounted } from './working-image.ts';
import {
  aloneWith,
  forgetWorking,
  imageOf,
  listWorking,
  readWorking,
  refuseTaken,
  writeWorking,
} from './working-state.ts';
import { withWorld } from './world.ts';

/** `podstead build containers`. */
export async function containers(context: Context): Promise<number> {
  const names = await listWorking(context);
  if (context.output !== 'text') await writeData(context.terminal, context.output, names);
  else for (const name of names) context.terminal.out(`${name}\n`);
  return 0;
}

/** `podstead build rm NAME... | --all`. */
export async function remove(context: Context, given: readonly string[], flags: RmFlags): Promise<number> {
  const names = flags.all ? await listWorking(context) : given;
  if (names.length === 0 && !flags.all) throw new CommandError('Cannot remove: expected a working container, or --all');
  const { signal } = context;
  for (const name of names) {
    await aloneWith(context, name, async () => {
      const working = await readWorking(context, name);
      await withWorld(context, async ({ engine }) => {
        if (working.mount !== undefined) await engine.working.drop(working.mount, { signal });
        await engine.working.dropImage(imageOf(context, name), { signal });
      });
      await forgetWorking(context, name);
    });
    if (!context.quiet) context.terminal.err(`Removed ${name}\n`);
  }
  return 0;
}

/** `podstead build rename NAME NEW`. */
export async function rename(context: Context, name: string, next: string): Promise<number> {
  const { signal } = context;
  await aloneWith(context, name, () =>
    aloneWith(context, next, async () => {
      const working = await readWorking(context, name);
      await refuseTaken(context, next);
      await withWorld(context, async ({ engine }) => {
        const kept = await keepMounted(context, engine, working);
        await engine.working.tag(imageOf(context, name), imageOf(context, next), { signal });
        // From here on it has the new name, and the old one is what a killed command leaves behind.
        await writeWorking(context, { ...kept, name: next });
        await forgetWorking(context, name);
        await engine.working.dropImage(imageOf(context, name), { signal });
      });
    }),
  );
  return 0;
}
