import type { Verb } from '../model/plan.ts';

/**
 * Which queue a step waits in. Lanes are counted apart, so that ten slow pulls or a pod that uses up its grace period
 * never keep another pod from being started.
 *
 * - `quick` ends within about a second;
 * - `stop` may wait out a grace period; it costs the engine next to nothing meanwhile;
 * - `fetch` is bound by the network, or by a build;
 * - `hook` starts a container whose postStart hook is waited for, however long that takes;
 * - `record` writes a small file of ours.
 */
export type Lane = 'quick' | 'stop' | 'fetch' | 'hook' | 'record';

/** How steps of a verb are run. */
export interface Traits {
  readonly lane: Lane;
  /** Tried again on the spot after a transient failure. The others have the loop's back-off alone. */
  readonly retries: boolean;
  /** Given up at once when another wish overtakes it; the others run to their end. */
  readonly abortable: boolean;
  /** Something that ran may be down once it began. */
  readonly interrupts: boolean;
  /** Ends what `interrupts` began. */
  readonly restores: boolean;
  /** Prepares what pods share: its failure is the failure of every key that waited on it. */
  readonly shared: boolean;
}

const plain = { retries: true, abortable: false, interrupts: false, restores: false, shared: false } as const;
const quick: Traits = { ...plain, lane: 'quick' };
const start: Traits = { ...quick, restores: true };
const stop: Traits = { ...plain, lane: 'stop', retries: false, interrupts: true };
const fetch: Traits = { ...plain, lane: 'fetch', retries: false, abortable: true, shared: true };
const record: Traits = { ...plain, lane: 'record' };

/** One row a verb; a verb without a row does not compile. */
export const traits: { readonly [V in Verb]: Traits } = {
  pull: fetch,
  build: fetch,
  createVolume: { ...quick, shared: true },
  createEmptyDir: quick,
  writeFiles: quick,
  checkPorts: quick,
  createPod: quick,
  createContainer: quick,
  renameContainer: quick,
  updateContainer: quick,
  startContainer: start,
  startPod: start,
  stopContainer: stop,
  stopInOrder: stop,
  removeContainer: { ...quick, interrupts: true },
  stopPod: stop,
  removePod: stop,
  removeEmptyPod: quick,
  removeVolume: quick,
  removeNetwork: quick,
  removeFiles: quick,
  writeRecord: record,
  removeRecord: record,
};
