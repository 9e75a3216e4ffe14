import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ListedFault } from './fault.ts';
import type { Fate } from './listed.ts';
import { folders, type MachineFault } from './machine.ts';
import type { Results } from './results.ts';
import { countsOf } from './table.ts';

const begin = '<!-- planted faults: written by npm run test:mutants -- --write -->';
const end = '<!-- end of planted faults -->';
const heading = `## Planted faults

A test that cannot fail proves nothing. \`npm run test:mutants\` breaks a copy of the source in one place at a time and runs the
tests that can see it, until one fails. Two kinds of faults are planted: those that were listed by hand before there was a test for
them (test/mutants/faults.ts), and every one that [StrykerJS](https://stryker-mutator.io) makes of the folders that decide and act.
The tests are those that need no engine. A survivor fails the run unless test/mutants/survivors.ts gives a reason for it.

\`--listed\` or \`--machine\` plants one kind alone, \`--sample 500 --seed 1\` so many of the machine's, \`--only src/plan\` those of some files,
\`--again\` the last survivors; \`--quick\` leaves out the crash and property tests; \`--write\` brings this section up to date.
`;

/** Writes what was found between the marks of docs/reliability.md; makes the page or the section where it is absent. */
export function writePage(root: string, { listed, machine, made, how }: Results): void {
  const path = join(root, 'docs/reliability.md');
  const page = existsSync(path) ? readFileSync(path, 'utf8') : '# Reliability\n';
  const whole = page.includes(begin) ? page : `${page.trimEnd()}\n\n${heading}\n${begin}\n${end}\n`;
  const [before = '', rest = ''] = whole.split(begin);
  const after = rest.slice(rest.indexOf(end));
  writeFileSync(path, `${before}${begin}\n\n${section(listed, machineText(machine, made, how))}\n${after}`);
}

function section(listed: readonly Fate<ListedFault>[], ofMachine: string): string {
  const rows = listed.map(({ fault, kill }) => {
    const by = kill === undefined ? 'nobody' : `${kill.suite.replace(/^test\//, '')}: ${kill.test}`;
    return [fault.id, fault.what, by].map(cell).join(' | ');
  });
  const killed = listed.filter(({ kill }) => kill !== undefined).length;
  return `${ofMachine}

Listed by hand: ${listed.length}, of which ${killed} were found.

| fault | what goes wrong | found first by |
|---|---|---|
${rows.map(row => `| ${row} |`).join('\n')}
`;
}

function machineText(fates: readonly Fate<MachineFault>[], all: number, how: string): string {
  const rest = fates.length === all ? '' : `\nThe other ${all - fates.length} were not planted in this run.`;
  const rows = folders.map(folder => {
    const { planted, killed, excused, escaped } = countsOf(
      fates.filter(({ fault }) => fault.file.startsWith(`src/${folder}/`)),
    );
    return `| src/${folder}/ | ${planted} | ${killed} | ${excused} | ${escaped} |`;
  });
  const left = how.includes('--quick') ? '\nCrash and property tests had no part in it.' : '';
  return `Made by machine: ${all}, of which ${fates.length} were planted, by \`npm run test:mutants -- ${how}\`.${rest}${left}

| folder | planted | found | survived with a reason | survived without |
|---|---:|---:|---:|---:|
${rows.join('\n')}`;
}

/** Text of a cell: a bar would end it. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
