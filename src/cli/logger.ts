import { createColors } from 'picocolors';
import type { Log } from '../log.ts';
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

/** A log for people: the time of day, the message, its fields. */
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
      const line = [message, ...Object.entries(fields).map(fieldText)].filter(part => part !== '').join(' ');
      terminal.err(`${colors.dim(new Date().toTimeString().slice(0, 8))} ${paint[level](opts.scrub(line))}\n`);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function fieldText([name, value]: readonly [string, unknown]): string {
  if (value === undefined) return '';
  return `${name}=${typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`;
}
