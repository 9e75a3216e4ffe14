import { pino } from 'pino';
import type { Log } from '../log.ts';
import type { LoggerOptions } from './logger.ts';
import type { Terminal } from './terminal.ts';

/** A log for machines: one JSON object a line. Apart from its neighbour so that pino is loaded only for it. */
export function jsonLog(terminal: Terminal, opts: Omit<LoggerOptions, 'format'>): Log {
  const destination = { write: (line: string) => terminal.err(opts.scrub(line)) };
  const formatters = { level: (level: string) => ({ level }) };
  const settings = { level: opts.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters };
  const logger = pino(settings, destination);
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}
