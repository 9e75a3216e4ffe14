import type { Plan } from '../model/plan.ts';
import { inPlaceOnly, renames } from './adopt-perform.ts';
import type { Proposal } from './adopt-proposal.ts';
import type { Context } from './context.ts';
import type { AdoptFlags } from './flags.ts';

/** Says what becomes ours, what its manifest leaves out, and what the next apply would do. */
export function reportProposal(context: Context, proposal: Proposal, plan: Plan, { dryRun }: AdoptFlags): void {
  const { key, made, ids, remarks, notes } = proposal;
  const { terminal } = context;
  for (const remark of remarks) terminal.err(`${remark}\n`);
  if (context.quiet && !dryRun) return;
  const say = (line: string): void => terminal.err(`  ${line}\n`);
  const containers = made.containers.map(({ engineName }) => engineName).join(', ');
  terminal.err(`${dryRun ? 'Would adopt' : 'Adopting'} ${key}: pod ${ids.pod.slice(0, 12)} with ${containers}\n`);
  const volumes = [...made.volumes.keys()];
  if (volumes.length > 0) say(`uses the volumes ${volumes.join(', ')}, which stay as they are and nobody's`);
  for (const each of renames(plan, proposal)) say(`renames container ${each}; it runs on`);
  for (const note of notes) say(note);
  say(nextApply(plan, proposal));
}

function nextApply(plan: Plan, { key }: Proposal): string {
  const change = plan.changes.find(each => each.key === key);
  if (change === undefined) return 'the next apply finds no manifest of it: see "podstead validate"';
  const { op, why, cost } = change;
  if (op === 'keep' || inPlaceOnly(plan, key)) return 'the next apply changes nothing';
  return `the next apply: ${op}, as ${why}${cost === '' ? '' : ` (${cost})`}`;
}

/** Says what being ours means. */
export function reportRest(
  { terminal, quiet }: Context,
  proposals: readonly Proposal[],
  { directory }: AdoptFlags,
): void {
  if (quiet) return;
  const keys = proposals.map(({ key }) => key).join(', ');
  const where = directory === undefined ? 'a directory with these manifests' : directory;
  terminal.err(
    `Ours from now on: ${keys}. Keep them with \`podstead run\` of ${where}: without, they would be removed\n`,
  );
}
