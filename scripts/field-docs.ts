import { type Row, sections } from '../src/manifest/support.ts';

const begin = '<!-- fields: made by scripts/schema.ts from src/manifest/support.ts -->';
const end = '<!-- /fields -->';

/** The page with its tables of fields as src/manifest/support.ts has them. */
export function withFieldTables(page: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error('docs/kubernetes.md has lost the marks around its tables');
  return `${page.slice(0, from + begin.length)}\n\n${tables()}\n${page.slice(to)}`;
}

function tables(): string {
  return sections.map(({ title, rows }) => `### ${title}\n\n${table(rows)}`).join('\n');
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(row => `| \`${row.path}\` | ${verdict(row)} | ${remark(row)} |`);
  return ['| field | here | remark |', '|---|---|---|', ...lines, ''].join('\n');
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
