/** A unit file: its name, and sections with their lines in order. Keys may repeat, systemd.syntax(7). */
export interface UnitFile {
  /** With its suffix: `podstead-pod-web.service`. */
  readonly name: string;
  /** Lines for people, before all else. */
  readonly comments?: readonly string[];
  readonly sections: readonly UnitSection[];
}

export interface UnitSection {
  readonly name: string;
  /** Keys and values as they stand in the file: quoted and escaped. */
  readonly entries: readonly UnitEntry[];
}

export type UnitEntry = readonly [key: string, value: string];

/** The text of a unit file. The inverse of {@link parseUnit} for what {@link parseUnit} returns, which has no comments. */
export function renderUnit(unit: UnitFile): string {
  const sections = unit.sections.map(({ name, entries }) => {
    const lines = entries.map(([key, value]) => `${key}=${value}\n`);
    return `[${name}]\n${lines.join('')}`;
  });
  const comments = (unit.comments ?? []).map(comment => `# ${comment.replaceAll(/[\p{Control}\\]+/gu, ' ')}\n`);
  return comments.join('') + sections.join('\n');
}

/**
 * Reads a unit file as systemd does: comments and empty lines are skipped, a backslash at a line's end continues it
 * with a space, systemd.syntax(7). Lines that are neither a section nor an assignment are skipped.
 */
export function parseUnit(name: string, text: string): UnitFile {
  const sections: { name: string; entries: UnitEntry[] }[] = [];
  for (const line of logicalLines(text)) {
    const section = /^\[([^\]]+)\]$/.exec(line)?.[1];
    const equals = line.indexOf('=');
    if (section !== undefined) sections.push({ name: section, entries: [] });
    else if (equals > 0)
      sections.at(-1)?.entries.push([line.slice(0, equals).trimEnd(), line.slice(equals + 1).trim()]);
  }
  return { name, sections };
}

function logicalLines(text: string): readonly string[] {
  const lines: string[] = [];
  let open = '';
  for (const raw of text.split(/\r?\n/)) {
    const comment = /^\s*[#;]/.test(raw);
    if (comment) continue;
    if (raw.endsWith('\\')) {
      open += `${raw.slice(0, -1)} `;
      continue;
    }
    const line = (open + raw).trim();
    open = '';
    if (line !== '') lines.push(line);
  }
  return lines;
}

/** All values of a key in the sections of a name, in order. */
export function valuesOf(unit: UnitFile, section: string, key: string): readonly string[] {
  return unit.sections
    .filter(({ name }) => name === section)
    .flatMap(({ entries }) => entries.filter(([have]) => have === key).map(([, value]) => value));
}
