import { stripVTControlCharacters } from 'node:util';

const gap = '   ';
/** A last column narrower than this is left to the terminal to break. */
const leastRoom = 16;

/**
 * Lines of aligned columns, as kubectl prints them: three spaces between, no lines drawn, nothing after the last.
 * Colours in cells do not count as width. Where `width` is given, the last column breaks between words to stay within
 * so many characters, if that leaves room for it.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number = Number.POSITIVE_INFINITY,
): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map(row => widthOf(row[column] ?? ''))));
  const start = widths.slice(0, -1).reduce((sum, one) => sum + one + gap.length, 0);
  const room = width - start < leastRoom ? Number.POSITIVE_INFINITY : width - start;
  const lines = all.flatMap(row => {
    const cells = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)));
    const [first = '', ...more] = wrap(row.at(-1) ?? '', room);
    const line = [...cells.slice(0, -1), first].join(gap).trimEnd();
    return [line, ...more.map(text => ' '.repeat(start) + text)];
  });
  return `${lines.join('\n')}\n`;
}

/** Characters that the last column has at least where names are shortened for it. */
const lastRoom = 24;
/** A name shorter than this tells nothing. */
const leastName = 16;

/** A {@link table} whose first column has names, which are shortened in the middle to fit a narrow terminal. */
export function namedTable(header: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const widths = header.map((title, column) =>
    Math.max(...[title, ...rows.map(row => row[column] ?? '')].map(widthOf)),
  );
  const others = widths.slice(1, -1).reduce((sum, one) => sum + one + gap.length, gap.length);
  const most = Math.max(leastName, width - others - Math.min(widths.at(-1) ?? 0, lastRoom));
  const named = rows.map(([name = '', ...rest]) => [shorten(name, most), ...rest]);
  return table(header, named, width);
}

/** At most so many characters of a name: its end, which tells it from others, and as much of its beginning. */
export function shorten(name: string, most: number): string {
  if (name.length <= most) return name;
  const tail = Math.ceil(((most - 1) * 2) / 3);
  return `${name.slice(0, most - 1 - tail)}…${name.slice(name.length - tail)}`;
}

/** How a table makes do with a narrow terminal. */
export interface Fit<Column extends string> {
  /** Of the terminal, in characters; infinite where there is none. */
  readonly width: number;
  /** What to leave out, tried in this order. */
  readonly savings: readonly (readonly Column[])[];
  /** The last column breaks into lines; it should have so many characters. */
  readonly room: number;
}

/** A {@link table} that leaves columns out until the rest fits. */
export function fittingTable<Column extends string>(
  header: readonly Column[],
  rows: readonly Readonly<Record<Column, string>>[],
  { width, savings, room }: Fit<Column>,
): string {
  const choices = [[], ...savings].map(without => header.filter(column => !without.includes(column)));
  const cells = (columns: readonly Column[]): string[][] => rows.map(row => columns.map(column => row[column]));
  const isFit = (columns: readonly Column[]): boolean => {
    const cut = cells(columns).map(row => [...row.slice(0, -1), (row.at(-1) ?? '').slice(0, room)]);
    return table(columns, cut)
      .split('\n')
      .every(line => widthOf(line) <= width);
  };
  const columns = choices.find(isFit) ?? choices.at(-1) ?? header;
  return table(columns, cells(columns), width);
}

/** Breaks a text between words into lines of at most so many characters; longer words stay whole. */
export function wrap(text: string, room: number): readonly string[] {
  if (widthOf(text) <= room) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** A duration as kubectl writes ages: `45s`, `3m20s`, `5h`, `12d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
