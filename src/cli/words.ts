import type { Action, ActionOf, Verb } from '../model/plan.ts';

/** How a step is told to people: while it runs, and once it is done. */
export interface StepWords {
  readonly doing: string;
  readonly done: string;
  readonly what: string;
}

type Wording = {
  readonly [V in Verb]: readonly [doing: string, done: string, what: (action: ActionOf<V>) => string];
};

/** One row a verb: a verb without words does not compile. */
const wording: Wording = {
  pull: ['Pulling', 'Pulled', ({ image }) => image.reference],
  build: ['Building', 'Built', ({ image }) => image.reference],
  createVolume: ['Creating volume', 'Created volume', ({ volume }) => volume.engineName],
  createEmptyDir: ['Creating volume', 'Created volume', ({ pod, volume }) => `${volume} of ${pod.key}`],
  writeFiles: ['Writing files', 'Wrote files', ({ pod, files }) => `${files.name} of ${pod.key}`],
  checkPorts: ['Checking ports', 'Checked ports', ({ pod }) => `of ${pod}`],
  createPod: ['Creating', 'Created', ({ pod }) => pod.key],
  createContainer: [
    'Creating container',
    'Created container',
    ({ pod, container }) => `${container.name} of ${pod.key}`,
  ],
  updateContainer: ['Setting limits', 'Set limits', ({ pod, name }) => `${name} of ${pod}`],
  renameContainer: ['Renaming container', 'Renamed container', ({ pod, name }) => `${name} of ${pod}`],
  startContainer: [
    'Starting container',
    'Started container',
    ({ pod, container }) => `${container.name} of ${pod.key}`,
  ],
  stopContainer: ['Stopping container', 'Stopped container', ({ pod, name }) => `${name} of ${pod}`],
  stopInOrder: ['Stopping containers', 'Stopped containers', ({ pod }) => `of ${pod}, in order`],
  removeContainer: ['Removing container', 'Removed container', ({ pod, name }) => `${name} of ${pod}`],
  stopPod: ['Stopping', 'Stopped', ({ pod }) => pod],
  removePod: ['Removing', 'Removed', ({ pod }) => pod],
  removeEmptyPod: ['Removing what is left', 'Removed what was left', ({ pod }) => `of ${pod}`],
  startPod: ['Starting again', 'Started again', ({ pod }) => pod],
  removeVolume: ['Removing volume', 'Removed volume', ({ name }) => name],
  removeNetwork: ['Removing network', 'Removed network', ({ name }) => name],
  removeFiles: ['Removing files', 'Removed files', ({ uid }) => uid],
  writeRecord: ['Recording', 'Recorded', ({ pod }) => pod],
  removeRecord: ['Forgetting', 'Forgot', ({ pod }) => pod],
};

/** The words for a step's action. */
export function wordsOf(action: Action): StepWords {
  const [doing, done, what] = wording[action.verb];
  // Each row takes its own verb's action, and this is it; the compiler cannot follow that through the union.
  return { doing, done, what: what(action as never) };
}

/** Steps that take long enough to be watched, or that a person wants to have seen. */
export function isNotable(action: Action): boolean {
  return !quick.includes(action.verb);
}

/** Steps that are told when they are done: they took long, or data is gone. */
export function isLasting(action: Action): boolean {
  return lasting.includes(action.verb);
}

const lasting: readonly Verb[] = ['pull', 'build', 'removeVolume'];
const quick: readonly Verb[] = ['writeRecord', 'removeRecord', 'removeFiles', 'removeEmptyPod', 'checkPorts'];
