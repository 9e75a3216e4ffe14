import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../src/engine/engine.ts';
import type { Problem } from '../../src/model/problem.ts';
import { newGuard } from '../../src/reconcile/guard.ts';
import { type Outcome, type PassOptions, pass } from '../../src/reconcile/pass.ts';
import { settled } from '../fakes/clock.ts';
import { desiredOf, desiredPod } from '../fakes/desired.ts';
import { settleOn, type TestHost, testHost } from './host.ts';

const signal = new AbortController().signal;

function look({ ports }: TestHost, more: Partial<PassOptions> = {}): Promise<Outcome> {
  const opts = { prune: 'guarded', allowEmpty: false, retryNow: false, guard: newGuard(), signal } as const;
  return pass(ports, { ...opts, ...more });
}

/** A host on which its pods run, with nothing noted yet. */
async function running(...names: readonly string[]): Promise<TestHost> {
  const host = testHost(names);
  await settleOn(host);
  host.engine.calls.length = 0;
  host.records.writes.length = 0;
  host.events.length = 0;
  return host;
}

test('pass() without a crew decides, and emits, starts and writes nothing', async () => {
  const host = testHost(['web']);
  const { plan } = await look(host);
  assert.deepEqual(
    plan.changes.map(({ op }) => op),
    ['create'],
  );
  assert.deepEqual(host.engine.calls, ['observe']);
  assert.deepEqual(host.events, []);
});

test('pass() makes one call where nothing is to be done', async () => {
  const host = await running('web', 'db');
  const { plan } = await look(host);
  assert.deepEqual(plan.steps, []);
  assert.deepEqual(host.engine.calls, ['observe']);
  assert.deepEqual(host.records.writes, []);
});

test('pass() inspects the containers of wanted pods whose record is lost or of another uid, and of no others', async () => {
  const host = await running('web', 'db', 'old');
  host.desired = desiredOf([desiredPod('web'), desiredPod('db')]);
  host.records.all.delete('Pod/default/web');
  host.records.all.delete('Pod/default/old');
  const { actual } = await look(host);
  const id = actual.pods.get('Pod/default/web')?.containers.get('main')?.id;
  assert.deepEqual(host.engine.calls, ['observe', `inspect ${id}`]);
  assert.deepEqual(actual.pods.get('Pod/default/web')?.containers.get('main')?.inspected?.env.reveal(), {});
  assert.equal(actual.pods.get('Pod/default/db')?.record?.revision, 'r1');

  const record = host.records.all.get('Pod/default/db');
  assert.ok(record);
  host.records.all.set('Pod/default/db', { ...record, uid: 'another' });
  const again = await look(host);
  assert.equal(again.actual.pods.get('Pod/default/db')?.record, undefined);
});

test('pass() inspects each of many containers once, at most four at a time', async () => {
  const names = Array.from({ length: 9 }, (_, at) => `p${at}`);
  const host = await running(...names);
  host.records.all.clear();
  const inspect = host.engine.inspect.bind(host.engine);
  let now = 0;
  let most = 0;
  host.engine.inspect = async (...args) => {
    now += 1;
    most = Math.max(most, now);
    await settled();
    now -= 1;
    return inspect(...args);
  };
  const { actual } = await look(host);
  const known = [...actual.pods.values()].filter(pod => pod.containers.get('main')?.inspected !== undefined);
  assert.deepEqual([host.engine.calls.length, known.length, most], [1 + names.length, names.length, 4]);
});

test('pass() tells a problem once that both the snapshot and its loading give', async () => {
  const host = await running('web');
  const problem = { code: 'FILE_UNREADABLE', severity: 'error', message: 'x', file: 'x', line: 1, column: 1 } as const;
  const other = { ...problem, file: 'y' };
  host.source.snapshot = { ...host.source.snapshot, problems: [problem, other] };
  host.problems = [problem];
  assert.deepEqual((await look(host)).problems, [other, problem]);
});

test('pass() holds back pruning on any error, of the snapshot or of the manifests', async () => {
  const problem: Problem = {
    file: 'x',
    line: 1,
    column: 1,
    code: 'YAML_SYNTAX',
    severity: 'error',
    message: 'Cannot read',
  };
  for (const where of ['snapshot', 'manifests'] as const) {
    const host = await running('web', 'db');
    host.desired = desiredOf([desiredPod('web')]);
    const first = await look(host);
    host.clock.jump(2000);
    if (where === 'snapshot') host.source.snapshot = { ...host.source.snapshot, problems: [problem] };
    else host.problems = [problem];
    const { plan, problems, notices } = await look(host, { guard: first.guard });
    assert.deepEqual(plan.steps, [], where);
    assert.deepEqual(problems, [problem]);
    assert.equal(notices[0]?.code, 'PRUNE_HELD');
    host.source.snapshot = { ...host.source.snapshot, problems: [] };
    host.problems = [];
    const sure = await look(host, { guard: first.guard });
    assert.deepEqual(
      sure.plan.steps.map(({ action }) => action.verb),
      ['removePod', 'removeRecord'],
    );
  }
});

test('pass() prunes though the source has a warning', async () => {
  const host = await running('web', 'db', 'old');
  host.desired = desiredOf([desiredPod('web'), desiredPod('db')]);
  const where = { file: 'x', line: 1, column: 1 };
  host.problems = [{ ...where, code: 'FIELD_UNSUPPORTED', severity: 'warning', message: 'Cannot use it' }];
  const first = await look(host);
  host.clock.jump(2000);
  const { plan } = await look(host, { guard: first.guard });
  assert.ok(plan.steps.some(({ action }) => action.verb === 'removePod'));
});

test('pass() prunes all at once for a caller that says so', async () => {
  const host = await running('web', 'db');
  host.desired = desiredOf([]);
  const { plan } = await look(host, { prune: 'all' });
  assert.equal(plan.steps.filter(({ action }) => action.verb === 'removePod').length, 2);
});

test('pass() decides nothing where the engine does not answer', async () => {
  const host = testHost(['web']);
  host.engine.down = true;
  await assert.rejects(look(host), EngineError);
  assert.deepEqual(host.asked, []);
});
