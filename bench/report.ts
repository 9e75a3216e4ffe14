import { buildScenario } from './builds.ts';
import type { Figures } from './measure.ts';
import type { Soak } from './soak.ts';

/** One line of the table: what was measured, what it is held against, and the verdict. */
export interface Row {
  readonly what: string;
  readonly ours: number;
  readonly unit: 'ms' | 'MB' | '%' | 'MB an hour';
  readonly spread: string;
  readonly against: string;
  /** Of `ours` to the reference; NaN where there is none. */
  readonly ratio: number;
  readonly goal: string;
}

/** Figures by scenario and contestant. */
export type Measured = Readonly<Record<string, Readonly<Record<string, Figures>>>>;

interface Reference {
  readonly against: string;
  readonly value: number;
  readonly goal?: string;
  readonly unit?: Row['unit'];
}

/** Widths at which the engine's bare calls were tried. */
export const widths: readonly number[] = [2, 4, 8];

/** The table's rows, with each target of the project's beside its figure. What was not measured has none. */
export function rowsOf(measured: Measured, soaked: Soak | undefined): readonly Row[] {
  const rows = [
    ...[20, 50, 110].flatMap(count => coldRows(measured, count)),
    ...[20, 110].flatMap(count => sameRows(measured, count)),
    ...changeRows(measured),
    ...latencyRows(measured),
    ...planRows(measured),
    ...startRows(measured),
    ...buildRows(measured),
    ...restRows(measured),
    ...(soaked === undefined ? [] : soakRows(soaked)),
  ];
  return rows.filter(({ ours }) => !Number.isNaN(ours));
}

function rowIn(measured: Measured, scenario: string, name: string, reference: Reference): Row {
  const { median: ours = Number.NaN, min = 0, max = 0 } = measured[scenario]?.[name] ?? {};
  const { against, value, goal = 'at most 1', unit = 'ms' } = reference;
  const spread = min === max ? '' : ` (${digits(min)} to ${digits(max)})`;
  return { what: `${scenario}: ${name}`, ours, unit, spread, against, ratio: ours / value, goal };
}

function medianIn(measured: Measured, scenario: string, name: string): number {
  return measured[scenario]?.[name]?.median ?? Number.NaN;
}

function coldRows(measured: Measured, count: number): readonly Row[] {
  const scenario = `${count} pods from nothing`;
  const median = (name: string): number => medianIn(measured, scenario, name);
  const floor = Math.min(...widths.map(width => median(`engine's calls, ${width} at once`)));
  const start = median('node -e 0');
  const play = median('podman kube play');
  const against = `1.15 × the bare calls at their best (${digits(floor)} ms) + a Node start (${digits(start)} ms)`;
  return [
    rowIn(measured, scenario, 'podstead apply', { against, value: 1.15 * floor + start }),
    rowIn(measured, scenario, 'podstead apply', {
      against: `podman kube play (${digits(play)} ms)`,
      value: play,
      goal: 'at most 0.75',
    }),
  ];
}

/** The least that a command of Node could do. */
export const bareLook = 'a bare Node that asks for the three lists';

function sameRows(measured: Measured, count: number): readonly Row[] {
  const scenario = `${count} pods, nothing changed`;
  const median = (name: string): number => medianIn(measured, scenario, name);
  const list = median("engine's containers/json");
  const start = median('node -e 0');
  const replace = median('podman kube play --replace');
  const both = `1.3 × containers/json (${digits(list)} ms) + a Node start (${digits(start)} ms)`;
  const rows = [
    rowIn(measured, scenario, 'podstead apply', { against: both, value: 1.3 * list + start }),
    rowIn(measured, scenario, bareLook, { against: both, value: 1.3 * list + start, goal: 'reported' }),
    rowIn(measured, scenario, 'a pass of the agent', {
      against: `1.3 × containers/json (${digits(list)} ms)`,
      value: 1.3 * list,
    }),
  ];
  if (Number.isNaN(replace)) return rows;
  const against = `podman kube play --replace (${digits(replace)} ms)`;
  return [...rows, rowIn(measured, scenario, 'podstead apply', { against, value: replace, goal: 'reported' })];
}

function changeRows(measured: Measured): readonly Row[] {
  const one = 'one container of three changed';
  const own = medianIn(measured, one, "engine's remove, create, start");
  const many = 'plan of 50 unchanged manifests';
  const list = medianIn(measured, many, "engine's containers/json");
  const start = medianIn(measured, many, 'node -e 0');
  return [
    rowIn(measured, one, 'podstead apply', {
      against: `remove, create and start of that container alone (${digits(own)} ms down)`,
      value: own,
    }),
    rowIn(measured, many, 'podstead plan', {
      against: `3 × a Node start (${digits(start)} ms) + containers/json (${digits(list)} ms)`,
      value: 3 * start + list,
    }),
  ];
}

/** Scenario of edits and kills under an agent. */
export const keptScenario = 'an agent that keeps 110 pods';

function latencyRows(measured: Measured): readonly Row[] {
  const lists = medianIn(measured, keptScenario, 'of which the engine lists');
  const start = medianIn(measured, keptScenario, "engine's start of such a container");
  const edits = ['change', 'addition'].flatMap(what => [
    rowIn(measured, keptScenario, `${what} to the first call`, { against: '50 ms', value: 50 }),
    rowIn(measured, keptScenario, `${what} to the first call that writes`, {
      against: `50 ms; the engine takes ${digits(lists)} ms of it to list its containers`,
      value: 50,
    }),
  ]);
  const against = `the engine's start (${digits(start)} ms) + 1 s`;
  return [...edits, rowIn(measured, keptScenario, 'kill to running again', { against, value: start + 1000 })];
}

function planRows(measured: Measured): readonly Row[] {
  return [1000, 10_000].flatMap(count => {
    const scenario = `${count} manifests`;
    const goal = count === 10_000 ? 'at most 1' : 'reported';
    return [
      rowIn(measured, scenario, 'podstead plan', { against: '2 s', value: 2000, goal }),
      rowIn(measured, scenario, 'after one edit', { against: '50 ms', value: 50, goal }),
    ];
  });
}

function startRows(measured: Measured): readonly Row[] {
  const scenario = 'start of the command line';
  const node = medianIn(measured, scenario, 'node -e 0');
  const against = `a Node start (${digits(node)} ms)`;
  return ['--version', 'validate', 'status', 'plan'].map(name =>
    rowIn(measured, scenario, `podstead ${name}`, { against, value: node, goal: 'reported' }),
  );
}

function buildRows(measured: Measured): readonly Row[] {
  const pairs = [
    ['buildah build', 'cold'],
    ['podman --remote build', 'cold'],
    ['buildah build', 'cached'],
  ] as const;
  return pairs.map(([who, how]) => {
    const value = medianIn(measured, buildScenario, `${who}, ${how}`);
    const against = `${who} (${digits(value)} ms)`;
    const goal = who === 'buildah build' ? 'at most 1' : 'reported';
    return rowIn(measured, buildScenario, `podstead build, ${how}`, { against, value, goal });
  });
}

/** Scenario of an agent with nothing to do. */
export const restScenario = '110 pods at rest';

function restRows(measured: Measured): readonly Row[] {
  const list = medianIn(measured, restScenario, "engine's CPU for a list, ms");
  const calls = medianIn(measured, restScenario, 'calls of the agent');
  const minutes = medianIn(measured, restScenario, 'seconds') / 60;
  const often = `${digits(calls)} calls in ${digits(minutes)} minutes, ${digits(list)} ms of it for each list of containers`;
  const none = { value: Number.NaN, goal: 'reported' };
  const row = (name: string, reference: Reference): Row => rowIn(measured, restScenario, name, reference);
  return [
    row('agent RSS, MB', { against: '60 MB', value: 60, unit: 'MB' }),
    row('engine RSS, MB', { against: '', unit: 'MB', ...none }),
    row('sum PSS, MB', { against: '', unit: 'MB', ...none }),
    row('agent CPU, % of a core', { against: '0.2 %', value: 0.2, unit: '%' }),
    row('engine CPU, % of a core', { against: often, unit: '%', ...none }),
    row('sum CPU, % of a core', { against: '', unit: '%', ...none }),
  ];
}

function soakRows({ pods, seconds, highestRssMb, growthMbPerHour, done }: Soak): readonly Row[] {
  const doings = Object.values(done).reduce((sum, each) => sum + each, 0);
  const what = `soak of ${digits(seconds / 60)} minutes, ${pods} pods, ${doings} edits and kills`;
  const row = { spread: '', goal: 'at most 1' };
  return [
    {
      ...row,
      what: `${what}: highest RSS`,
      ours: highestRssMb,
      unit: 'MB',
      against: '60 MB',
      ratio: highestRssMb / 60,
    },
    {
      ...row,
      what: `${what}: growth of RSS`,
      ours: growthMbPerHour,
      unit: 'MB an hour',
      against: 'flat',
      ratio: Number.NaN,
      goal: 'reported',
    },
  ];
}

/** Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ what, ours, unit, spread, against, ratio, goal }) => {
    const verdict = Number.isNaN(ratio) ? '' : ratio.toFixed(2);
    return `| ${what} | ${digits(ours)} ${unit}${spread} | ${against} | ${verdict} | ${goal} |`;
  });
  return ['| what | median (spread) | held against | ratio | goal |', '|---|---|---|---|---|', ...lines].join('\n');
}

/** Whole numbers from 10 on; two digits that matter below. */
function digits(value: number): string {
  return Math.abs(value) >= 10 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}
