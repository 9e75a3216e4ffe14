import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Key } from '../../src/model/key.ts';
import {
  absenceMs,
  type GuardState,
  type GuardVerdict,
  type GuardView,
  guard,
  newGuard,
} from '../../src/reconcile/guard.ts';
import { check } from '../arbitraries/property.ts';

const now = 1_000_000;

function keys(names: string): ReadonlySet<Key> {
  return new Set([...names].map((name): Key => `Pod/default/${name}`));
}

/** Names as in `abcd`, one letter an object. */
interface Look {
  readonly declared: string;
  readonly owned?: string;
  readonly at?: number;
  readonly complete?: boolean;
  readonly busy?: boolean;
  readonly identity?: string;
}

function view({ declared, owned = 'abcd', at = 0, complete = true, busy = false, identity = '1:2' }: Look): GuardView {
  const isEmpty = declared === '';
  return {
    now: now + at,
    declared: keys(declared),
    ownedDeclaredBy: keys(owned),
    empty: isEmpty,
    complete,
    busy,
    identity,
  };
}

function watch(looks: readonly Look[], allowEmpty = false, first: GuardState = newGuard()): GuardVerdict {
  let verdict: GuardVerdict = { state: first, prune: 'none', notices: [] };
  for (const look of looks) verdict = guard(verdict.state, view(look), { enabled: true, allowEmpty });
  return verdict;
}

interface Row {
  readonly looks: readonly Look[];
  /** Names that may go; undefined for none because pruning is held as a whole. */
  readonly prune: string | undefined;
  readonly notice?: RegExp;
  /** After `now`. */
  readonly nextMs?: number;
  readonly allowEmpty?: boolean;
}

const rows: Readonly<Record<string, Row>> = {
  'removes nothing while nothing is absent': { looks: [{ declared: 'abcd' }], prune: '' },
  'does not remove at the first listing without it': { looks: [{ declared: 'abc' }], prune: '', nextMs: 2000 },
  'does not remove before 2 s have passed': {
    looks: [{ declared: 'abc' }, { declared: 'abc', at: 1999 }],
    prune: '',
    nextMs: 2000,
  },
  'removes what is absent from two listings 2 s apart': {
    looks: [{ declared: 'abc' }, { declared: 'abc', at: 2000 }],
    prune: 'd',
  },
  'counts anew when the object was back in between': {
    looks: [{ declared: 'abc' }, { declared: 'abcd', at: 1000 }, { declared: 'abc', at: 2500 }],
    prune: '',
    nextMs: 4500,
  },
  'counts each object by itself': {
    looks: [{ declared: 'abc' }, { declared: 'ab', at: 1500 }, { declared: 'ab', at: 2000 }],
    prune: 'd',
    nextMs: 3500,
  },
  'removes nothing while the source has errors': {
    looks: [{ declared: 'abc' }, { declared: 'abc', at: 5000, complete: false }],
    prune: undefined,
    notice: /^Not removing Pod\/default\/d: the source has errors/,
  },
  'counts anew after a listing with errors': {
    looks: [{ declared: 'abc' }, { declared: 'abc', at: 1000, complete: false }, { declared: 'abc', at: 2500 }],
    prune: '',
    nextMs: 4500,
  },
  'removes nothing while git rewrites the source, and looks again': {
    looks: [{ declared: 'abc' }, { declared: 'abc', at: 5000, busy: true }],
    prune: undefined,
    notice: /git is rewriting/,
    nextMs: 7000,
  },
  'says nothing about errors or git while nothing is absent': {
    looks: [{ declared: 'abcd', complete: false, busy: true }],
    prune: undefined,
  },
  'holds a source that turned empty': {
    looks: [{ declared: '' }, { declared: '', at: 9000 }],
    prune: undefined,
    notice: /and Pod\/default\/c and 1 more: the source turned empty|c and 1 more: the source turned empty/,
  },
  'holds the loss of the only object, as the source is empty then': {
    looks: [
      { declared: '', owned: 'a' },
      { declared: '', owned: 'a', at: 9000 },
    ],
    prune: undefined,
    notice: /turned empty/,
  },
  'lets the only object be renamed': {
    looks: [
      { declared: 'b', owned: 'a' },
      { declared: 'b', owned: 'ab', at: 2000 },
    ],
    prune: 'a',
  },
  'lets exactly half go': {
    looks: [
      { declared: 'a', owned: 'ab' },
      { declared: 'a', owned: 'ab', at: 2000 },
    ],
    prune: 'b',
  },
  'holds the loss of more than half': {
    looks: [{ declared: 'a' }, { declared: 'a', at: 9000 }],
    prune: undefined,
    notice: /3 of 4 objects, more than half/,
  },
  'holds on though new objects make the share look smaller': {
    looks: [{ declared: 'axyz' }, { declared: 'axyz', owned: 'abcdxyz', at: 9000 }],
    prune: undefined,
    notice: /3 of 4 objects/,
  },
  'releases the hold when enough objects are back, 2 s after the loss': {
    looks: [{ declared: 'a' }, { declared: 'abc', at: 3000 }],
    prune: 'd',
  },
  'does not add up losses that were let go one after the other, though their removal is stuck': {
    looks: [
      { declared: 'abc' },
      { declared: 'abc', at: 2000 },
      { declared: 'ab', at: 2100 },
      { declared: 'ab', at: 4100 },
      { declared: 'a', at: 4200 },
      { declared: 'a', at: 6200 },
    ],
    prune: 'bcd',
  },
  'holds losses on another device': {
    looks: [
      { declared: 'abcd' },
      { declared: 'abc', at: 10, identity: '9:2' },
      { declared: 'abc', at: 9000, identity: '9:2' },
    ],
    prune: undefined,
    notice: /another device/,
  },
  'adopts another device that holds the same objects': {
    looks: [
      { declared: 'abcd' },
      { declared: 'abcd', at: 10, identity: '9:2' },
      { declared: 'abc', at: 20, identity: '9:2' },
      { declared: 'abc', at: 2020, identity: '9:2' },
    ],
    prune: 'd',
  },
  'takes another inode on the same device for a deployment': {
    looks: [
      { declared: 'abcd' },
      { declared: 'abc', at: 10, identity: '1:7' },
      { declared: 'abc', at: 2010, identity: '1:8' },
    ],
    prune: 'd',
  },
  'takes an emptied source at its word once confirmed, after 2 s all the same': {
    looks: [{ declared: '' }, { declared: '', at: 2000 }],
    allowEmpty: true,
    prune: 'abcd',
  },
  'waits for 2 s though confirmed': { looks: [{ declared: '' }], allowEmpty: true, prune: '', nextMs: 2000 },
  'does not trust a clock that was set back': {
    looks: [{ declared: 'abc' }, { declared: 'abc', at: -60_000 }, { declared: 'abc', at: -59_000 }],
    prune: '',
    nextMs: -58_000,
  },
};

for (const [name, { looks, prune, notice, nextMs, allowEmpty }] of Object.entries(rows)) {
  test(`guard() ${name}`, () => {
    const got = watch(looks, allowEmpty);
    assert.deepEqual(got.prune, prune === undefined ? 'none' : keys(prune));
    assert.equal(got.nextMs, nextMs === undefined ? undefined : now + nextMs);
    assert.equal(got.notices.length, notice === undefined ? 0 : 1);
    if (notice !== undefined) assert.match(got.notices[0]?.message ?? '', notice);
  });
}

test('guard() holds on after a restart, from what was saved', () => {
  const { identity, ownedBefore } = watch([{ declared: 'axyz' }]).state;
  const got = watch([{ declared: 'axyz', owned: 'abcdxyz' }], false, newGuard({ identity, ownedBefore }));
  assert.equal(got.prune, 'none');
  const moved = watch([{ declared: 'abc', identity: '9:9' }], false, newGuard({ identity, ownedBefore: undefined }));
  assert.match(moved.notices[0]?.message ?? '', /another device/);
});

test('guard() prunes nothing where it is not enabled', () => {
  const first = watch([{ declared: 'abc' }]).state;
  const got = guard(first, view({ declared: 'abc', at: 9000 }), { enabled: false, allowEmpty: true });
  assert.deepEqual(got, { state: first, prune: 'none', notices: [] });
});

const looks = fc.array(
  fc.record({
    declared: fc.subarray([...'abcdxy']).map(names => names.join('')),
    owned: fc.subarray([...'abcd']).map(names => names.join('')),
    step: fc.integer({ min: 0, max: 1500 }),
    complete: fc.boolean(),
    busy: fc.boolean(),
    identity: fc.constantFrom('1:1', '1:2', '2:1'),
  }),
  { maxLength: 12 },
);

test('guard() never lets go what was declared within 2 s, or was not listed twice', () => {
  check(
    fc.property(looks, fc.boolean(), (given, allowEmpty) => {
      let state = newGuard();
      let at = 0;
      const absentSince = new Map<Key, number>();
      for (const look of given) {
        at += look.step;
        const seen = view({ ...look, at });
        const verdict = guard(state, seen, { enabled: true, allowEmpty });
        state = verdict.state;
        if (!look.complete || look.busy) absentSince.clear();
        for (const key of keys('abcd')) {
          const isLost = look.complete && !look.busy && !seen.declared.has(key) && seen.ownedDeclaredBy.has(key);
          if (!isLost) absentSince.delete(key);
          else if (!absentSince.has(key)) absentSince.set(key, seen.now);
        }
        for (const key of verdict.prune === 'none' ? [] : verdict.prune) {
          assert.ok(seen.now - (absentSince.get(key) ?? seen.now) >= absenceMs, `${key} at ${at}`);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('guard() lets nothing go on a view that is incomplete or being rewritten', () => {
  check(
    fc.property(looks, fc.boolean(), (given, allowEmpty) => {
      let state = newGuard();
      for (const [index, look] of given.entries()) {
        const verdict = guard(state, view({ ...look, at: index * 3000 }), { enabled: true, allowEmpty });
        state = verdict.state;
        if (!look.complete || look.busy) assert.equal(verdict.prune, 'none');
      }
    }),
    { numRuns: 500 },
  );
});
