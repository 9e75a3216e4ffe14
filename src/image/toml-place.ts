/** Where something stands in a TOML file: as `registry[1].mirror[0].location`. */
export type TomlPath = readonly (string | number)[];

/**
 * The line and column of a value, both from 1; those of its table where the value itself is not found (it may be written
 * inline). The parser knows places of what is no TOML, and not of what is read.
 */
export function tomlPlace(text: string, path: TomlPath): { readonly line: number; readonly column: number } {
  const lines = text.split('\n');
  let at = 0;
  for (let depth = 0; depth < path.length; depth++) {
    const [name, index] = [path[depth], path[depth + 1]];
    if (typeof index === 'number') {
      const table = path.slice(0, depth + 1).filter(part => typeof part === 'string');
      at = headerLine(lines, { header: `[[${table.join('.')}]]`, count: index, from: at }) ?? at;
      depth++;
    } else if (typeof name === 'string') {
      at = keyLine(lines, name, depth === 0 ? 0 : at + 1) ?? tableLine(lines, name) ?? at;
    }
  }
  const column = (lines[at] ?? '').search(/\S/);
  return { line: at + 1, column: Math.max(column, 0) + 1 };
}

interface Header {
  readonly header: string;
  readonly count: number;
  readonly from: number;
}

function headerLine(lines: readonly string[], { header, count, from }: Header): number | undefined {
  let seen = 0;
  for (let at = from; at < lines.length; at++) {
    if (lines[at]?.replaceAll(/\s|#.*/g, '') === header && seen++ === count) return at;
  }
  return undefined;
}

function tableLine(lines: readonly string[], name: string): number | undefined {
  const found = lines.findIndex(line => line.trim().startsWith(`[${name}]`) || line.trim().startsWith(`[${name}.`));
  return found < 0 ? undefined : found;
}

/** Before the next table begins. */
function keyLine(lines: readonly string[], name: string, from: number): number | undefined {
  for (let at = from; at < lines.length; at++) {
    const line = lines[at]?.trim() ?? '';
    if (line.startsWith('[')) return undefined;
    if (line.replaceAll(/["']/g, '').split('=')[0]?.trim() === name) return at;
  }
  return undefined;
}
