import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLoad } from '../../src/cli/desire.ts';

const pod = (namespace: string, more = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: ${namespace} }
spec:
  hostNetwork: true
  containers: [{ name: c, image: localhost/web:1${more} }]
`;
const namespace = (name: string, level: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { pod-security.kubernetes.io/enforce: ${level} } }
`;
const judge = async (text: string, podSecurity?: 'baseline') => {
  const load = makeLoad({ owner: 'o', strict: false, podSecurity });
  const file = { path: 'a.yaml', text, directory: '/x' };
  const { desired, problems } = await load({
    revision: 'r',
    files: [file],
    contexts: new Map(),
    problems: [],
    identity: 'i',
    busy: false,
  });
  const security = problems.filter(({ code }) => code === 'POD_SECURITY');
  return { pods: [...desired.pods.keys()], held: [...desired.held.keys()], security };
};

test('a pod that breaks the level of the source is held, with the rule and its place', async () => {
  const { pods, held, security } = await judge(pod('a'), 'baseline');
  assert.deepEqual([pods, held], [[], ['Pod/a/web']]);
  const [first] = security;
  assert.match(first?.message ?? '', /violates PodSecurity "baseline": host namespaces \(hostNetwork=true\)$/);
  assert.deepEqual([first?.line, first?.column], [6, 3]);
});

test('without a level nothing is held', async () => {
  assert.deepEqual((await judge(pod('a'))).pods, ['Pod/a/web']);
});

test("a Namespace's label goes before the level of the source, either way", async () => {
  const text = [pod('strict'), namespace('strict', 'baseline'), pod('open'), namespace('open', 'privileged')].join(
    '---',
  );
  assert.deepEqual((await judge(text)).pods, ['Pod/open/web']);
  assert.deepEqual((await judge(text, 'baseline')).pods, ['Pod/open/web']);
});

test('a level that nobody knows holds pods to the strictest', async () => {
  const { security } = await judge(`${pod('a')}---${namespace('a', 'lax')}`);
  assert.ok(security.every(({ message }) => message.includes('"restricted"')) && security.length > 1);
});

test("a Deployment's template is judged like a pod", async () => {
  const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { a: b } }
  template:
    metadata: { labels: { a: b } }
    spec: { containers: [{ name: c, image: "localhost/web:1", securityContext: { privileged: true } }] }
`;
  const { held, security } = await judge(deployment, 'baseline');
  assert.deepEqual(held, ['Deployment/default/web']);
  assert.equal(security[0]?.line, 9);
});
