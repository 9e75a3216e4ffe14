import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countBlobs } from '../../src/podman/pull-progress.ts';

const read = (id: string, current: number, total: number): unknown => ({
  status: 'Downloading',
  progressDetail: { current, total },
  id,
});
const met = (id: string): unknown => ({ status: 'Pulling fs layer', progressDetail: {}, id });
const over = (id: string, status = 'Download complete'): unknown => ({ status, progressDetail: {}, id });

/** Each document with what is known after it: blobs that are there, blobs, bytes. */
const cases: readonly (readonly [
  name: string,
  ...(readonly [unknown, string, number | undefined, number | undefined])[],
])[] = [
  [
    'sums blobs whose size was told, up to the end',
    [met('a'), '0 of 1', undefined, undefined],
    [met('b'), '0 of 2', undefined, undefined],
    [read('a', 30, 100), '0 of 2', 30, 100],
    [read('b', 10, 50), '0 of 2', 40, 150],
    [over('b'), '1 of 2', 80, 150],
    [over('a'), '2 of 2', 150, 150],
  ],
  [
    'counts no bytes of what was there already or came within a second',
    [over('a', 'Already exists'), '1 of 1', undefined, undefined],
    [read('b', 10, 50), '1 of 2', 10, 50],
    [over('c'), '2 of 3', 10, 50],
    [over('b', 'Pull complete'), '3 of 3', 50, 50],
  ],
  [
    'never falls where a blob is tried again, nor exceeds its size',
    [read('a', 30, 50), '0 of 1', 30, 50],
    [met('a'), '0 of 1', 30, 50],
    [read('a', 5, 50), '0 of 1', 30, 50],
    [read('a', 60, 50), '0 of 1', 50, 50],
    [over('a'), '1 of 1', 50, 50],
    [read('a', 5, 50), '1 of 1', 50, 50],
  ],
  ['knows no size of -1', [read('a', 30, -1), '0 of 1', undefined, undefined]],
];
for (const [name, ...steps] of cases) {
  test(`countBlobs() ${name}`, () => {
    const count = countBlobs();
    const seen = steps.map(([value]) => count(value));
    const want = steps.map(([, blobs, doneBytes, totalBytes]) => ({
      message: `${blobs} blobs are there`,
      doneBytes,
      totalBytes,
    }));
    assert.deepEqual(seen, want);
  });
}

test('countBlobs() leaves out what is of no blob', () => {
  assert.equal(countBlobs()({ status: 'Pulling from somewhere' }), undefined);
});
