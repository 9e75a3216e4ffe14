import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onePods } from './manifests.ts';
import { compare, type Figures } from './measure.ts';
import { type Arena, clear, node, podstead } from './scenarios.ts';

/** How many pods stand there for `status` and `plan` to look at. */
const pods = 20;

/** What the shortest commands take, beside Node itself. */
export async function starts(arena: Arena): Promise<ReadonlyMap<string, Figures>> {
  const dir = await mkdtemp(join(arena.dir, 'start-'));
  const file = join(dir, 'pods.yaml');
  await writeFile(file, onePods(pods));
  await podstead(arena, ['apply', file]);
  const command = (...args: string[]) => ({ name: `podstead ${args[0]}`, run: () => podstead(arena, args) });
  const result = await compare(
    [node(arena), command('--version'), command('validate', file), command('status'), command('plan', file)],
    Math.max(arena.rounds, 9),
  );
  await clear(arena);
  return result;
}
