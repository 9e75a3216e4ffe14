/** One line or row of points of a plot. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface PlotOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** A limit that is drawn as a dashed line. */
  readonly limit?: { readonly name: string; readonly y: number };
}

const size = { width: 720, height: 320, left: 60, right: 16, top: 36, bottom: 64 } as const;
/** Told apart by people who do not see red and green alike, too (Okabe and Ito's palette). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'];

/** Lines over a number, as an SVG image. */
export function linePlot(series: readonly Series[], opts: PlotOptions): string {
  const all = series.flatMap(each => each.points);
  const x = scale(
    all.map(point => point[0]),
    size.left,
    size.width - size.right,
  );
  const y = scale([0, opts.limit?.y ?? 0, ...all.map(point => point[1])], size.height - size.bottom, size.top);
  const lines = series.map(({ points }, index) => {
    const path = points.map(point => `${x.at(point[0])},${y.at(point[1])}`).join(' ');
    return `<polyline points="${path}" fill="none" stroke="${colours[index]}" stroke-width="1.5"/>`;
  });
  return page([...axes(x, y, opts), ...lines, ...limitLine(y, opts), ...legend(series.map(({ name }) => name))], opts);
}

/** Medians as bars side by side, one group a label, each with its least and most as a whisker. */
export function barPlot(
  groups: readonly string[],
  bars: readonly { readonly name: string; readonly figures: readonly (Bar | undefined)[] }[],
  opts: PlotOptions,
): string {
  const tops = bars.flatMap(bar => bar.figures.map(figure => figure?.max ?? 0));
  const y = scale([0, ...tops], size.height - size.bottom, size.top);
  const span = (size.width - size.left - size.right) / groups.length;
  const width = (span * 0.8) / bars.length;
  const shapes = bars.flatMap(({ figures }, index) =>
    figures.flatMap((figure, group) => {
      if (figure === undefined) return [];
      const left = size.left + span * (group + 0.1) + width * index;
      const middle = (left + width / 2).toFixed(1);
      const [top, low, high] = [y.at(figure.median), y.at(figure.min), y.at(figure.max)];
      return [
        `<rect x="${left.toFixed(1)}" y="${top}" width="${(width - 2).toFixed(1)}" height="${(Number(y.at(0)) - Number(top)).toFixed(1)}" fill="${colours[index]}"/>`,
        `<line x1="${middle}" x2="${middle}" y1="${low}" y2="${high}" stroke="#333"/>`,
      ];
    }),
  );
  const labels = groups.map((label, group) =>
    text(size.left + span * (group + 0.5), size.height - 46, label, 'middle'),
  );
  return page([...grid(y, opts), ...shapes, ...labels, ...legend(bars.map(({ name }) => name))], opts);
}

/** A bar's height, and how far its runs were apart. */
interface Bar {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

interface Scale {
  at(value: number): string;
  readonly ticks: readonly number[];
}

/** Round numbers over the range of some values, from pixel to pixel. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const rough = (high - low || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find(each => each * power >= rough) ?? 10);
  const [first, last] = [Math.floor(low / step) * step, Math.ceil(high / step) * step || step];
  const ticks = Array.from({ length: Math.round((last - first) / step) + 1 }, (_, index) => first + index * step);
  return { ticks, at: value => (from + ((value - first) / (last - first)) * (to - from)).toFixed(1) };
}

function axes(x: Scale, y: Scale, opts: PlotOptions): readonly string[] {
  const marks = x.ticks.map(tick => text(Number(x.at(tick)), size.height - 46, label(tick), 'middle'));
  const name = text((size.left + size.width) / 2, size.height - 30, opts.xLabel, 'middle');
  return [...grid(y, opts), ...marks, name];
}

function grid(y: Scale, { yLabel }: PlotOptions): readonly string[] {
  const lines = y.ticks.flatMap(tick => [
    `<line x1="${size.left}" x2="${size.width - size.right}" y1="${y.at(tick)}" y2="${y.at(tick)}" stroke="#ddd"/>`,
    text(size.left - 6, Number(y.at(tick)) + 4, label(tick), 'end'),
  ]);
  return [...lines, text(size.left, size.top - 6, yLabel, 'start')];
}

function limitLine(y: Scale, { limit }: PlotOptions): readonly string[] {
  if (limit === undefined) return [];
  const at = y.at(limit.y);
  const line = `<line x1="${size.left}" x2="${size.width - size.right}" y1="${at}" y2="${at}" stroke="#333" stroke-dasharray="6 4"/>`;
  return [line, text(size.width - size.right, Number(at) - 4, limit.name, 'end')];
}

function legend(names: readonly string[]): readonly string[] {
  const span = (size.width - size.left) / Math.max(names.length, 1);
  return names.flatMap((name, index) => [
    `<rect x="${(size.left + span * index).toFixed(1)}" y="${size.height - 18}" width="10" height="10" fill="${colours[index]}"/>`,
    text(size.left + span * index + 14, size.height - 9, name, 'start'),
  ]);
}

function label(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped}</text>`;
}

function page(shapes: readonly string[], { title }: PlotOptions): string {
  const { width, height } = size;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`;
  const back = `<rect width="${width}" height="${height}" fill="#fff"/>`;
  const name = `<text x="${size.left}" y="16" font-size="13" font-weight="bold">${title}</text>`;
  const label = `<title>${title}</title>`;
  return `${[head, label, back, name, ...shapes, '</svg>'].join('\n')}\n`;
}
