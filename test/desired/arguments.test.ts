import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredOf } from '../plan/scenario.ts';

const withArgument = (argument: string): string => `apiVersion: v1
kind: Secret
metadata: { name: cred }
stringData: { key: hush }
---
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - name: main
      image: a:1
      env:
        - { name: KEY, valueFrom: { secretKeyRef: { name: cred, key: key } } }
        - { name: URL, value: 'x://$(KEY)@h' }
      args: ['${argument}']`;

for (const argument of ['--key=$(KEY)', '$(URL)']) {
  test(`resolve() keeps a Secret's value out of the argument ${argument}, and says what to do instead`, () => {
    const { desired, problems } = desiredOf(withArgument(argument));
    assert.equal(desired.pods.size, 0);
    assert.deepEqual(
      problems.map(({ code, line }) => `${line} ${code}`),
      ['16 FIELD_UNSUPPORTED'],
    );
    assert.match(problems[0]?.hint ?? '', /read the environment variable itself, or mount the Secret/);
    assert.doesNotMatch(JSON.stringify([problems, [...desired.pods.values()]]), /hush/);
  });
}

test('resolve() leaves $$(KEY) to the program', () => {
  const { desired, problems } = desiredOf(withArgument('$$(KEY)'));
  assert.deepEqual(problems, []);
  assert.deepEqual(desired.pods.get('Pod/default/web')?.containers[0]?.args, ['$(KEY)']);
});
