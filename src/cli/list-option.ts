import { Option } from 'commander';

/** An option that may be given again. */
export function listOption(flag: string, text: string, parse = (value: string): string => value): Option {
  return new Option(flag, text).argParser((value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    parse(value),
  ]);
}
