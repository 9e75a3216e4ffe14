import { makePool } from '../image/access.ts';
import { type Synced, syncImages } from '../image/sync.ts';
import { type ListFailure, listImages } from '../image/sync-list.ts';
import { formatPlace } from '../image/transport.ts';
import { counted } from '../model/count.ts';
import { bytes } from '../model/size.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { CommandError, describeError } from './error.ts';
import { platformOf, sidesOf } from './image-access.ts';
import type { SyncFlags } from './image-flags.ts';
import { formatOf } from './image-format-flags.ts';
import { type CopyLine, copyLine } from './image-progress.ts';
import { signingOf } from './image-sign.ts';
import { type SyncDocument, syncDocument } from './image-sync-document.ts';
import { copyLean } from './lean.ts';

/** `podstead image sync --src docker|dir|yaml --dest docker|dir SOURCE DESTINATION`. Exits with 1 where one failed. */
export async function sync(context: Context, given: readonly [string, string], flags: SyncFlags): Promise<number> {
  const sweep = copyLean();
  if (flags.src === 'dir' && flags.dest === 'dir') {
    throw new CommandError('Cannot sync a directory to a directory', { hint: 'Copy it with "cp -a", or rsync' });
  }
  const source = bare(given[0], flags.src, '--src');
  const destination = bare(given[1], flags.dest, '--dest');
  const sides = sidesOf(context, flags);
  const signing = await signingOf(context, flags);
  const [fromPool, toPool] = [makePool(), makePool()];
  const [from, to] = [
    { ...sides.from, pool: fromPool },
    { ...sides.to, pool: toPool },
  ];
  const startMs = context.clock.now();
  try {
    const list = await listImages({
      ...flags,
      source,
      destination,
      scoped: flags.scoped ?? false,
      suffix: flags.appendSuffix ?? '',
      from,
    });
    const view = makeView(context, list.items.length);
    for (const failure of list.failures) view.failed(failure.source, failure.error);
    const isOver = list.failures.length > 0 && !flags.keepGoing;
    const images = await syncImages(isOver ? [] : list.items, {
      to,
      all: flags.all ?? false,
      format: formatOf(flags),
      platform: platformOf(flags),
      preserveDigests: flags.preserveDigests ?? false,
      signing,
      dryRun: flags.dryRun ?? false,
      keepGoing: flags.keepGoing ?? false,
      onProgress: () => {
        view.redraw();
        sweep();
      },
      onDone: view.done,
      signal: context.signal,
    }).finally(view.end);
    const document = syncDocument(list, images);
    await tell(context, document, context.clock.now() - startMs);
    return document.Totals.Failed === 0 ? 0 : 1;
  } finally {
    await fromPool.close();
    await toPool.close();
  }
}

const prefixes = { docker: 'docker://', dir: 'dir:', yaml: undefined } as const;

/** A place without the transport that its flag says already. @throws CommandError where it says another */
function bare(given: string, transport: keyof typeof prefixes, flag: string): string {
  const prefix = prefixes[transport];
  if (prefix !== undefined && given.startsWith(prefix)) return given.slice(prefix.length);
  const other = (['docker', 'dir'] as const).find(each => given.startsWith(prefixes[each]));
  if (other === undefined) return given;
  const message = `Cannot sync with "${given}": "${flag} ${transport}" says that it is something else`;
  throw new CommandError(message, { hint: `Give "${flag} ${other}", or correct the place` });
}

interface View {
  redraw(): void;
  done(synced: Synced): void;
  failed(source: string, error: ListFailure['error']): void;
  end(): void;
}

/** A line for each image, and on a terminal one below them that tells how far all are. */
function makeView(context: Context, total: number): View {
  const { terminal, quiet, output } = context;
  let line: CopyLine = copyLine(context, counted(total, 'image'));
  let count = 0;
  const redraw = (): void => {
    line.show({ message: `${count} of ${total} are done`, doneBytes: undefined, totalBytes: undefined });
  };
  const say = (text: string): void => {
    line.end();
    line = copyLine(context, counted(total, 'image'));
    terminal.err(`${text}\n`);
  };
  const failed: View['failed'] = (source, error) => {
    const { message, hint } = describeError(error);
    say(`${source}: ${message}${hint === undefined ? '' : ` (${hint})`}`);
  };
  return {
    redraw,
    failed,
    end: () => line.end(),
    done: synced => {
      count++;
      if (synced.outcome === 'failed') failed(formatPlace(synced.source), synced.error);
      else if (!quiet && output === 'text') say(`${words[synced.outcome]} ${formatPlace(synced.destination)}`);
    },
  };
}

const words = { copied: 'Copied', present: 'Is there', planned: 'Would copy' } as const;

async function tell({ terminal, output, quiet }: Context, document: SyncDocument, tookMs: number): Promise<void> {
  if (output !== 'text') return writeData(terminal, output, document);
  const { Copied, Present, Planned, Failed, Bytes } = document.Totals;
  const counts = [
    [Copied, 'copied'],
    [Planned, 'to be copied'],
    [Present, 'there already'],
    [Failed, 'failed'],
  ] as const;
  const told = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const size = Copied > 0 ? `, ${bytes(Bytes)}` : '';
  if (!quiet) terminal.err(`${told.join(', ') || 'Nothing to sync'} in ${(tookMs / 1000).toFixed(1)} s${size}\n`);
}
