import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';
import { barPlot, linePlot } from './plot.ts';
import { keptScenario, type Measured, type Row, restScenario, rowsOf, tableOf, widths } from './report.ts';
import { restSampleMs } from './rest.ts';
import type { Soak } from './soak.ts';

const root = resolve(import.meta.dirname, '..');
const page = join(root, 'docs/benchmarks.md');
const latest = join(root, 'bench/results/latest.json');
const soaking = join(root, 'bench/results/soak.json');
const plots = join(root, 'docs/plots');

interface Kept {
  readonly machine: unknown;
  readonly rows: readonly Row[];
  readonly figures: Measured;
}

/** Keeps what was measured as JSON, beside what earlier runs measured of other scenarios, and the page that shows it. */
export async function keep(measured: Measured): Promise<void> {
  const earlier = await readJson<Kept>(latest);
  const soaked = await readJson<Soak>(soaking);
  const figures = { ...earlier?.figures, ...measured };
  const rows = rowsOf(figures, soaked);
  await writeJson(latest, { machine: machine(), rows, figures });
  await show(rows, figures, soaked);
}

/** Keeps a soak, and the page that shows it. */
export async function keepSoak(soaked: Soak): Promise<void> {
  const earlier = await readJson<Kept>(latest);
  const figures = earlier?.figures ?? {};
  await writeJson(soaking, soaked);
  await show(rowsOf(figures, soaked), figures, soaked);
}

/** On what it was measured. */
export function machine(): Readonly<Record<string, unknown>> {
  return { cores: cpus().length, cpu: cpus()[0]?.model, kernel: release(), node: process.version };
}

/** Undefined where there is no such file. */
export async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

/** Into a directory that is made where it is missing. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(join(root, 'bench/results'), { recursive: true });
  await writeFile(path, `${JSON.stringify(value, null, 1)}\n`);
}

/** The table in docs/benchmarks.md between its marks, and the plots beside it. */
async function show(rows: readonly Row[], figures: Measured, soaked: Soak | undefined): Promise<void> {
  const old = await readFile(page, 'utf8');
  await writeFile(page, old.replace(/(<!-- figures -->\n)[\s\S]*(<!-- end -->)/, `$1${tableOf(rows)}\n$2`));
  await mkdir(plots, { recursive: true });
  const all = [coldPlot(figures), editPlot(figures), restPlot(figures), soaked && soakPlot(soaked)];
  for (const [index, name] of ['cold', 'edits', 'rest', 'soak'].entries()) {
    const svg = all[index];
    if (svg !== undefined) await writeFile(join(plots, `${name}.svg`), svg);
  }
}

function coldPlot(figures: Measured): string | undefined {
  const counts = [20, 50, 110].filter(count => figures[`${count} pods from nothing`] !== undefined);
  if (counts.length === 0) return undefined;
  const of = (name: string) => ({ name, figures: counts.map(count => figures[`${count} pods from nothing`]?.[name]) });
  const names = [...widths.map(width => `engine's calls, ${width} at once`), 'podstead apply', 'podman kube play'];
  const opts = { title: 'Pods from nothing', xLabel: '', yLabel: 'ms' };
  return barPlot(counts.map(String), names.map(of), opts);
}

function editPlot(figures: Measured): string | undefined {
  const kept = figures[keptScenario];
  if (kept === undefined) return undefined;
  const whats = ['change', 'addition'];
  const bars = ['to the first call', 'to the first call that writes'].map(name => ({
    name,
    figures: whats.map(what => kept[`${what} ${name}`]),
  }));
  const limit = { name: '50 ms', y: 50 };
  return barPlot(whats, bars, { title: 'From an edit to the agent’s call', xLabel: '', yLabel: 'ms', limit });
}

function restPlot(figures: Measured): string | undefined {
  const rest = figures[restScenario];
  if (rest === undefined) return undefined;
  const series = ['agent RSS, MB', 'agent PSS, MB', 'engine RSS, MB'].map(name => ({
    name,
    points: (rest[name]?.runs ?? []).map((mb, index) => [((index + 1) * restSampleMs) / 60_000, mb] as const),
  }));
  const limit = { name: '60 MB', y: 60 };
  return linePlot(series, { title: '110 pods at rest: memory', xLabel: 'minutes', yLabel: 'MB', limit });
}

function soakPlot({ pods, samples }: Soak): string {
  const of = (name: string, value: (sample: Soak['samples'][number]) => number) => ({
    name,
    points: samples.map(sample => [sample.atSeconds / 60, value(sample)] as const),
  });
  const series = [
    of('agent RSS', sample => sample.agentRssMb),
    of('agent PSS', sample => sample.agentPssMb),
    of('engine RSS', sample => sample.engineRssMb),
  ];
  const title = `Soak: memory while ${pods} pods are edited and killed at random`;
  return linePlot(series, { title, xLabel: 'minutes', yLabel: 'MB', limit: { name: '60 MB', y: 60 } });
}
