/** Smallest and largest value of each field, and the names that some have (cron of robfig, which Kubernetes runs). */
const fields: readonly { readonly from: number; readonly to: number; readonly names: readonly string[] }[] = [
  { from: 0, to: 59, names: [] },
  { from: 0, to: 23, names: [] },
  { from: 1, to: 31, names: [] },
  { from: 1, to: 12, names: 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ') },
  { from: 0, to: 6, names: 'sun mon tue wed thu fri sat'.split(' ') },
];
const words = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/;
const every = /^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/;

/** What is wrong with a schedule of five fields, or of one of cron's words; nothing where it is right. */
export function scheduleFault(schedule: string): string | undefined {
  if (/TZ/.test(schedule)) return 'a time zone stands in "timeZone", not in the schedule';
  if (schedule.startsWith('@')) {
    const fits = words.test(schedule) || every.test(schedule);
    return fits ? undefined : `found "${schedule}", expected a word such as "@daily"`;
  }
  const parts = schedule.trim().split(/\s+/);
  const fits = parts.length === fields.length && parts.every((part, i) => isField(part, i));
  return fits ? undefined : `found "${schedule}", expected five fields as in "30 4 * * 1-5"`;
}

function isField(text: string, index: number): boolean {
  return text.split(',').every(part => {
    const [range = '', step, ...more] = part.split('/');
    if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false;
    if (range === '*' || range === '?') return true;
    const [low, high, ...rest] = range.split('-').map(each => numberAt(each, index));
    if (rest.length > 0 || low === undefined) return false;
    return range.includes('-') ? high !== undefined && low <= high : true;
  });
}

function numberAt(text: string, index: number): number | undefined {
  const { from = 0, names = [], to = 0 } = fields[index] ?? {};
  const named = names.indexOf(text.toLowerCase());
  const value = named >= 0 ? named + from : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}
