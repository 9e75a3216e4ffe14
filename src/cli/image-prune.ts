import { bytes } from '../model/size.ts';
import { decideImages, type GcPolicy, type GcRow } from '../plan/image-gc.ts';
import { withBuilt } from '../plan/image-ledger.ts';
import { fileBuilds } from '../record/builds.ts';
import { ledgerFile } from '../record/images.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import type { PruneImagesFlags } from './image-flags.ts';
import { namedTable } from './table.ts';
import { type World, withWorld } from './world.ts';

/** What became of one image. */
export interface PrunedRow extends GcRow {
  readonly result: 'removed' | 'would go' | 'kept';
}

/** `podstead image prune`. Nothing that pods of anybody have is touched, so it runs beside an agent. */
export async function pruneImages(context: Context, flags: PruneImagesFlags): Promise<number> {
  const policy = { keepAgeMs: flags.keepAge, keep: flags.keep, freeBytes: flags.free };
  return withWorld(context, async world => {
    const rows = await prune(context, world, { policy, dryRun: flags.dryRun ?? false });
    await report(context, rows);
    return 0;
  });
}

export interface PruneOptions {
  readonly policy: GcPolicy;
  readonly dryRun: boolean;
}

/** Removes what the policy lets go. Images share layers, so that what one frees shows only once it is gone. */
export async function prune(context: Context, world: World, opts: PruneOptions): Promise<readonly PrunedRow[]> {
  const removed: PrunedRow[] = [];
  const stuck = new Map<string, PrunedRow>();
  for (;;) {
    const rows = await decide(context, world, opts.policy);
    const settled = rows.map(row => stuck.get(row.image.id) ?? { ...row, result: row.remove ? 'would go' : 'kept' });
    const next = settled.filter(({ result }) => result === 'would go');
    if (opts.dryRun || next.length === 0) return [...removed, ...settled.map(asSettled)];
    for (const row of opts.policy.freeBytes === undefined ? next : next.slice(0, 1)) {
      const { image } = row;
      if (await world.engine.removeImage(image, context)) removed.push({ ...row, result: 'removed' });
      else stuck.set(image.id, { ...row, remove: false, result: 'kept', why: 'the engine has a use for it' });
    }
  }
}

function asSettled(row: GcRow & { readonly result: string }): PrunedRow {
  return { ...row, result: row.result === 'would go' ? 'would go' : 'kept' };
}

async function decide(context: Context, { engine }: World, policy: GcPolicy): Promise<readonly GcRow[]> {
  const { signal, clock, paths } = context;
  const [noted, built, images, users, { images: named }, freeBytes] = await Promise.all([
    ledgerFile(paths.state).load(),
    fileBuilds(paths.state).load(),
    engine.listImages({ signal }),
    engine.imageUsers({ signal }),
    engine.observe({ signal }),
    policy.freeBytes === undefined ? undefined : engine.freeBytes({ signal }),
  ]);
  const ledger = withBuilt(noted, built.values());
  const idOf = (reference: string): string | undefined => named.get(reference)?.id;
  return decideImages({ images, ledger, users, idOf, nowMs: clock.now(), freeBytes }, policy);
}

/** @param width of the terminal, in characters: where it is too narrow for names and ids, an id stands for an image without a name */
export function pruneTable(rows: readonly PrunedRow[], width: number): string {
  const cells = rows.map(({ image: { id, names, size }, result, why }) => ({
    ...{ name: names[0], id: id.slice(0, 12) },
    rest: [bytes(size), result, why],
  }));
  const whole = cells.map(({ name = '<none>', id, rest }) => [name, id, ...rest]);
  const text = namedTable(['IMAGE', 'ID', 'SIZE', 'RESULT', 'WHY'], whole, width);
  if (cells.every(({ name = '' }) => text.includes(name))) return text;
  return namedTable(
    ['IMAGE', 'SIZE', 'RESULT', 'WHY'],
    cells.map(({ name, id, rest }) => [name ?? id, ...rest]),
    width,
  );
}

async function report(context: Context, rows: readonly PrunedRow[]): Promise<void> {
  const { terminal, output, quiet } = context;
  const documents = rows.map(({ image: { id, names, size }, result, why }) => ({ id, names, size, result, why }));
  if (output !== 'text') return writeData(terminal, output, { images: documents });
  if (rows.length > 0) terminal.out(pruneTable(rows, terminal.outColumns()));
  const gone = rows.filter(({ result }) => result !== 'kept');
  const verb = rows.some(({ result }) => result === 'would go') ? 'would go' : 'removed';
  if (!quiet) terminal.err(`${gone.length} ${verb}, ${rows.length - gone.length} kept\n`);
}
