import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'dist/podstead.cjs');

/** One command of a page and what the page says that it prints. */
interface Command {
  readonly line: string;
  readonly output: readonly string[];
}

/** A `console` block that a page marks with `<!-- run: WHERE [exit=CODE] -->`. */
export interface Block {
  readonly name: string;
  /** Heading that it stands below. */
  readonly section: string;
  readonly where: string;
  /** Of its last command. */
  readonly exit: number;
  readonly commands: readonly Command[];
}

export function page(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** The marked blocks of a page, in order. */
export function blocksOf(file: string): readonly Block[] {
  const marked = /<!-- run: (\w+)(?: exit=(\d+))? -->\n```console\n(.*?)\n```/gs;
  const whole = page(file);
  return [...whole.matchAll(marked)].map(({ index, 1: where = '', 2: exit = '0', 3: text = '' }) => {
    const section = /(?:.*\n)*## (.*)\n/.exec(whole.slice(0, index))?.[1] ?? '';
    const commands = text
      .split(/^\$ /m)
      .slice(1)
      .map(part => part.trimEnd().split('\n'))
      .map(([line = '', ...output]) => ({ line, output }));
    return { name: `${file}: ${commands.at(-1)?.line ?? ''}`, section, where, exit: Number(exit), commands };
  });
}

/** Files that a page shows: `<!-- file: NAME -->` before a block. */
export function filesOf(file: string): Readonly<Record<string, string>> {
  const marked = /<!-- file: (\S+) -->\n```\w+\n(.*?\n)```/gs;
  return Object.fromEntries([...page(file).matchAll(marked)].map(([, name = '', text = '']) => [name, text]));
}

/** Where a block runs. */
export interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs one line of shell; what it prints of both kinds, in order. */
export type Shell = (line: string) => Promise<{ readonly text: string; readonly code: number }>;

/** Runs a block's commands in order. @throws where the page does not tell what comes */
export async function runBlock(block: Block, shell: Shell): Promise<void> {
  for (const [index, { line, output }] of block.commands.entries()) {
    const { text, code } = await shell(line);
    const found = text.split('\n').filter(each => each !== '');
    if (!tells(output.map(normal), found.map(normal))) {
      throw new Error(`The page shows for "${line}":\n${output.join('\n')}\n\nIt prints:\n${text}`);
    }
    const isLast = index === block.commands.length - 1;
    if (isLast && code !== block.exit) throw new Error(`"${line}" exits with ${code}, the page says ${block.exit}`);
  }
}

/** A shell of this host that finds `podstead`. */
export function shellIn({ cwd, env }: Place): Shell {
  return line => {
    const script = `podstead() { "${process.execPath}" "${program}" "$@"; }\n{ ${line}\n} 2>&1`;
    return new Promise(resolve => {
      execFile('sh', ['-c', script], { cwd, env: { ...process.env, ...env } }, (error, stdout) => {
        resolve({ text: stdout, code: typeof error?.code === 'number' ? error.code : 0 });
      });
    });
  };
}

/** A line of `…` stands for any lines, `…` within a line for any text that the page cut. */
export function tells(shown: readonly string[], found: readonly string[]): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return found.length === 0;
  if (first === '…') return found.some((_, skip) => tells(rest, found.slice(skip))) || rest.length === 0;
  return found[0] !== undefined && first === found[0] && tells(rest, found.slice(1));
}

/** What differs from run to run: times, ages, revisions, hashes of names; and the widths that follow from them. */
function normal(line: string): string {
  return line
    .replace(/\b\d{4}-\d\d-\d\d\b/g, 'DATE')
    .replace(/\b\d\d:\d\d:\d\d\b/g, 'TIME')
    .replace(/\bdir-[0-9a-f]{12}\b/g, 'REVISION')
    .replace(/\bweb-[0-9a-f]{8}-/g, 'web-HASH-')
    .replace(/\b\d+(\.\d)? ?s\b/g, 'N s')
    .replace(/(?<=\S) {2,}/g, '  ')
    .trimEnd();
}
