import { neededImages } from '../desired/needed.ts';
import type { DesiredImage } from '../model/desired.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { makeLoad, openPaths, printProblems } from './desire.ts';
import type { StrictFlag } from './flags.ts';

/** `podstead image list PATH...`: offline. Exits with 1 where the manifests have errors: the list may be short then. */
export async function listImages(context: Context, paths: readonly string[], flags: StrictFlag): Promise<number> {
  const load = makeLoad({ owner: context.owner, strict: flags.strict ?? false });
  const source = await openPaths(paths);
  const { desired, problems } = await load(await source.read({ signal: context.signal }));
  const images = neededImages(desired);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (context.output !== 'text') await writeData(context.terminal, context.output, images.map(documentOf));
  else {
    for (const { reference } of images) context.terminal.out(`${reference}\n`);
    await printProblems(context, errors);
  }
  return errors.length === 0 ? 0 : 1;
}

function documentOf({ reference, build }: DesiredImage): { readonly Name: string; readonly Build: string | null } {
  return { Name: reference, Build: build?.directory ?? null };
}
