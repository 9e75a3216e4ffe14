import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actual } from '../../src/model/actual.ts';
import type { Desired, DesiredImage } from '../../src/model/desired.ts';
import type { Failure } from '../../src/model/event.ts';
import type { Key } from '../../src/model/key.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { PodRecord } from '../../src/model/record.ts';
import { Attempts } from '../../src/reconcile/attempts.ts';
import { FakeClock } from '../fakes/clock.ts';
import { desiredOf, desiredPod } from '../fakes/desired.ts';
import { change, planOf, step } from '../fakes/plans.ts';
import { blankRecord, FakeRecords } from '../fakes/records.ts';
import { nothingBut } from '../plan/scenario.ts';
import { fingerprint } from './host.ts';

const web: Key = 'Pod/default/web';
const db: Key = 'Pod/default/db';
const image: Key = 'Image/-/app:1';
const claim: Key = 'PersistentVolumeClaim/default/data';
const both = desiredOf([desiredPod('web'), desiredPod('db')]);
const none = desiredOf([]);
const refused: Failure = { code: 'REFUSED', message: 'no luck', hint: 'try', transient: false };

interface Desk {
  readonly attempts: Attempts;
  readonly records: FakeRecords;
  readonly clock: FakeClock;
  /** Begins a plan as a pass does. */
  readonly begin: (plan: Plan, desired?: Desired, actual?: Partial<Actual>) => void;
  readonly fail: (key: Key, failure?: Failure) => Promise<void>;
  readonly rests: (desired?: Desired) => Readonly<Record<string, number>>;
}

function desk(): Desk {
  const records = new FakeRecords();
  const clock = new FakeClock();
  const attempts = new Attempts({ records, clock, random: () => 0.5, fingerprint });
  return {
    attempts,
    records,
    clock,
    begin: (plan, desired = both, actual = {}) =>
      attempts.begin({ plan, desired, actual: nothingBut([], actual), records: new Map(records.all) }),
    fail: (key, failure = refused) => attempts.ended(key, { outcome: 'failed', failure }),
    rests: (desired = none) =>
      Object.fromEntries([...attempts.resting(desired)].map(([key, untilMs]) => [key, untilMs - clock.now()])),
  };
}

/** A record of a pod, declared by somebody. */
function recordOf(key: Key, more: Partial<PodRecord> = {}): PodRecord {
  return { ...blankRecord(key, key), ...more };
}

test('Attempts.ended() notes a failure in the record, counts on while the same is wanted, and clears it', async () => {
  const { attempts, begin, fail, records, clock, rests } = desk();
  for (const count of [1, 2]) {
    begin(planOf([step(1, web, 'createPod'), step(2, db, 'removeRecord')]));
    await fail(web);
    const { failure, declaredBy } = records.all.get(web) ?? {};
    assert.deepEqual(
      [failure, declaredBy],
      [{ message: 'no luck', hint: 'try', count, atMs: clock.now(), fingerprint: 'sandbox,container' }, web],
    );
    assert.deepEqual(rests(both), {}, 'a record rests for it');
  }
  begin(
    planOf([step(1, web, 'createPod')]),
    desiredOf([desiredPod('web', { sandbox: { ...desiredPod('web').sandbox, digest: 'x' } })]),
  );
  await fail(web);
  assert.equal(records.all.get(web)?.failure?.count, 1);
  begin(planOf([step(1, web, 'createPod')]));
  await attempts.ended(web, { outcome: 'done' });
  assert.equal(records.all.get(web)?.failure, undefined);
  records.writes.length = 0;
  begin(planOf([step(1, web, 'createPod')]));
  await attempts.ended(web, { outcome: 'done' });
  await attempts.ended(web, { outcome: 'done' });
  await fail(web);
  assert.deepEqual(records.writes, [], 'nothing to clear, and nothing of a key that is not under way');
});

test('Attempts.ended() writes no record of a pod whose steps have just removed it', async () => {
  const { attempts, begin, records } = desk();
  records.all.set(
    web,
    recordOf(web, { failure: { message: 'x', hint: undefined, count: 1, atMs: 0, fingerprint: '' } }),
  );
  begin(planOf([step(1, web, 'removePod'), step(2, web, 'removeRecord', [1])]), none);
  await attempts.ended(web, { outcome: 'done' });
  assert.deepEqual(records.writes, []);
});

test('Attempts.ended() has what no record speaks for rest, longer each time, until it works or something else is wanted', async () => {
  const { attempts, begin, fail, rests, clock, records } = desk();
  for (const ms of [1000, 2000, 4000]) {
    begin(planOf([step(1, claim, 'createPod')]), none);
    await fail(claim);
    assert.deepEqual(rests(), { [claim]: ms });
  }
  assert.deepEqual(records.writes, []);
  clock.jump(4000);
  assert.deepEqual(rests(), {});
  begin(planOf([step(1, claim, 'createPod')]), none);
  await attempts.ended(claim, { outcome: 'done' });
  begin(planOf([step(1, claim, 'createPod')]), none);
  await fail(claim);
  assert.deepEqual(rests(), { [claim]: 1000 });
  clock.jump(-599_000);
  assert.deepEqual(rests(), { [claim]: 600_000 });
  clock.jump(-1);
  assert.deepEqual(rests(), {}, 'no rest lasts that long: the clock was set back');
});

test('Attempts.ended() has a removal rest beside its record, as nobody asks that', async () => {
  const { begin, fail, rests, records } = desk();
  begin(planOf([step(1, web, 'removePod')]), none);
  await fail(web);
  assert.deepEqual(rests(), { [web]: 1000 });
  assert.deepEqual(records.writes, [`fail ${web}`]);
  assert.deepEqual(rests(both), {}, 'it is wanted again');
});

test('Attempts.ended() has a pod rest whose record cannot be written', async () => {
  const { begin, fail, rests, records } = desk();
  records.fault = new Error('disk full');
  begin(planOf([step(1, web, 'createPod')]));
  await fail(web);
  assert.deepEqual(rests(both), { [web]: 1000 });
});

test('Attempts.ended() has no image rest: each pod that wants it has failed with it', async () => {
  const { begin, fail, rests } = desk();
  for (const verb of ['pull', 'build'] as const) {
    begin(planOf([step(1, image, verb)]));
    await fail(image);
    assert.deepEqual(rests(), {});
  }
  begin(planOf([step(1, 'Files/-/u', 'removeFiles')]));
  await fail('Files/-/u');
  assert.deepEqual(rests(), { 'Files/-/u': 1000 });
});

for (const code of ['GONE', 'ENGINE_UNREACHABLE']) {
  test(`Attempts.ended() forgives ${code} once in a row`, async () => {
    const { attempts, begin, fail, records } = desk();
    const away = { ...refused, code };
    for (const writes of [0, 1, 1, 2]) {
      begin(planOf([step(1, web, 'createPod')]));
      await fail(web, away);
      assert.equal(records.writes.length, writes);
    }
    begin(planOf([step(1, web, 'createPod')]));
    await fail(web, away);
    begin(planOf([step(1, web, 'createPod')]));
    await attempts.ended(web, { outcome: 'done' });
    records.writes.length = 0;
    begin(planOf([step(1, web, 'createPod')]));
    await fail(web, away);
    assert.deepEqual(records.writes, [], 'success starts the row anew');
  });
}

test('Attempts.ended() makes a failure of what is changed again and again and never as desired', async () => {
  const { attempts, begin, records, clock } = desk();
  const round = async (op: 'replace' | 'restart'): Promise<void> => {
    begin(planOf([step(1, web, 'createContainer')], [change('restart', db), change(op, web)]));
    clock.jump(1000);
    await attempts.ended(web, { outcome: 'done' });
  };
  for (let at = 0; at < 20; at += 1) await round('restart');
  assert.equal(records.all.get(web)?.failure, undefined, 'restarts have a back-off of their own');
  for (let at = 0; at < 7; at += 1) await round('replace');
  assert.equal(records.all.get(web)?.failure, undefined);
  await round('replace');
  assert.match(records.all.get(web)?.failure?.message ?? '', /^Cannot bring Pod\/default\/web to rest/);
});

/** What is overtaken, to why. */
function overtaken(
  of: Desk,
  desired: Desired,
  prune: 'none' | 'all' | ReadonlySet<Key>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(of.attempts.overtaken(desired, prune));
}

test('Attempts.overtaken() finds a pod that is wanted differently, and one that may go', () => {
  const at = desk();
  at.begin(planOf([step(1, web, 'createPod'), step(2, db, 'createPod')]));
  assert.deepEqual(overtaken(at, both, 'all'), {});
  const other = desiredPod('web', { sandbox: { ...desiredPod('web').sandbox, digest: 'other' } });
  assert.deepEqual(overtaken(at, desiredOf([other, desiredPod('db')]), 'none'), {
    [web]: `${web} is wanted differently by now`,
  });
  assert.deepEqual(overtaken(at, none, 'none'), {});
  assert.deepEqual(overtaken(at, none, new Set<Key>([db])), { [db]: `${db} is not wanted any more` });
  assert.deepEqual(overtaken(at, none, 'all'), {
    [web]: `${web} is not wanted any more`,
    [db]: `${db} is not wanted any more`,
  });
});

test('Attempts.overtaken() goes by who declared the pod, as desired, as it stands, as it was noted, or by itself', () => {
  const owner: Key = 'Deployment/default/web';
  const pruned = new Set<Key>([owner]);
  const declared = desk();
  declared.begin(planOf([step(1, web, 'createPod')]), desiredOf([desiredPod('web', { declaredBy: owner })]));
  assert.deepEqual(Object.keys(overtaken(declared, none, pruned)), [web]);
  assert.deepEqual(overtaken(declared, none, new Set([web])), {});
});

const built = (digest: string): DesiredImage => ({
  reference: 'web',
  build: { directory: '/web', file: 'Containerfile', digest },
  credentials: undefined,
});

test('Attempts.overtaken() finds a fetch that no pod waits for any more, and only in a complete view', () => {
  for (const verb of ['pull', 'build'] as const) {
    const at = desk();
    at.begin(planOf([step(1, image, verb), step(2, claim, 'createPod')]));
    assert.deepEqual(overtaken(at, both, 'none'), {});
    assert.deepEqual(overtaken(at, none, 'none'), { [image]: 'no pod wants this image any more' });
    assert.deepEqual(overtaken(at, { ...none, complete: false }, 'none'), {});
    const anew = { ...both, images: new Map([['web', built('new')]]) };
    assert.deepEqual(Object.keys(overtaken(at, anew, 'none')), [image], 'another build is wanted');
    const other = { reference: 'other', build: undefined, credentials: undefined };
    at.begin(
      planOf([
        step(1, image, verb),
        { ...step(2, image, verb), action: { verb: 'pull', image: other, always: false } },
      ]),
    );
    assert.deepEqual(overtaken(at, both, 'none'), {}, 'one of two is wanted');
  }
});

test('Attempts.forgive() clears failures of what is as desired, and of nothing else', async () => {
  const { attempts, records } = desk();
  const failure = { message: 'x', hint: undefined, count: 1, atMs: 0, fingerprint: '' };
  const gone: Key = 'Pod/default/gone';
  const fine: Key = 'Pod/default/fine';
  for (const key of [web, db, gone]) records.all.set(key, recordOf(key, { failure }));
  const changes = [change('keep', web), change('wait', db), change('keep', gone), change('keep', fine)];
  const desired = desiredOf([desiredPod('web'), desiredPod('db'), desiredPod('fine')]);
  const plan = planOf([], changes);
  await attempts.forgive({ plan, desired, actual: nothingBut([]), records: new Map(records.all) });
  assert.deepEqual(records.writes, [`fail ${web}`]);
  assert.equal(records.all.get(web)?.failure, undefined);
});

for (const op of ['create', 'recreate', 'replace', 'update', 'remove'] as const) {
  test(`Attempts.ended() clears the failure where ${op} succeeded`, async () => {
    const { attempts, begin, records } = desk();
    const failure = { message: 'x', hint: undefined, count: 1, atMs: 0, fingerprint: '' };
    records.all.set(web, recordOf(web, { failure }));
    begin(planOf([step(1, web, 'createContainer')], [change(op, web)]));
    await attempts.ended(web, { outcome: 'done' });
    assert.equal(records.all.get(web)?.failure, undefined);
  });
}

for (const op of ['start', 'restart', undefined] as const) {
  test(`Attempts.ended() keeps the failure where ${op ?? 'a sweep'} succeeded`, async () => {
    const { attempts, begin, records } = desk();
    const failure = { message: 'x', hint: undefined, count: 1, atMs: 0, fingerprint: '' };
    records.all.set(web, recordOf(web, { failure }));
    begin(planOf([step(1, web, 'createContainer')], op === undefined ? [] : [change(op, web)]));
    await attempts.ended(web, { outcome: 'done' });
    assert.equal(records.all.get(web)?.failure, failure);
  });
}

test('Attempts.overtaken() leaves off what only was to be made as soon as a complete view lacks it', () => {
  const at = desk();
  at.begin(planOf([step(1, web, 'createPod')], [change('create', web)]));
  assert.deepEqual(overtaken(at, none, 'none'), { [web]: `${web} is not wanted any more` });
  assert.deepEqual(overtaken(at, { ...none, complete: false }, 'none'), {});
  assert.deepEqual(overtaken(at, { ...none, held: new Map([[web, 'broken']]) }, 'none'), {});
});
