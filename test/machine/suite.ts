import { describe } from 'node:test';
import { debian12, debian13, type Release, whyNoMachine } from './machine-root.ts';

/** What the variable MACHINE names (bookworm, trixie), while somebody works on one alone; all without it. */
const wanted = process.env.MACHINE ?? '';

/** One suite on each Debian that we support, oldest first; its name says on which. Skipped where none can boot. */
export function onEachDebian(what: string, suite: (debian: Release) => void): void {
  for (const debian of [debian12, debian13].filter(({ name }) => name.includes(wanted)))
    describe(`${what}, ${debian.title}`, { skip: whyNoMachine() ?? false }, () => suite(debian));
}
