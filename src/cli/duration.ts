import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90s`, `5m`, `1h30m`, or a plain number of seconds. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const isWhole = parts.map(part => part[0]).join('') === text;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!isWhole || parts.length === 0) throw new InvalidArgumentError('Expected a duration such as 30s, 5m or 1h30m');
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0), 0);
}

/** Milliseconds of how often something is done: `0` for never, or at least a minute. */
export function parseInterval(text: string): number {
  const ms = parseDuration(text);
  if (ms > 0 && ms < 60_000) throw new InvalidArgumentError('Expected 0, or a duration of 1m or more');
  return ms;
}

/** Milliseconds since the epoch of a date, or of that long ago. */
export function parseSince(text: string): number {
  const date = Date.parse(text);
  return /^\d{4}-/.test(text) && !Number.isNaN(date) ? date : Date.now() - parseDuration(text);
}

/** A number of lines, from 0. */
export function parseCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a number of lines');
  return Number(text);
}
