import { after, afterEach, before, describe } from 'node:test';
import { containerContract } from './containers.ts';
import { foreignContract } from './foreign.ts';
import { podContract } from './pods.ts';
import { portContract } from './ports.ts';
import { type After, type Bench, benchOf, type Rig } from './rig.ts';
import { sourceContract } from './sources.ts';
import { storageContract } from './storage.ts';
import { wakeContract } from './wakes.ts';

/** The bench of the tests that run, made before the first of them. */
export type On = () => Bench;

/**
 * Registers what every engine must do, as tests against one that `factory` makes. Each test leaves the engine as it
 * found it.
 */
export function engineContract(name: string, factory: (t: After) => Promise<Rig>): void {
  describe(`the contract of an engine, kept by ${name}:`, () => {
    const cleanUps: (() => Promise<void>)[] = [];
    let bench: Bench | undefined;
    before(async () => {
      bench = benchOf(await factory({ after: fn => void cleanUps.push(fn) }));
    });
    after(async () => {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
    });
    // A test that failed must not fail those after it.
    afterEach(async () => {
      const { pods, foreignNames, volumes, fileUids } = (await bench?.observe()) ?? {};
      if ((pods?.size ?? 0) + (foreignNames?.size ?? 0) + (volumes?.size ?? 0) + (fileUids?.length ?? 0) > 0)
        await bench?.reset();
    });
    const on: On = () => {
      if (bench === undefined) throw new Error('The engine under the contract could not be made');
      return bench;
    };
    podContract(on);
    containerContract(on);
    portContract(on);
    storageContract(on);
    sourceContract(on);
    foreignContract(on);
    wakeContract(on);
  });
}
