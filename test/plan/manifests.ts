import assert from 'node:assert/strict';
import type { Desired } from '../../src/model/desired.ts';
import { desiredOf } from './scenario.ts';

/**
 * A pod of one container, `main`.
 *
 * @param container more lines of the container, indented by 6 from the second on
 * @param spec more lines of the pod, indented by 2; containers first, by 4
 */
export const pod = (name: string, container = '', spec = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers:
    - name: main
      image: app:1
      ${container}
${spec}`;

/**
 * A Deployment of one container, `main`.
 *
 * @param container more lines of the container, indented by 10 from the second on
 * @param more more lines: of the Deployment's spec indented by 2, of the pod's by 6
 */
export const deployment = (name: string, command: string, container = '', more = ''): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: main
          image: app:1
          command: [${command}]
          ${container}
${more}`;

/** What manifests ask for that are without errors; warnings are let pass. */
export function desired(...documents: readonly string[]): Desired {
  const { desired, problems } = desiredOf(documents.join('\n---\n'));
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  return desired;
}

/** What manifests ask for that are without any problem. */
export function flawless(...documents: readonly string[]): Desired {
  const { desired, problems } = desiredOf(documents.join('\n---\n'));
  assert.deepEqual(problems, []);
  return desired;
}
