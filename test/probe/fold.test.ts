import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DesiredProbe, DesiredProbes, ProbeKind } from '../../src/model/probe.ts';
import { carryOver, fold, healthOf, isActive, newState, type ProbeStates } from '../../src/probe/fold.ts';
import { check } from '../arbitraries/property.ts';

const probe = (more: Partial<DesiredProbe> = {}): DesiredProbe => ({
  handler: { type: 'tcpSocket', host: undefined, port: 80 },
  initialDelaySeconds: 0,
  periodSeconds: 1,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
  terminationGracePeriodSeconds: undefined,
  ...more,
});

const after = (probes: DesiredProbes, results: readonly (readonly [ProbeKind, boolean | undefined])[]): ProbeStates => {
  let states: ProbeStates = {};
  for (const [kind, ok] of results) {
    const of = probes[kind];
    if (of === undefined || !isActive(kind, probes, states)) continue;
    states = {
      ...states,
      [kind]: fold(of, states[kind] ?? newState(kind), { ok, message: ok === true ? '' : 'HTTP 500' }),
    };
  }
  return states;
};

test('a container is not ready before its first success, and without probes it is ready at once', () => {
  assert.deepEqual(healthOf({}, {}), { started: true, ready: true, failed: undefined, message: '' });
  const probes = { readiness: probe() };
  assert.equal(healthOf(probes, {}).ready, false);
  assert.equal(healthOf(probes, after(probes, [['readiness', true]])).ready, true);
  const failing = after(probes, [
    ['readiness', true],
    ['readiness', false],
    ['readiness', false],
  ]);
  assert.deepEqual([healthOf(probes, failing).ready, healthOf(probes, failing).message], [true, '']);
  assert.equal(
    healthOf(
      probes,
      after(probes, [
        ['readiness', true],
        ['readiness', false],
        ['readiness', false],
        ['readiness', false],
      ]),
    ).ready,
    false,
  );
});

test('what could not be tried counts for nothing, neither for nor against', () => {
  const probes = { liveness: probe({ failureThreshold: 2 }) };
  const once = after(probes, [['liveness', false]]);
  assert.deepEqual(
    after(probes, [
      ['liveness', false],
      ['liveness', undefined],
      ['liveness', undefined],
    ]),
    once,
  );
  const twice = after(probes, [
    ['liveness', false],
    ['liveness', undefined],
    ['liveness', false],
  ]);
  assert.notEqual(healthOf(probes, twice).failed, undefined);
});

test('a startup probe holds the others back, and its failure asks for a stop with its own grace', () => {
  const probes = {
    startup: probe({ failureThreshold: 2, terminationGracePeriodSeconds: 7 }),
    liveness: probe({ failureThreshold: 1 }),
  };
  assert.deepEqual([isActive('liveness', probes, {}), isActive('startup', probes, {})], [false, true]);
  const started = after(probes, [['startup', true]]);
  assert.deepEqual([isActive('liveness', probes, started), isActive('startup', probes, started)], [true, false]);
  const failed = after(probes, [
    ['startup', false],
    ['startup', false],
  ]);
  const why = 'failed its startup probe 2 times: HTTP 500';
  assert.deepEqual(healthOf(probes, failed).failed, { probe: 'startup', why, graceSeconds: 7 });
  assert.equal(isActive('startup', probes, failed), false);
});

test('a changed probe counts anew, and what was believed stays', () => {
  const before = { readiness: probe({ successThreshold: 2 }), liveness: probe() };
  const states = after(before, [
    ['readiness', true],
    ['readiness', true],
    ['liveness', false],
    ['liveness', false],
  ]);
  const changed = { ...before, liveness: probe({ timeoutSeconds: 5 }), startup: probe() };
  const carried = carryOver(before, states, changed);
  const health = healthOf(changed, carried);
  assert.deepEqual([health.started, health.ready, health.failed], [true, true, undefined]);
  assert.equal(carried.liveness?.run, 0);
  assert.equal(carried.readiness?.run, 2);
});

/** The kubelet's worker, as its source has it: one probe, its latest result, how often it came, what is believed. */
function kubelet(of: DesiredProbe, kind: ProbeKind, results: readonly boolean[]): boolean | undefined {
  let believed = kind === 'startup' ? undefined : kind === 'liveness';
  let last: boolean | undefined;
  let run = 0;
  let onHold = false;
  for (const ok of results) {
    if (onHold || (kind === 'startup' && believed === true)) continue;
    if (last === ok) run += 1;
    else {
      last = ok;
      run = 1;
    }
    if ((!ok && run < of.failureThreshold) || (ok && run < of.successThreshold)) continue;
    believed = ok;
    if (kind !== 'readiness' && !ok) onHold = true;
  }
  return believed;
}

test('folding agrees with the kubelet for any results and thresholds', () => {
  const kinds = fc.constantFrom<ProbeKind>('startup', 'liveness', 'readiness');
  const thresholds = fc.record({
    failureThreshold: fc.integer({ min: 1, max: 5 }),
    successThreshold: fc.integer({ min: 1, max: 4 }),
  });
  check(
    fc.property(kinds, thresholds, fc.array(fc.boolean(), { maxLength: 40 }), (kind, more, results) => {
      const of = probe(more);
      const probes = { [kind]: of };
      const states = after(
        probes,
        results.map(ok => [kind, ok] as const),
      );
      assert.equal((states[kind] ?? newState(kind)).verdict, kubelet(of, kind, results));
    }),
    { numRuns: 500 },
  );
});
