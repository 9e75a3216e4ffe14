import { counted } from '../model/count.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { makeLoad, openPaths, printProblems } from './desire.ts';
import type { StrictFlag } from './flags.ts';
import { countProblems, problemDocuments } from './problems.ts';

/** `podstead validate PATH...`: offline. Exits with 0 when clean, 1 when there are problems. */
export async function validate(context: Context, paths: readonly string[], flags: StrictFlag): Promise<number> {
  const load = makeLoad({ owner: context.owner, strict: flags.strict ?? false, podSecurity: flags.podSecurity });
  const source = await openPaths(paths);
  const snapshot = await source.read({ signal: context.signal });
  const { desired, problems, builds } = await load(snapshot);
  const { terminal, output, quiet } = context;
  if (output !== 'text') {
    const objects = [...desired.declared.keys(), ...builds].sort();
    await writeData(terminal, output, { valid: problems.length === 0, objects, problems: problemDocuments(problems) });
  } else {
    await printProblems(context, problems);
    const found = counted(desired.declared.size + builds.length, 'object');
    if (!quiet) terminal.err(`${found}: ${countProblems(problems) || 'no problems'}\n`);
  }
  return problems.length === 0 ? 0 : 1;
}
