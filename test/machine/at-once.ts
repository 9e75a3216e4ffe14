// `node --import tsx test/machine/at-once.ts`: prints how many machines may run at once on this host.
import { canRunSeveral } from './groups.ts';

/** Of what a machine does, half is waiting: with more of them two cores are no faster, and what waits for a time is late. */
const most = 3;

process.stdout.write(`${(await canRunSeveral()) ? most : 1}\n`);
