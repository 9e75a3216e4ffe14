import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultLimits, type Limits } from '../../src/apply/runner.ts';
import { traits } from '../../src/apply/verbs.ts';
import type { Event, StepResult } from '../../src/model/event.ts';
import type { Action, Step } from '../../src/model/plan.ts';
import { holds } from '../arbitraries/property.ts';
import { settled } from '../fakes/clock.ts';
import { planOf, step } from '../fakes/plans.ts';
import { type Crew, crew, refused } from './crew.ts';

const verbs = ['pull', 'createPod', 'startContainer', 'stopPod', 'removePod', 'startPod', 'removeFiles'] as const;

interface Scenario {
  readonly steps: readonly Step[];
  readonly failing: ReadonlySet<number>;
  /** Which of the running effects ends next, again and again. */
  readonly picks: readonly number[];
  /** After how many ended effects the first key is cancelled; beyond the end for never. */
  readonly cancelAt: number;
}

const rawStep = fc.record({
  key: fc.integer({ min: 0, max: 2 }),
  verb: fc.constantFrom<Action['verb']>(...verbs),
  after: fc.array(fc.nat(), { maxLength: 3 }),
  isBack: fc.boolean(),
  fails: fc.boolean(),
});

const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    raw: fc.array(rawStep, { minLength: 1, maxLength: 10 }),
    picks: fc.array(fc.nat(), { maxLength: 12 }),
    cancelAt: fc.integer({ min: 0, max: 15 }),
  })
  .map(({ raw, picks, cancelAt }) => ({
    steps: raw.map(({ key, verb, after, isBack }, at) => {
      const before = at === 0 ? [] : [...new Set(after.map(each => (each % at) + 1))];
      return step(at + 1, `Pod/default/p${key}`, verb, before, isBack && before.length > 0 ? 'failed' : 'done');
    }),
    failing: new Set(raw.flatMap(({ fails }, at) => (fails ? [at + 1] : []))),
    picks,
    cancelAt,
  }));

/** Runs a scenario to its end; every effect ends in the order that the scenario picks. */
async function run(
  { steps, failing, picks, cancelAt }: Scenario,
  limits: Limits,
  look: (c: Crew) => void,
): Promise<Crew> {
  const c = crew({ limits });
  c.runner.start(planOf(steps));
  await settled();
  for (let ended = 0; c.running.length > 0; ended += 1) {
    look(c);
    if (ended === cancelAt) {
      c.runner.cancel('Pod/default/p0', 'overtaken');
      await settled();
    }
    const effect = c.running[(picks[ended % Math.max(picks.length, 1)] ?? 0) % Math.max(c.running.length, 1)];
    const started = steps.find(({ action }) => action === effect?.action);
    effect?.end(started !== undefined && failing.has(started.id) ? refused() : undefined);
    await settled();
  }
  return c;
}

const never = { cancelAt: Number.POSITIVE_INFINITY };
const runs = 150;

function results(events: readonly Event[]): ReadonlyMap<number, StepResult> {
  return new Map(events.flatMap(event => (event.type === 'stepEnded' ? [[event.result.step.id, event.result]] : [])));
}

function startedIds(events: readonly Event[]): readonly number[] {
  return events.flatMap(event => (event.type === 'stepStarted' ? [event.step.id] : []));
}

test('Runner ends every step exactly once, and starts none twice, whatever the timing', async t => {
  await holds(
    t,
    fc.asyncProperty(scenarios, async scenario => {
      const { events, runner } = await run(scenario, defaultLimits, () => undefined);
      const ended = events.filter(event => event.type === 'stepEnded');
      assert.equal(ended.length, scenario.steps.length);
      assert.equal(results(events).size, scenario.steps.length);
      assert.equal(new Set(startedIds(events)).size, startedIds(events).length);
      assert.equal(runner.busy().size, 0);
    }),
    runs,
  );
});

test('Runner starts a step only after those it waits on have ended, whatever the timing', async t => {
  await holds(
    t,
    fc.asyncProperty(scenarios, async scenario => {
      const { events } = await run(scenario, defaultLimits, () => undefined);
      for (const [at, event] of events.entries()) {
        if (event.type !== 'stepStarted') continue;
        const before = results(events.slice(0, at));
        for (const id of event.step.after) assert.ok(before.has(id), `${event.step.id} before ${id}`);
      }
    }),
    runs,
  );
});

test('Runner skips exactly what waits on a failure, and runs ways back exactly after one', async t => {
  await holds(
    t,
    fc.asyncProperty(scenarios, async scenario => {
      const { events } = await run({ ...scenario, ...never }, defaultLimits, () => undefined);
      const got = results(events);
      for (const { id, after, when } of scenario.steps) {
        const outcomes = after.map(each => got.get(each)?.outcome);
        const hasRun = when === 'done' ? outcomes.every(each => each === 'done') : outcomes.at(-1) === 'failed';
        const wanted = hasRun ? (scenario.failing.has(id) ? 'failed' : 'done') : 'skipped';
        assert.equal(got.get(id)?.outcome, wanted, `step ${id}`);
      }
    }),
    runs,
  );
});

test('Runner keeps its limits at every moment', async t => {
  const limits: Limits = { quick: 2, stop: 1, fetch: 1, hook: 1, record: 1 };
  await holds(
    t,
    fc.asyncProperty(scenarios, async scenario => {
      await run(scenario, limits, ({ running }) => {
        for (const lane of ['quick', 'stop', 'fetch'] as const) {
          const used = running.filter(({ action }) => traits[action.verb].lane === lane).length;
          assert.ok(used <= limits[lane], `${used} in ${lane}`);
        }
      });
    }),
    runs,
  );
});

test('Runner.cancel() fails nothing, and after it starts only ways back and ends of outages', async t => {
  await holds(
    t,
    fc.asyncProperty(scenarios, async scenario => {
      const { events } = await run({ ...scenario, failing: new Set(), cancelAt: 1 }, defaultLimits, () => undefined);
      const got = [...results(events).values()];
      assert.ok(got.every(({ outcome }) => outcome !== 'failed'));
      const at = events.findIndex(event => event.type === 'stepEnded' && isOvertaken(event.result));
      if (at < 0) return;
      const begun = new Set(startedIds(events.slice(0, at)));
      const hasOutage = scenario.steps.some(({ id, action }) => begun.has(id) && traits[action.verb].interrupts);
      const late = events
        .slice(at)
        .filter(event => event.type === 'stepStarted' && event.step.key === 'Pod/default/p0');
      assert.ok(hasOutage || late.length === 0, 'started though nothing was down');
    }),
    runs,
  );
});

function isOvertaken(result: StepResult): boolean {
  return result.outcome === 'skipped' && result.because === 'overtaken';
}
