import { createColors } from 'picocolors';
import type { Log } from '../log.ts';
import { printableLines } from '../model/printable.ts';
import type { LogLevel } from './context.ts';
import type { Terminal } from './terminal.ts';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
  /** Applied to each line as it is written. */
  readonly scrub: (text: string) => string;
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
type Fields = Readonly<Record<string, unknown>>;

/** A log on standard error: lines for people, or JSON for machines. Each line is written before the call returns. */
export async function makeLogger(terminal: Terminal, opts: LoggerOptions): Promise<Log> {
  if (opts.format === 'text') return textLog(terminal, opts);
  const { jsonLog } = await import('./json-log.ts');
  return jsonLog(terminal, opts);
}

/** A log for people: the time of day, the message with its fields as one sentence, and below it what to do. */
export function textLog(terminal: Terminal, opts: Omit<LoggerOptions, 'format'>): Log {
  const colors = createColors(terminal.errColor);
  const paint: Readonly<Record<LogLevel, (text: string) => string>> = {
    debug: colors.dim,
    info: text => text,
    warn: colors.yellow,
    error: colors.red,
  };
  const write =
    (level: LogLevel) =>
    (message: string, fields: Fields = {}): void => {
      if (levels.indexOf(level) < levels.indexOf(opts.level)) return;
      const time = colors.dim(new Date().toTimeString().slice(0, 8));
      const { line, hint } = sentence(message, fields);
      terminal.err(`${time} ${paint[level](printableLines(opts.scrub(line)))}\n`);
      if (hint !== undefined) terminal.err(`${' '.repeat(9)}${colors.dim(printableLines(opts.scrub(hint)))}\n`);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** Fields that people read as part of the sentence; what the message says anyway is left to the JSON. */
const phrases: Readonly<Record<string, (value: unknown) => string>> = {
  why: value => `: ${value}`,
  because: value => `: ${value}`,
  from: value => ` (${value})`,
  pod: value => ` (${value})`,
  owner: value => `, owner ${value}`,
  code: value => ` [${value}]`,
  tookMs: value => ` in ${(Number(value) / 1000).toFixed(1)} s`,
  retry: value => `; next try at ${new Date(String(value)).toTimeString().slice(0, 8)}`,
  key: () => '',
  verb: () => '',
  op: () => '',
};

function sentence(message: string, { hint, ...fields }: Fields): { line: string; hint: string | undefined } {
  const parts = Object.entries(fields).map(([name, value]) => {
    if (value === undefined) return '';
    return phrases[name]?.(value) ?? ` ${name}=${fieldText(value)}`;
  });
  return { line: [message, ...parts].join(''), hint: hint === undefined ? undefined : String(hint) };
}

function fieldText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
