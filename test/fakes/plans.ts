import type { Key } from '../../src/model/key.ts';
import type { Action, Change, Plan, Step } from '../../src/model/plan.ts';
import { desiredContainer, desiredPod } from './desired.ts';

/** An action of a verb, for hand-made plans in which only the verb counts. */
export function actionOf(verb: Action['verb'], key: Key): Action {
  const pod = desiredPod('web', { key });
  const container = desiredContainer('web-main');
  const image = { reference: 'web', build: undefined, credentials: undefined };
  const at = { pod: key, id: '1', graceSeconds: 30 };
  switch (verb) {
    case 'pull':
      return { verb, image, always: false };
    case 'build':
      return { verb, image };
    case 'createPod':
      return { verb, pod, uid: 'u1' };
    case 'createContainer':
    case 'startContainer':
      return { verb, pod, uid: 'u1', container };
    case 'stopContainer':
      return { verb, name: 'main', ...at };
    case 'stopPod':
      return { verb, ...at };
    case 'removePod':
      return { verb, uid: 'u1', ...at };
    case 'startPod':
      return { verb, pod: key, id: '1', containers: [] };
    case 'writeRecord':
      return { verb, pod: key, patch: {} };
    case 'removeRecord':
      return { verb, pod: key };
    case 'removeFiles':
      return { verb, uid: 'u1' };
    default:
      throw new Error(`No sample of "${verb}"; add one`);
  }
}

/** A step of a hand-made plan. */
export function step(
  id: number,
  key: Key,
  verb: Action['verb'],
  after: readonly number[] = [],
  when: Step['when'] = 'done',
): Step {
  return { id, key, action: actionOf(verb, key), after, when };
}

/** A hand-made plan, with a change for each key. */
export function planOf(steps: readonly Step[], changes: readonly Change[] = changesFor(steps)): Plan {
  return { revision: 'r1', changes, steps, nextMs: undefined };
}

/** A change with nothing said but what it is. */
export function change(op: Change['op'], key: Key, untilMs?: number): Change {
  return { op, key, why: 'asked for', cost: '', fields: [], location: undefined, untilMs };
}

function changesFor(steps: readonly Step[]): readonly Change[] {
  return [...new Set(steps.map(({ key }) => key))].map(key => change('update', key));
}
