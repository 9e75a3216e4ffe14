import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { desiredOf } from '../plan/scenario.ts';

const root = resolve(import.meta.dirname, '../..');
const directory = join(import.meta.dirname, 'digests');

/** Digests of sandbox and containers, by pod: what the labels of things that run today hold. */
function digestsOf(yaml: string): Readonly<Record<string, unknown>> {
  const { desired } = desiredOf(yaml, { hello: 'digest-of-hello' });
  const entries = [...desired.pods.values()].map(pod => {
    const containers = [...pod.initContainers, ...pod.containers].map(({ name, digest }) => [name, digest]);
    return [pod.key, { sandbox: pod.sandbox.digest, containers: Object.fromEntries(containers) }] as const;
  });
  return Object.fromEntries(entries);
}

function texts(path: string): readonly string[] {
  const names = readdirSync(path).filter(name => name.endsWith('.yaml'));
  return names.toSorted().map(name => readFileSync(join(path, name), 'utf8'));
}

test('what runs today is not made anew by a later version: its digests are the same', () => {
  const found = Object.assign({}, ...[...texts(join(root, 'manifests')), ...texts(directory)].map(digestsOf));
  const expected = JSON.parse(readFileSync(join(directory, 'expected.json'), 'utf8'));
  assert.deepEqual(found, expected);
});
