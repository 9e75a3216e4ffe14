import type { ListedFault } from './fault.ts';
import type { Kill } from './ground.ts';
import type { Fate } from './listed.ts';
import type { MachineFault } from './machine.ts';
import { reasonFor } from './survivors.ts';

/** `id: killed by test` or `id: SURVIVED`. */
export function lineOfListed({ fault, kill }: Fate<ListedFault>): string {
  return `${fault.id} (${fault.what}): ${fateText(kill)}`;
}

/** `file:line from → to: killed by test` or `… SURVIVED`, with its reason where there is one. */
export function lineOfMachine({ fault, kill }: Fate<MachineFault>): string {
  const reason = kill === undefined ? reasonFor(fault) : undefined;
  const why = reason === undefined ? '' : ` (${reason})`;
  return `${fault.file}:${fault.line} ${short(fault.from)} → ${short(fault.to)}: ${fateText(kill)}${why}`;
}

/** The counts, as one line of each kind. */
export function summary(
  listed: readonly Fate<ListedFault>[],
  machine: readonly Fate<MachineFault>[],
  all: number,
): string {
  const { killed, excused, escaped } = countsOf(machine);
  const ofListed = `Listed by hand: ${listed.length} planted, ${listed.filter(({ kill }) => kill).length} killed`;
  const ofMachine = `Made by machine: ${machine.length} of ${all} planted, ${killed} killed, ${excused} survived with a reason, ${escaped} without`;
  return [...(listed.length > 0 ? [ofListed] : []), ...(machine.length > 0 ? [ofMachine] : [])].join('\n');
}

/** How machine-made faults fared, counted. */
export interface Counts {
  readonly planted: number;
  readonly killed: number;
  /** Survivors with a reason. */
  readonly excused: number;
  /** Survivors without one. */
  readonly escaped: number;
}

/** Counts fates. */
export function countsOf(fates: readonly Fate<MachineFault>[]): Counts {
  const survived = fates.filter(({ kill }) => kill === undefined);
  const excused = survived.filter(({ fault }) => reasonFor(fault) !== undefined).length;
  return {
    planted: fates.length,
    killed: fates.length - survived.length,
    excused,
    escaped: survived.length - excused,
  };
}

function fateText(kill: Kill | undefined): string {
  return kill === undefined ? 'SURVIVED' : `killed by ${kill.suite}: ${kill.test}`;
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
