import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Taken } from './images-arena.ts';
import { machine, readJson, writeJson } from './keep.ts';
import type { Figures } from './measure.ts';

/** By scenario: of which size the large image was, and what each contestant took. */
export type MeasuredImages = Readonly<
  Record<string, { readonly size: string; readonly taken: Readonly<Record<string, Taken>> }>
>;

const root = resolve(import.meta.dirname, '..');
const page = resolve(root, 'docs/benchmarks.md');
const results = resolve(root, 'bench/results/images.json');
/** In MB; the goal of every command on images. */
const mostMemory = 100;

/** Markdown: what each took, the ratios of wall times (goal: at most 1) and CPU times, and of our memory to its goal. */
export function imageTable(measured: MeasuredImages): string {
  const lines = Object.entries(measured).flatMap(([name, { size, taken }]) => {
    const { 'podstead image': ours, skopeo: theirs, 'node -e 0': node } = taken;
    if (ours === undefined || theirs === undefined) return [];
    const ratio = (ours.ms.median / theirs.ms.median).toFixed(2);
    const what = name.startsWith('copy') ? `${name} (${size.toUpperCase()})` : name;
    const start = node === undefined ? '' : ` (bare Node: ${shown(node.ms)})`;
    // GNU time counts in steps of 10 ms.
    const cpu = theirs.cpuMs.median < 100 ? '' : (ours.cpuMs.median / theirs.cpuMs.median).toFixed(2);
    const memory = `${shown(ours.mb)} | ${shown(theirs.mb)} | ${(ours.mb.median / mostMemory).toFixed(2)}`;
    return `| ${what} | ${shown(ours.ms)} | ${shown(theirs.ms)}${start} | ${ratio} | ${cpu} | ${memory} |`;
  });
  const head = '| what | podstead, ms | skopeo, ms | ratio | of CPU time | podstead, MB | skopeo, MB | of 100 MB |';
  return [head, '|---|---|---|---|---|---|---|---|', ...lines].join('\n');
}

function shown({ median, min, max }: Figures): string {
  return `${median.toFixed(0)} (${min.toFixed(0)} to ${max.toFixed(0)})`;
}

/** Keeps what was measured beside what earlier runs measured of other scenarios, and the page that shows it. */
export async function keepImages(measured: MeasuredImages): Promise<void> {
  const earlier = await readJson<{ readonly figures: MeasuredImages }>(results);
  const figures = { ...earlier?.figures, ...measured };
  await writeJson(results, { machine: machine(), figures });
  const old = await readFile(page, 'utf8');
  const marked = /(<!-- images -->\n)[\s\S]*(<!-- end of images -->)/;
  await writeFile(page, old.replace(marked, `$1${imageTable(figures)}\n$2`));
}
