import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { assertSchema } from './schemas.ts';

const root = resolve(import.meta.dirname, '../..');

function list(
  input: string,
  ...args: readonly string[]
): { readonly code: number | null; readonly out: string; readonly err: string } {
  const words = ['--import', 'tsx', join(root, 'src/cli/main.ts'), 'image', 'list', '-', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, input, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

const manifests = `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers: [{ name: init, image: quay.io/a/init:2 }]
  containers:
    - { name: main, image: docker.io/library/nginx:1 }
    - { name: side, image: quay.io/a/init:2 }
  volumes: [{ name: data, image: { reference: quay.io/a/data:3 } }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  replicas: 2
  selector: { matchLabels: { app: api } }
  template:
    metadata: { labels: { app: api } }
    spec: { containers: [{ name: main, image: localhost/api }] }
`;

test('podstead image list names each image once, of init containers, volumes and Deployments too', () => {
  const { code, out, err } = list(manifests);
  assert.deepEqual({ code, err }, { code: 0, err: '' });
  assert.deepEqual(out.trim().split('\n'), [
    'docker.io/library/nginx:1',
    'localhost/api',
    'quay.io/a/data:3',
    'quay.io/a/init:2',
  ]);
  const json = JSON.parse(list(manifests, '-o', 'json').out);
  assert.deepEqual(json[0], { Name: 'docker.io/library/nginx:1', Build: null });
  assertSchema('image-list', json);
});

test('podstead image list fails where a manifest has errors, as the list may be short', () => {
  const { code, out, err } = list(manifests.replace('kind: Deployment', 'kind: Deploymint'));
  assert.equal(code, 1);
  assert.match(out, /quay\.io\/a\/init:2/);
  assert.match(err, /error KIND_UNKNOWN/);
});
