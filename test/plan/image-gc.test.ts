import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { emptyLedger, type ImageLedger } from '../../src/model/image-ledger.ts';
import { decideImages, type GcPolicy, type GcView, type StoredImage } from '../../src/plan/image-gc.ts';
import { property } from '../arbitraries/property.ts';

const nowMs = 1_000_000;
const all: GcPolicy = { keepAgeMs: 0, keep: 0, freeBytes: undefined };

function image(id: string, more: Partial<StoredImage> = {}): StoredImage {
  return { id, names: [`a.io/${id}:1`], size: 10, isKept: false, ...more };
}

/** Images that came by us, each unused for as long as its place in the list. */
function viewOf(images: readonly StoredImage[], more: Partial<GcView> = {}): GcView {
  const known = images.map(({ id }, index) => [
    id,
    { names: [`a.io/${id}:1`], unusedSinceMs: nowMs - 100 * (index + 1) },
  ]);
  const ledger: ImageLedger = { ...emptyLedger, images: Object.fromEntries(known) };
  const users = new Map<string, string>();
  return { images, ledger, users, idOf: () => undefined, nowMs, freeBytes: undefined, ...more };
}

/** `- ID why` for what goes, `+ ID why` for what stays. */
function rows(view: GcView, policy: Partial<GcPolicy> = {}): readonly string[] {
  return decideImages(view, { ...all, ...policy }).map(row => `${row.remove ? '-' : '+'} ${row.image.id} ${row.why}`);
}

function withWorkload(view: GcView, workload: Partial<ImageLedger['workloads'][string & keyof object]>): GcView {
  const whole = { references: [], pinned: [], ran: {}, ...(workload as object) };
  return { ...view, ledger: { ...view.ledger, workloads: { 'Pod/default/web': whole } } };
}

describe('decideImages()', () => {
  const two = [image('a'), image('b')];

  test('lets go what nothing needs, the one that is unused for longest first', () => {
    assert.deepEqual(rows(viewOf(two)), ['- b nothing needs it', '- a nothing needs it']);
  });

  test('keeps what a container has, of whomever', () => {
    const view = viewOf(two, { users: new Map([['a', 'somebodys']]) });
    assert.deepEqual(rows(view), ['- b nothing needs it', '+ a container somebodys has it']);
  });

  test('keeps what did not come by us', () => {
    assert.deepEqual(rows({ ...viewOf(two), ledger: emptyLedger }), [
      '+ a it did not come by Podstead',
      '+ b it did not come by Podstead',
    ]);
  });

  test('keeps what something declared needs or pins, whatever its id is called there', () => {
    const idOf = (reference: string): string | undefined => ({ 'short:1': 'a', 'pin:1': 'b' })[reference];
    assert.deepEqual(
      rows(withWorkload(viewOf(two, { idOf }), { references: ['short:1', 'gone:1'], pinned: ['pin:1'] })),
      ['+ a Pod/default/web needs it', '+ b Pod/default/web pins it'],
    );
  });

  test('keeps what a workload runs, and what it ran before its last change; not what it ran before that', () => {
    const view = viewOf([image('a'), image('b'), image('c')]);
    assert.deepEqual(rows(withWorkload(view, { ran: { main: ['a', 'b'] } })), [
      '- c nothing needs it',
      '+ a Pod/default/web runs it',
      '+ b Pod/default/web ran it before its last change',
    ]);
  });

  test('keeps what its label keeps, and what somebody named', () => {
    const named = image('b', { names: ['a.io/b:1', 'localhost/mine:1'] });
    assert.deepEqual(rows(viewOf([image('a', { isKept: true }), named, image('c', { names: [] })])), [
      '- c nothing needs it',
      '+ a its label says so',
      '+ b somebody named it localhost/mine:1',
    ]);
  });

  test('keeps what was used within the age, and as many as the count says', () => {
    const view = viewOf([image('a'), image('b'), image('c')]);
    assert.deepEqual(rows(view, { keepAgeMs: 201 }), [
      '- c nothing needs it',
      '+ a used not long ago',
      '+ b used not long ago',
    ]);
    assert.deepEqual(rows(view, { keep: 2 }), [
      '- c nothing needs it',
      '+ a among the 2 that were used last',
      '+ b among the 2 that were used last',
    ]);
  });

  test('a clock that was set back makes nothing old', () => {
    assert.deepEqual(rows({ ...viewOf(two), nowMs: 0 }, { keepAgeMs: 1 }), [
      '+ a used not long ago',
      '+ b used not long ago',
    ]);
  });

  test('with a target of free space takes only what it takes, never younger than the age', () => {
    const view = viewOf([image('a'), image('b'), image('c')], { freeBytes: 85 });
    const short = 'nothing needs it, and space is short';
    assert.deepEqual(rows(view, { freeBytes: 100 }), [`- c ${short}`, `- b ${short}`, '+ a there is space enough']);
    assert.deepEqual(
      rows(view, { freeBytes: 80 }).map(row => row[0]),
      ['+', '+', '+'],
    );
    assert.deepEqual(
      rows(view, { freeBytes: 1000, keepAgeMs: 250 }).map(row => row[0]),
      ['-', '+', '+'],
    );
    const unknown = { ...view, freeBytes: undefined };
    assert.deepEqual(
      rows(unknown, { freeBytes: 1000 }).map(row => row[0]),
      ['+', '+', '+'],
      'no space is told: none goes',
    );
  });
});

const ids = ['a', 'b', 'c', 'd', 'e'] as const;
const id = fc.constantFrom(...ids);
const views = fc.record({
  ours: fc.subarray([...ids]),
  used: fc.subarray([...ids]),
  kept: fc.subarray([...ids]),
  named: fc.subarray([...ids]),
  needed: fc.subarray([...ids]),
  pinned: fc.subarray([...ids]),
  ran: fc.dictionary(fc.constantFrom('main', 'first'), fc.array(id, { maxLength: 2 })),
  since: fc.array(fc.option(fc.integer({ min: 0, max: nowMs * 2 }), { nil: undefined }), {
    minLength: 5,
    maxLength: 5,
  }),
  sizes: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 5, maxLength: 5 }),
  order: fc.shuffledSubarray([...ids], { minLength: 5 }),
  freeBytes: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
});
const policies = fc.record({
  keepAgeMs: fc.integer({ min: 0, max: nowMs }),
  keep: fc.integer({ min: 0, max: 4 }),
  freeBytes: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
});

property(
  'decideImages() never takes what is foreign, used, needed, pinned, named, kept or what ran before, in whatever order it is told',
  300,
  fc.property(views, policies, (given, policy) => {
    const { ours, used, kept, named, needed, pinned, ran, since, sizes, order, freeBytes } = given;
    const imageOf = (each: (typeof ids)[number]): StoredImage =>
      image(each, {
        isKept: kept.includes(each),
        names: [`a.io/${each}:1`, ...(named.includes(each) ? ['x.io/hand:1'] : [])],
        size: sizes[ids.indexOf(each)] ?? 0,
      });
    const workload = { references: needed, pinned, ran };
    const images = Object.fromEntries(
      ours.map(each => {
        const unusedSinceMs = since[ids.indexOf(each)];
        return [each, { names: [`a.io/${each}:1`], ...(unusedSinceMs === undefined ? {} : { unusedSinceMs }) }];
      }),
    );
    const view: GcView = {
      images: order.map(imageOf),
      ledger: { ...emptyLedger, images, workloads: { 'Pod/default/web': workload } },
      users: new Map(used.map(each => [each, 'c'])),
      idOf: reference => reference,
      nowMs,
      freeBytes,
    };
    const decided = decideImages(view, policy);
    const gone = decided.filter(({ remove }) => remove);
    const safe = new Set<string>([...used, ...kept, ...named, ...needed, ...pinned, ...Object.values(ran).flat()]);
    assert.equal(decided.length, ids.length);
    for (const { image } of gone) {
      assert.ok(!safe.has(image.id) && ours.some(each => each === image.id), image.id);
      assert.ok(nowMs - (images[image.id]?.unusedSinceMs ?? nowMs) >= policy.keepAgeMs);
    }
    const free = ours.filter(each => !safe.has(each));
    assert.ok(gone.length <= Math.max(free.length - policy.keep, 0));
    if (policy.freeBytes !== undefined && freeBytes !== undefined) {
      // One less would not have been enough.
      const most = gone.slice(0, -1).reduce((sum, row) => sum + row.image.size, freeBytes);
      assert.ok(gone.length === 0 || most < policy.freeBytes);
    }
    assert.deepEqual(decideImages({ ...view, images: ids.map(imageOf) }, policy), decided);
  }),
);
