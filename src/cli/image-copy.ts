import { writeFile } from 'node:fs/promises';
import { type Copied, copyImage } from '../image/copy.ts';
import { openNamed } from '../image/named-source.ts';
import { openTarget } from '../image/target.ts';
import { formatPlace, parsePlace } from '../image/transport.ts';
import { counted } from '../model/count.ts';
import { reasonOf } from '../model/file-fault.ts';
import { bytes } from '../model/size.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { CommandError } from './error.ts';
import { platformOf, sidesOf } from './image-access.ts';
import type { CopyFlags } from './image-flags.ts';
import { choiceOf, formatOf, repackingOf } from './image-format-flags.ts';
import { copyLine } from './image-progress.ts';
import { signingOf } from './image-sign.ts';
import { copyLean } from './lean.ts';

/** `podstead image copy SOURCE DESTINATION`. */
export async function copy(context: Context, given: readonly [string, string], flags: CopyFlags): Promise<number> {
  const sweep = copyLean();
  const to = parsePlace(given[1]);
  const access = sidesOf(context, flags);
  const startMs = context.clock.now();
  const signing = await signingOf(context, flags);
  const source = await openNamed(given[0], access.from);
  const from = formatPlace(source.place);
  const line = copyLine(context, from);
  try {
    const target = await openTarget(to, access.to, flags.additionalTag);
    try {
      const copied = await copyImage(source, target, {
        ...choiceOf(flags),
        format: formatOf(flags),
        repacking: repackingOf(flags, context.env),
        platform: platformOf(flags),
        preserveDigests: flags.preserveDigests ?? false,
        signing,
        onProgress: progress => {
          line.show(progress);
          sweep();
        },
        signal: context.signal,
      });
      line.end();
      if (flags.digestfile !== undefined) await writeDigest(flags.digestfile, copied.digest);
      await tell(context, {
        from,
        to: formatPlace(to),
        copied,
        tookMs: context.clock.now() - startMs,
      });
    } finally {
      line.end();
      await target.close();
    }
  } finally {
    await source.close();
  }
  return 0;
}

async function writeDigest(file: string, digest: string): Promise<void> {
  await writeFile(file, digest).catch((cause: Error) => {
    const hint = `The image is copied, and is ${digest}`;
    throw new CommandError(`Cannot write the digest to "${file}": ${reasonOf(cause)}`, { hint, cause });
  });
}

interface Told {
  readonly from: string;
  readonly to: string;
  readonly copied: Copied;
  readonly tookMs: number;
}

async function tell({ terminal, output, quiet }: Context, { from, to, copied, tookMs }: Told): Promise<void> {
  const { digest, images, blobs, signatures, bytes: moved } = copied;
  if (output !== 'text') {
    const counted = { Images: images, Signatures: signatures, Blobs: blobs, Bytes: moved };
    return writeData(terminal, output, { Source: from, Destination: to, Digest: digest, ...counted });
  }
  if (quiet) return;
  const counts = [
    `${counted(blobs.sent, 'blob')} copied`,
    ...(blobs.mounted > 0 ? [`${blobs.mounted} mounted`] : []),
    ...(blobs.present > 0 ? [`${blobs.present} there already`] : []),
    ...(signatures > 0 ? [counted(signatures, 'signature')] : []),
  ];
  terminal.err(`Copied ${from} to ${to} in ${(tookMs / 1000).toFixed(1)} s, ${bytes(moved)}: ${counts.join(', ')}\n`);
  terminal.err(`  ${digest}\n`);
}
