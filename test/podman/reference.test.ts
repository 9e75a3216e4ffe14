import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseReference } from '../../src/model/reference.ts';
import { readImages } from '../../src/podman/images.ts';
import { formatReference, hubName, localName, spellings } from '../../src/podman/reference.ts';
import { check } from '../arbitraries/property.ts';

const digest = `sha256:${'a'.repeat(64)}`;

const parsed = [
  ['web', undefined, 'web', undefined, undefined],
  ['web:1', undefined, 'web', '1', undefined],
  ['team/web', undefined, 'team/web', undefined, undefined],
  ['localhost/web:1', 'localhost', 'web', '1', undefined],
  ['127.0.0.1:5000/a/b:2', '127.0.0.1:5000', 'a/b', '2', undefined],
  ['quay.io/a/b', 'quay.io', 'a/b', undefined, undefined],
  [`quay.io/a/b:1@${digest}`, 'quay.io', 'a/b', '1', digest],
  [`web@${digest}`, undefined, 'web', undefined, digest],
] as const;
for (const [text, registry, repository, tag, digest] of parsed) {
  test(`parseReference() takes "${text}" apart`, () => {
    assert.deepEqual(parseReference(text), { registry, repository, tag, digest });
  });
}

for (const text of ['', 'Web', 'a//b', 'web:', '-a', 'a b', 'quay.io/', 'web@sha256:short', `a:${'x'.repeat(129)}`]) {
  test(`parseReference() finds no reference in "${text.slice(0, 20)}"`, () => {
    assert.equal(parseReference(text), undefined);
  });
}

test('parseReference() reads what formatReference() wrote', () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const registry = fc.option(fc.constantFrom('localhost', 'quay.io', '127.0.0.1:5000'), { nil: undefined });
  const parts = fc.record({
    registry,
    repository: fc.array(word, { minLength: 1, maxLength: 3 }).map(words => words.join('/')),
    tag: word,
  });
  check(
    fc.property(parts, given => {
      const reference = { ...given, digest: undefined };
      assert.deepEqual(parseReference(formatReference(reference)), reference);
    }),
  );
});

const names = [
  ['web', 'localhost/web:latest', 'docker.io/library/web:latest'],
  ['team/web:2', 'localhost/team/web:2', 'docker.io/team/web:2'],
  ['localhost/web', 'localhost/web:latest', undefined],
  ['quay.io/web:1', 'quay.io/web:1', undefined],
] as const;
for (const [text, local, hub] of names) {
  test(`localName() and hubName() complete "${text}"`, () => {
    assert.equal(localName(text), local);
    assert.equal(hubName(text), hub);
  });
}

test('spellings() are all that a manifest may write', () => {
  assert.deepEqual(spellings('localhost/web:1'), ['localhost/web:1', 'web:1']);
  assert.deepEqual([...spellings('docker.io/library/x:latest')].sort(), [
    'docker.io/library/x',
    'docker.io/library/x:latest',
    'docker.io/x',
    'docker.io/x:latest',
    'library/x',
    'library/x:latest',
    'x',
    'x:latest',
  ]);
  assert.deepEqual(spellings('quay.io/a/b:2'), ['quay.io/a/b:2']);
});

test("readImages() gives a short name to this host's own image, in whatever order the engine lists them", () => {
  const list = [
    { Id: '1'.repeat(64), Names: ['docker.io/library/web:1'], RepoDigests: [`docker.io/library/web@${digest}`] },
    { Id: `sha256:${'2'.repeat(64)}`, Names: ['localhost/web:1'], Labels: { 'podstead.dev/context': 'ctx' } },
    { Id: '3'.repeat(64), Names: null, RepoTags: ['<none>:<none>'], Labels: null },
  ];
  for (const order of [list, list.toReversed()]) {
    const images = readImages(order);
    assert.equal(images.get('web:1')?.id, '2'.repeat(64));
    assert.equal(images.get('web:1')?.context, 'ctx');
    assert.equal(images.get('docker.io/web:1')?.id, '1'.repeat(64));
    assert.equal(images.get(`web:1@${digest}`)?.id, '1'.repeat(64));
    assert.equal(images.get('3'.repeat(64))?.id, '3'.repeat(64));
    assert.equal(images.get(`sha256:${'2'.repeat(64)}`)?.id, '2'.repeat(64));
    assert.equal(images.get('web'), undefined);
    assert.equal(images.has('<none>:<none>'), false);
  }
});
