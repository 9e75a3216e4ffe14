import type { Terminal } from './terminal.ts';

export type OutputFormat = 'text' | 'json' | 'yaml';

/** Writes data for machines to standard output. */
export async function writeData(terminal: Terminal, format: OutputFormat, value: unknown): Promise<void> {
  if (format === 'yaml') {
    const { dump } = await import('js-yaml');
    // Through JSON first: what JSON leaves out, YAML must too.
    return terminal.out(dump(JSON.parse(JSON.stringify(value)), { noRefs: true, lineWidth: -1 }));
  }
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}
