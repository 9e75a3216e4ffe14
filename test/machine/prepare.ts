// `node --import tsx test/machine/prepare.ts`: makes what the tests on machines need and `.cache/` lacks, all of it beside
// each other. Tests that begin meanwhile wait for what they need; what cannot be made, they tell.
import { debian12, debian13, machineRoot } from './machine-root.ts';
import { npmPackages } from './npm.ts';

const all = await Promise.allSettled([machineRoot(debian12), machineRoot(debian13), npmPackages()]);
for (const made of all) if (made.status === 'rejected') process.stderr.write(`${made.reason}\n`);
