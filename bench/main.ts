// `npm run bench [-- --rounds N] [--only TEXT] [--write]`: measures side by side on a private engine; --write keeps the figures.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxImage, privatePodman } from '../test/e2e/host.ts';
import type { Figures } from './measure.ts';
import { type Row, rowsOf, tableOf } from './report.ts';
import { closeArena, coldStart, noChange, oneContainer, openArena, planDirectory } from './scenarios.ts';

const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});

const cleanUps: (() => Promise<void>)[] = [];
const engine = await privatePodman({ after: fn => void cleanUps.push(fn) });
await busyboxImage(engine.podman);
const arena = await openArena(engine, Number(values.rounds));
try {
  const figures: Record<string, ReadonlyMap<string, Figures>> = {};
  const measure = async (name: string, run: () => Promise<ReadonlyMap<string, Figures>>): Promise<void> => {
    if (!name.includes(values.only)) return;
    process.stderr.write(`${name}\n`);
    figures[name] = await run();
  };
  await measure('20 pods from nothing', () => coldStart(arena, 20));
  await measure('50 pods from nothing', () => coldStart(arena, 50));
  await measure('20 pods, nothing changed', () => noChange(arena, 20));
  await measure('one container of three changed', () => oneContainer(arena, 18_099));
  await measure('plan of 50 unchanged manifests', () => planDirectory(arena, 50));
  const rows = rowsOf(figures);
  const table = tableOf(rows);
  process.stdout.write(`${table}\n`);
  if (values.write) await keep(rows, figures, table);
} finally {
  await closeArena(arena);
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}

/** Keeps the figures as JSON, and the table in docs/benchmarks.md between its marks. */
async function keep(
  rows: readonly Row[],
  figures: Readonly<Record<string, ReadonlyMap<string, Figures>>>,
  table: string,
): Promise<void> {
  const machine = { cores: cpus().length, cpu: cpus()[0]?.model, kernel: release(), node: process.version };
  const all = Object.entries(figures).map(([name, map]) => [name, Object.fromEntries(map)] as const);
  await mkdir(join(root, 'bench/results'), { recursive: true });
  const text = `${JSON.stringify({ machine, rows, figures: Object.fromEntries(all) }, null, 2)}\n`;
  await writeFile(join(root, 'bench/results/latest.json'), text);
  const page = join(root, 'docs/benchmarks.md');
  const old = await readFile(page, 'utf8');
  await writeFile(page, old.replace(/(<!-- figures -->\n)[\s\S]*(<!-- end -->)/, `$1${table}\n$2`));
}
