import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { documentOf } from '../kube/document.ts';
import type { Key } from '../model/key.ts';
import { newGuard } from '../reconcile/guard.ts';
import { type Outcome, pass } from '../reconcile/pass.ts';
import { pathsSource } from '../source/paths.ts';
import type { Source } from '../source/source.ts';
import { type Candidate, candidateOf } from './adopt-candidate.ts';
import { planned, writeManifests } from './adopt-files.ts';
import { inPlaceOnly, performInPlace } from './adopt-perform.ts';
import { type Proposal, proposalOf } from './adopt-proposal.ts';
import { reportProposal, reportRest } from './adopt-report.ts';
import type { Context } from './context.ts';
import { makeLoad, openPaths } from './desire.ts';
import type { AdoptFlags } from './flags.ts';
import { inPlace } from './place.ts';
import { makePorts, noMemory } from './ports.ts';
import { type World, withWorld } from './world.ts';

/**
 * `podstead adopt NAME...`: makes pods ours that somebody else made, as they run, and writes their manifests. First all
 * is looked at, and refused together; then the manifests, the adoptions and the records are written, in this order: what
 * breaks off leaves a pod that is foreign still, or ours with its manifest there.
 */
export async function adopt(context: Context, names: readonly string[], flags: AdoptFlags): Promise<number> {
  const sourceName = flags.directory === undefined ? '-' : resolve(flags.directory);
  return withWorld(
    context,
    world => {
      const body = (): Promise<number> => adoptAll(context, world, names, flags);
      if (flags.dryRun) return body();
      return inPlace(context, world.opened.socket, `adopt ${names.join(' ')}`, body);
    },
    { source: sourceName },
  );
}

async function adoptAll(context: Context, world: World, names: readonly string[], flags: AdoptFlags): Promise<number> {
  const { terminal, quiet, owner } = context;
  const candidates = new Map<Key, Candidate>();
  for (const name of names) {
    const candidate = await candidateOf(context, world, name, flags);
    if (candidate !== undefined) candidates.set(candidate.key, candidate);
    else if (!quiet) terminal.err(`${name} was adopted before: it is ours\n`);
  }
  const proposals: Proposal[] = [];
  for (const candidate of candidates.values()) {
    const load = makeLoad({ owner, strict: false });
    proposals.push(await proposalOf(candidate, { owner, uid: randomUUID(), load }));
  }
  if (proposals.length === 0) return 0;
  const files = await planned(context, proposals, flags.directory);
  const text = documentOf(
    files.flatMap(file => file.objects),
    files.flatMap(file => file.comments),
  );
  world.adoptions.suppose(proposals.map(({ adoption }) => adoption));
  const before = await foresee(context, world, await sourceOf(flags.directory, text));
  for (const proposal of proposals) reportProposal(context, proposal, before.plan, flags);
  if (flags.dryRun) return 0;

  if (flags.directory === undefined) terminal.out(text);
  else await writeManifests(context, files);
  for (const { adoption } of proposals) await world.adoptions.write(adoption);
  world.adoptions.suppose([]);
  const source = flags.directory === undefined ? await sourceOf(undefined, text) : await openPaths([flags.directory]);
  const after = await foresee(context, world, source);
  for (const proposal of proposals) {
    if (inPlaceOnly(after.plan, proposal.key)) await performInPlace(context, world, after.plan, proposal);
  }
  reportRest(context, proposals, flags);
  return 0;
}

/** What `apply` would do now. */
function foresee(context: Context, world: World, source: Source): Promise<Outcome> {
  const load = makeLoad({ owner: context.owner, strict: false });
  const same = (text: string): string => text;
  const ports = makePorts(context, { world, source, load, emit: () => undefined, scrub: same });
  return pass(
    { ...ports, memory: noMemory },
    { prune: 'none', allowEmpty: false, retryNow: true, guard: newGuard(undefined), signal: context.signal },
  );
}

/** What stands in the directory, with the manifests that are not there yet. */
async function sourceOf(directory: string | undefined, text: string): Promise<Source> {
  const isThere = directory !== undefined && (await stat(directory).catch(() => undefined)) !== undefined;
  const paths = [...(isThere ? [directory] : []), ...(text === '' ? [] : ['-'])];
  return pathsSource(paths, { cwd: process.cwd(), stdin: async () => text });
}
