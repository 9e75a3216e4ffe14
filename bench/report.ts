import type { Figures } from './measure.ts';

/** One line of the table: what was measured, what it is held against, and the verdict. */
export interface Row {
  readonly what: string;
  /** ms */
  readonly ours: number;
  readonly spread: string;
  readonly against: string;
  readonly ratio: number;
  readonly goal: string;
}

type Measured = Readonly<Record<string, ReadonlyMap<string, Figures>>>;

/** The table's rows, with each target of the project's beside its figure. */
export function rowsOf(measured: Measured): readonly Row[] {
  const median = (scenario: string, name: string): number => measured[scenario]?.get(name)?.median ?? Number.NaN;
  const row = (scenario: string, name: string, against: string, reference: number, goal: string): Row => {
    const { median: ours = Number.NaN, min = 0, max = 0 } = measured[scenario]?.get(name) ?? {};
    const spread = `${min.toFixed(0)} to ${max.toFixed(0)}`;
    return { what: `${scenario}: ${name}`, ours, spread, against, ratio: ours / reference, goal };
  };
  const cold = [20, 50].flatMap(count => {
    const scenario = `${count} pods from nothing`;
    const floor = Math.min(...[2, 4, 8].map(width => median(scenario, `engine's calls, ${width} at once`)));
    const start = median(scenario, 'node -e 0');
    const play = median(scenario, 'podman kube play');
    const floorText = `1.15 × the bare calls at their best (${floor.toFixed(0)} ms) + a Node start (${start.toFixed(0)} ms)`;
    return [
      row(scenario, 'podstead apply', floorText, 1.15 * floor + start, 'at most 1'),
      row(scenario, 'podstead apply', `podman kube play (${play.toFixed(0)} ms)`, play, 'at most 0.75'),
    ];
  });
  const same = '20 pods, nothing changed';
  const list = median(same, "engine's containers/json");
  const start = median(same, 'node -e 0');
  const replace = median(same, 'podman kube play --replace');
  const one = 'one container of three changed';
  const own = median(one, "engine's remove, create, start");
  const many = 'plan of 50 unchanged manifests';
  const manyList = median(many, "engine's containers/json");
  const manyStart = median(many, 'node -e 0');
  const all = [
    ...cold,
    row(
      same,
      'podstead apply',
      `1.3 × containers/json (${list.toFixed(0)} ms) + a Node start (${start.toFixed(0)} ms)`,
      1.3 * list + start,
      'at most 1',
    ),
    row(same, 'a pass of the agent', `1.3 × containers/json (${list.toFixed(0)} ms)`, 1.3 * list, 'at most 1'),
    row(same, 'podstead apply', `podman kube play --replace (${replace.toFixed(0)} ms)`, replace, 'reported'),
    row(
      one,
      'podstead apply',
      `remove, create and start of that container alone (${own.toFixed(0)} ms down)`,
      own,
      'at most 1',
    ),
    row(
      many,
      'podstead plan',
      `3 × a Node start (${manyStart.toFixed(0)} ms) + containers/json (${manyList.toFixed(0)} ms)`,
      3 * manyStart + manyList,
      'at most 1',
    ),
  ];
  // What `--only` left out has no figures.
  return all.filter(({ ours }) => !Number.isNaN(ours));
}

/** Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ what, ours, spread, against, ratio, goal }) =>
      `| ${what} | ${ours.toFixed(0)} ms (${spread}) | ${against} | ${ratio.toFixed(2)} | ${goal} |`,
  );
  return ['| what | median (spread) | held against | ratio | goal |', '|---|---|---|---|---|', ...lines].join('\n');
}
