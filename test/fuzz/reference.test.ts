import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseReference } from '../../src/model/reference.ts';
import { formatReference, hubName, localName, spellings } from '../../src/podman/reference.ts';
import { holds } from '../arbitraries/property.ts';
import { textOf } from './bytes.ts';

const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const part = fc.stringMatching(/^[a-z0-9]{1,4}([._-][a-z0-9]{1,3})?$/);
const reference = fc
  .record({
    registry: fc.option(fc.constantFrom('localhost', 'localhost:5000', 'r.example', 'r.example:80', '[::1]:5000')),
    path: fc.array(part, { minLength: 1, maxLength: 3 }),
    tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][\w.-]{0,8}$/)),
    digest: fc.option(hex),
  })
  .map(
    ({ registry, path, tag, digest }) =>
      `${registry === null ? '' : `${registry}/`}${path.join('/')}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@sha256:${digest}`}`,
  );
const anything = fc.oneof(
  reference,
  textOf('/', ':', '@', 'a', 'b.c', '..', '__', '-', 'sha256:', '0'.repeat(32), 'localhost', ':5000', 'A', '\n'),
);

test('image references: any text is a reference or none, and what is formatted reads as itself again', async t => {
  await holds(
    t,
    fc.property(anything, text => {
      const parsed = parseReference(text);
      hubName(text);
      assert.equal(typeof localName(text), 'string');
      assert.ok(spellings(text).length > 0);
      if (parsed === undefined) return;
      const again = parseReference(formatReference(parsed));
      const { registry, repository, tag, digest } = parsed;
      assert.deepEqual(again, {
        registry,
        repository,
        tag: digest === undefined ? (tag ?? 'latest') : undefined,
        digest,
      });
    }),
    5000,
  );
});

test('image references: a name is among its own spellings, and all of them mean it', async t => {
  await holds(
    t,
    fc.property(reference, text => {
      const parsed = parseReference(text);
      if (parsed === undefined) return;
      const name = parsed.digest === undefined ? formatReference(parsed) : text;
      assert.ok(spellings(name).includes(name));
      for (const spelling of spellings(name)) assert.ok(parseReference(spelling), spelling);
    }),
    2000,
  );
});

for (const piece of ['a', 'a-', 'a.', 'a/', 'a:', '-', '_', '0', '@', ':5', 'a__', '.a/'])
  test(`image references: 64 KiB of "${piece}" are read in no time`, { timeout: 2000 }, () => {
    for (const end of ['', '!', '\n', '/A']) parseReference(piece.repeat(65536 / piece.length) + end);
  });
