// `npm run test:mutants -- [--listed | --machine] [--sample N] [--seed N] [--only TEXT] [--quick] [--again] [--write]`: plants faults one by
// one and shows which test finds each. Fails where one survives that is not excused.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { ListedFault } from './fault.ts';
import { faults } from './faults.ts';
import { measure } from './ground.ts';
import { type Fate, openBench } from './listed.ts';
import { instrument, type MachineFault } from './machine.ts';
import { writePage } from './page.ts';
import { keepResults, readResults } from './results.ts';
import { isSame, sampled } from './sample.ts';
import { openSearch } from './search.ts';
import { bundle, propertySeed, suitesOf } from './suites.ts';
import { excuses, reasonFor } from './survivors.ts';
import { lineOfListed, lineOfMachine, summary } from './table.ts';
import { inTurns } from './turns.ts';
import { openWorkshop, root } from './workshop.ts';

const { values } = parseArgs({
  options: {
    listed: { type: 'boolean', default: false },
    machine: { type: 'boolean', default: false },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const both = values.listed === values.machine;
const width = availableParallelism();
/** What `--quick` leaves out: thousands of little runs each. */
const slow = /\/crash\/|\/(robust|agreement)|\.prop\.test\.ts$/;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const workshop = await openWorkshop();
const stop = (): void => {
  workshop.remove();
  process.exit(130);
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
try {
  process.exitCode = (await run(workshop.dir)) ? 0 : 1;
} finally {
  workshop.remove();
}

/** @returns whether all is as it should be */
async function run(dir: string): Promise<boolean> {
  const made = await instrument(dir);
  const listed = both || values.listed ? faults.filter(fits) : [];
  const machine = both || values.machine ? chosen(made.faults) : [];
  const suites = suitesOf(dir).filter(suite => !values.quick || !slow.test(suite));

  const bench = openBench(dir, listed.length > 0 ? await bundle(dir, suites, 'plain', new Map()) : []);
  const ofListed = await inTurns(listed, width, async fault => {
    const fate = await bench.tryFault(fault);
    say(lineOfListed(fate));
    return fate;
  });

  const files = machine.map(({ file }) => file);
  const bundles = machine.length > 0 ? await bundle(dir, suites, 'machine', made.texts) : [];
  const ground = await measure(
    bundles.filter(({ sources }) => files.some(file => sources.has(file))),
    width,
  );
  if (machine.length > 0) say(`${ground.suites.length} test files, property seed ${propertySeed}`);
  const searches = Array.from({ length: width }, () => openSearch(ground));
  const ofMachine = await inTurns(machine, width, async (fault, worker) => {
    const fate = { fault, kill: await searches[worker]?.killOf(fault.id) };
    say(lineOfMachine(fate));
    return fate;
  });
  for (const search of searches) search.close();
  const escaped = [
    ...ofListed.filter(({ kill }) => kill === undefined).map(lineOfListed),
    ...ofMachine.filter(({ fault, kill }) => kill === undefined && !reasonFor(fault)).map(lineOfMachine),
    ...(ofMachine.length === made.faults.length ? idle(ofMachine) : []),
  ];
  const broken = [...(await bench.broken()), ...ground.broken];
  for (const { suite, test } of broken) say(`FAILS WITHOUT A FAULT: ${suite}: ${test}`);
  say(`\n${summary(ofListed, ofMachine, made.faults.length)}`);
  for (const line of escaped) say(line);
  const how = process.argv
    .slice(2)
    .filter(arg => arg !== '--write')
    .join(' ');
  const kept = keepResults(root, { listed: ofListed, machine: ofMachine, made: made.faults.length, how }, values.again);
  if (values.write) writePage(root, kept);
  return escaped.length === 0 && broken.length === 0;
}

function fits({ file, ...fault }: ListedFault | MachineFault): boolean {
  return file.includes(values.only) || fault.id === values.only;
}

function chosen(all: readonly MachineFault[]): readonly MachineFault[] {
  const wanted = all.filter(fits);
  if (values.again) {
    const survived = readResults(root).machine.filter(({ kill }) => kill === undefined);
    return wanted.filter(fault => survived.some(one => isSame(one.fault, fault)));
  }
  if (values.sample === undefined) return wanted;
  say(`sample of ${values.sample} with seed ${values.seed}`);
  return sampled(wanted, Number(values.sample), Number(values.seed));
}

/** Excuses that nothing needs. */
function idle(fates: readonly Fate<MachineFault>[]): readonly string[] {
  const survived = fates.filter(({ kill }) => kill === undefined).map(({ fault }) => fault);
  const used = new Set(survived.map(({ file, code, from, to }) => [file, code, from, to].join('\n')));
  const all = excuses.flatMap(({ of }) => of.map(each => each.join('\n')));
  return all.filter(each => !used.has(each)).map(each => `AN EXCUSE TOO MANY: ${each.replaceAll('\n', ' | ')}`);
}
