// `npm run bench:images -- [--rounds N] [--size 1g] [--only TEXT] [--write]`: side by side with skopeo on loopback.
// --write keeps the figures in bench/results/images.json and docs/benchmarks.md; what was not measured stays there.
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  addTags,
  bareNode,
  bothOf,
  compareImages,
  type ImageArena,
  openImages,
  places,
  type Taken,
} from './images-arena.ts';
import { imageTable, keepImages, type MeasuredImages } from './images-report.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    size: { type: 'string', default: '1g' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});

const units: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
const bytes = Number.parseFloat(values.size) * (units[values.size.slice(-1)] ?? 1);
const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
const quiet = (who: string): readonly string[] => (who === 'skopeo' ? ['-q'] : []);

/** Copies to a place that is made anew, empty, for each run. */
function copies(arena: ImageArena, from: string, to: () => Promise<string>): Promise<Readonly<Record<string, Taken>>> {
  return compareImages(
    arena,
    bothOf(async who => ['copy', ...quiet(who), ...plain, from, await to()]),
  );
}

async function again(arena: ImageArena): Promise<Readonly<Record<string, Taken>>> {
  const to = `docker://${(await arena.fresh()).host}/bench/copy:1`;
  const words = ['copy', ...plain, places.large(arena), to];
  execFileSync('skopeo', ['--insecure-policy', ...words], { stdio: 'ignore' });
  return compareImages(arena, [...bothOf(async () => words), bareNode]);
}

/** All tags of a repository, to a registry that is made anew for each run. */
function syncs(arena: ImageArena): Promise<Readonly<Record<string, Taken>>> {
  const words = ['sync', '--src', 'docker', '--dest', 'docker', ...plain, places.many(arena)];
  return compareImages(
    arena,
    bothOf(async () => [...words, `${(await arena.fresh()).host}/mirror`]),
  );
}

/** The same, where all of it is there. */
async function syncAgain(arena: ImageArena): Promise<Readonly<Record<string, Taken>>> {
  const words = ['sync', '--src', 'docker', '--dest', 'docker', ...plain, places.many(arena)];
  words.push(`${(await arena.fresh()).host}/mirror`);
  execFileSync('skopeo', ['--insecure-policy', ...words], { stdio: 'ignore' });
  return compareImages(arena, [...bothOf(async () => words), bareNode]);
}

async function emptied(arena: ImageArena, name: string): Promise<string> {
  await rm(join(arena.dir, name), { recursive: true, force: true });
  return join(arena.dir, name);
}

type Scenario = readonly [name: string, run: (arena: ImageArena) => Promise<Readonly<Record<string, Taken>>>];
const scenarios: readonly Scenario[] = [
  [
    'copy, registry to registry',
    arena => copies(arena, places.large(arena), async () => `docker://${(await arena.fresh()).host}/bench/copy:1`),
  ],
  [
    'copy, registry to oci:',
    arena => copies(arena, places.large(arena), async () => `oci:${await emptied(arena, 'copy')}:1`),
  ],
  [
    'copy, oci: to docker-archive:',
    arena => copies(arena, places.layout(arena), async () => `docker-archive:${await emptied(arena, 'copy.tar')}:x`),
  ],
  ['copy of what is there already', again],
  ['sync of 50 images of 1 MB', syncs],
  ['sync of 50 that are there already', syncAgain],
  [
    'inspect',
    arena =>
      compareImages(arena, [...bothOf(async () => ['inspect', '--tls-verify=false', places.small(arena)]), bareNode]),
  ],
  [
    'list-tags of 5000 tags',
    async arena => {
      await addTags(arena, 5000);
      const words = ['list-tags', '--tls-verify=false', places.tagged(arena)];
      return compareImages(arena, [...bothOf(async () => words), bareNode]);
    },
  ],
];

const arena = await openImages({ bytes, layers: 12, small: 2 ** 20, many: 50 }, Number(values.rounds));
try {
  const measured: Record<string, MeasuredImages[string]> = {};
  for (const [name, run] of scenarios) {
    if (!name.includes(values.only)) continue;
    process.stderr.write(`${name}\n`);
    measured[name] = { size: values.size, taken: await run(arena) };
    // As far as it got: the large copies take their time.
    if (values.write) await keepImages(measured);
  }
  process.stdout.write(`${imageTable(measured)}\n`);
} finally {
  await arena.close();
}
