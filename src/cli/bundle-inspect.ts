import { openBundle } from '../bundle/open.ts';
import { verifyBundle } from '../bundle/verify.ts';
import { ImageError } from '../image/failure.ts';
import { bytes } from '../model/size.ts';
import type { BasesFlag } from './bundle-flags.ts';
import { type BundleDocument, describeBundle } from './bundle-report.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { contextsIn } from './desire.ts';
import { copyLine } from './image-progress.ts';
import { namedTable, wrap } from './table.ts';

/** `podstead bundle inspect FILE`: 1 where a byte of it is not what it says. */
export async function inspectBundle(context: Context, file: string, flags: BasesFlag): Promise<number> {
  const bundle = await openBundle(file);
  const bases = await Promise.all((flags.base ?? []).map(openBundle));
  const line = copyLine(context, file, 'Checking');
  const onProgress = (doneBytes: number, totalBytes: number): void => line.show({ message: '', doneBytes, totalBytes });
  const fault = await verifyBundle(bundle, { bases, contextsIn, signal: context.signal, onProgress }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof ImageError) return error.message;
      throw error;
    },
  );
  line.end();
  const document = await describeBundle(bundle, { fault });
  if (context.output === 'text') context.terminal.out(bundleText(document, context.terminal.outColumns()));
  else await writeData(context.terminal, context.output, document);
  return fault === undefined ? 0 : 1;
}

/** @param width of the terminal, in characters; where there is none, names and digests are whole */
export function bundleText(document: BundleDocument, width: number): string {
  const { file, digest, size, platform, revision, base, verified, fault, images, manifests, absent } = document;
  const left = absent.reduce((sum, layer) => sum + layer.size, 0);
  const facts = [
    `${file}: ${bytes(size)}, for ${platform}, revision ${revision}`,
    digest,
    ...(base === null ? [] : [`builds on ${base}: ${absent.length} layers (${bytes(left)}) are in that`]),
    verified ? 'verified: every byte is what it says' : `broken: ${fault}`,
  ];
  const rows = images.map(image => [
    image.reference,
    width === Number.POSITIVE_INFINITY ? image.digest : image.digest.slice('sha256:'.length).slice(0, 12),
    bytes(image.size),
    image.absentLayers === 0 ? `${image.layers}` : `${image.layers}, ${image.absentLayers} absent`,
  ]);
  const tables = [
    ...(rows.length === 0 ? [] : [namedTable(['IMAGE', 'DIGEST', 'SIZE', 'LAYERS'], rows, width)]),
    namedTable(
      ['MANIFEST', 'SIZE'],
      manifests.map(each => [each.path, bytes(each.size)]),
      width,
    ),
  ];
  return `${facts.flatMap(fact => wrap(fact, width)).join('\n')}\n\n${tables.join('\n')}`;
}
