import { apiVersions } from '../src/manifest/identify.ts';
import { type Row, sections } from '../src/manifest/support.ts';

/**
 * The page with its tables of fields as src/manifest/support.ts has them, and with the kinds that are checked and
 * skipped: `checked` names them, as "apps/v1/DaemonSet".
 */
export function withTables(page: string, checked: readonly string[]): string {
  const fields = between(page, 'fields: made by scripts/schema.ts from src/manifest/support.ts', 'fields', tables());
  return between(fields, 'kinds: made by scripts/schema.ts from schema/kubernetes.json', 'kinds', kinds(checked));
}

function between(page: string, opening: string, closing: string, text: string): string {
  const begin = `<!-- ${opening} -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(`<!-- /${closing} -->`);
  if (from < 0 || to < from) throw new Error(`docs/kubernetes.md has lost the marks around its ${closing}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n${page.slice(to)}`;
}

function kinds(checked: readonly string[]): string {
  const versions = new Map<string, string[]>();
  for (const name of checked) {
    const slash = name.lastIndexOf('/');
    const kind = name.slice(slash + 1);
    if (Object.hasOwn(apiVersions, kind)) continue;
    const version = name.slice(0, slash);
    versions.set(version, [...(versions.get(version) ?? []), kind]);
  }
  const rows = [...versions].map(([version, names]) => `| ${version} | ${names.join(', ')} |`);
  return ['| apiVersion | kinds that are checked and skipped |', '|---|---|', ...rows, ''].join('\n');
}

function tables(): string {
  return sections.map(({ title, rows }) => `### ${title}\n\n${table(rows)}`).join('\n');
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(row => `| \`${row.path}\` | ${verdict(row)} | ${row.since ?? ''} | ${remark(row)} |`);
  return ['| field | here | since | remark |', '|---|---|---|---|', ...lines, ''].join('\n');
}

function verdict({ verdict, silent }: Row): string {
  if (verdict === 'ignored') return silent === 'any' ? 'no effect' : 'warning';
  return verdict === 'refused' ? '**refused**' : 'yes';
}

function remark({ verdict, silent, only, note }: Row): string {
  const values = (list: readonly unknown[]): string => list.map(value => `\`${JSON.stringify(value)}\``).join(', ');
  const parts = [
    note,
    only && `only ${values(only)}; others are refused`,
    verdict !== 'honoured' && silent !== 'any' && silent.length > 0 && `accepted without a word: ${values(silent)}`,
  ];
  return parts.filter(part => typeof part === 'string').join('; ');
}
