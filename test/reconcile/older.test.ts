import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Desired, DesiredImage } from '../../src/model/desired.ts';
import { compareImages, type SeenImage } from '../../src/reconcile/older.ts';
import { fileImages } from '../../src/record/newest-images.ts';
import { desiredOf } from '../fakes/desired.ts';
import { nothingBut } from '../plan/scenario.ts';

const [january, march] = [Date.UTC(2026, 0), Date.UTC(2026, 2)];

function wanting(reference: string, build?: DesiredImage['build']): Desired {
  return { ...desiredOf([]), images: new Map([[reference, { reference, build, credentials: undefined }]]) };
}

/** What is told and remembered of one image that is there, after another of its name was. */
function compared(
  reference: string,
  found: SeenImage,
  before: SeenImage | undefined,
  build?: DesiredImage['build'],
): { readonly codes: readonly string[]; readonly seen: SeenImage | undefined } {
  const actual = nothingBut([], { images: new Map([[reference, { ...found, context: undefined }]]) });
  const seen = new Map(before === undefined ? [] : [[reference, before] as const]);
  const result = compareImages(wanting(reference, build), actual, seen);
  return { codes: result.notices.map(({ code }) => code), seen: result.seen?.get(reference) };
}

const [old, young]: readonly [SeenImage, SeenImage] = [
  { id: 'a', createdMs: january },
  { id: 'b', createdMs: march },
];

test('compareImages() tells of a name that stands for an older image, and remembers the newer', () => {
  assert.deepEqual(compared('quay.io/a:1', old, young), { codes: ['IMAGE_OLDER'], seen: undefined });
});

test('compareImages() remembers the first image and each newer one, and nothing anew', () => {
  assert.deepEqual(compared('quay.io/a:1', old, undefined), { codes: [], seen: old });
  assert.deepEqual(compared('quay.io/a:1', young, old), { codes: [], seen: young });
  assert.deepEqual(compared('quay.io/a:1', young, young), { codes: [], seen: undefined });
});

test('compareImages() leaves alone what is pinned, built here, or has no true time', () => {
  const nothing = { codes: [], seen: undefined };
  assert.deepEqual(compared(`quay.io/a@sha256:${'a'.repeat(64)}`, old, young), nothing);
  assert.deepEqual(
    compared('localhost/a:1', old, young, { directory: '/a', file: 'Containerfile', digest: 'd' }),
    nothing,
  );
  assert.deepEqual(compared('quay.io/a:1', { id: 'c', createdMs: Date.UTC(1980, 0) }, young), nothing);
});

test('compareImages() forgets the oldest memories first', () => {
  const many = new Map(Array.from({ length: 1000 }, (_, index) => [`quay.io/a:${index}`, old] as const));
  const actual = nothingBut([], { images: new Map([['quay.io/b:1', { ...young, context: undefined }]]) });
  const { seen } = compareImages(wanting('quay.io/b:1'), actual, many);
  assert.deepEqual([seen?.size, seen?.has('quay.io/a:0'), seen?.has('quay.io/b:1')], [1000, false, true]);
});

test('fileImages() keeps what was seen, and begins anew where it cannot be read', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'pdi-'));
  t.after(() => rm(dir, { recursive: true }));
  const seen = new Map([['quay.io/a:1', old]]);
  assert.deepEqual(await fileImages(dir).load(), new Map());
  await fileImages(dir).save(seen);
  assert.deepEqual(await fileImages(dir).load(), seen);
  const path = join(dir, 'newest-images.json');
  for (const text of [
    '',
    '[]',
    'null',
    '{"version":1}',
    '{"version":2,"images":{}}',
    '{"version":1,"images":{"a":null}}',
  ]) {
    await writeFile(path, text);
    assert.deepEqual(await fileImages(dir).load(), new Map(), text);
  }
  assert.equal(await readFile(path, 'utf8'), '{"version":1,"images":{"a":null}}');
});
