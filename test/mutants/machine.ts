import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';

/** The folders of src/ whose every decision is put to the test. */
export const folders: readonly string[] = ['plan', 'apply', 'reconcile'];

/** A fault that a program made, switched on by its id. */
export interface MachineFault {
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  /** The source line that it is in, or begins in, without its indentation. */
  readonly code: string;
  readonly from: string;
  readonly to: string;
}

/** The folders with every fault built in. */
export interface Instrumented {
  readonly faults: readonly MachineFault[];
  /** By path below the root. */
  readonly texts: ReadonlyMap<string, string>;
}

type Logger = ConstructorParameters<typeof Instrumenter>[0];

const silent: Logger = {
  isTraceEnabled: () => false,
  isDebugEnabled: () => false,
  isInfoEnabled: () => false,
  isWarnEnabled: () => false,
  isErrorEnabled: () => false,
  isFatalEnabled: () => false,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
};

/**
 * What StrykerJS puts in the place of an empty list or text. Left out: nearly all of those are defaults that the types
 * ask for and nothing reaches.
 */
const filler = /^(\["Stryker was here"\]|"Stryker was here!")$/;

/** Has StrykerJS put all the faults that it knows into the folders, each behind a switch (mutant switching). */
export async function instrument(dir: string): Promise<Instrumented> {
  const files = folders.flatMap(folder =>
    readdirSync(join(dir, 'src', folder)).map(name => {
      const file = `src/${folder}/${name}`;
      return { name: file, mutate: true, content: readFileSync(join(dir, file), 'utf8') };
    }),
  );
  const texts = new Map(files.map(({ name, content }) => [name, content]));
  const options = { plugins: null, excludedMutations: [], ignorers: [] };
  const found = await new Instrumenter(silent).instrument(files, options);
  const faults = found.mutants.map(({ id, fileName, mutatorName, replacement, location }) => {
    const lines = (texts.get(fileName) ?? '').split('\n');
    return {
      id,
      file: fileName,
      line: location.start.line + 1,
      kind: mutatorName,
      code: lines[location.start.line]?.trim() ?? '',
      from: between(lines, location),
      to: oneLine(replacement),
    };
  });
  return {
    faults: faults.filter(({ to }) => !filler.test(to)),
    texts: new Map(found.files.map(({ name, content }) => [name, content])),
  };
}

interface Span {
  readonly start: { readonly line: number; readonly column: number };
  readonly end: { readonly line: number; readonly column: number };
}

function between(lines: readonly string[], { start, end }: Span): string {
  const picked = lines.slice(start.line, end.line + 1);
  const cut = picked.map((line, index) => {
    const to = index === picked.length - 1 ? end.column : line.length;
    return line.slice(index === 0 ? start.column : 0, to);
  });
  return oneLine(cut.join('\n'));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
