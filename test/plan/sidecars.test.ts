import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ActualContainer, ActualPod } from '../../src/model/actual.ts';
import type { RestartPolicy } from '../../src/model/desired.ts';
import { runOf } from '../../src/plan/run.ts';
import { linesOf } from './run-lines.ts';
import { applied, desiredOf, now, planOf, runningPod, textOf } from './scenario.ts';

const secondMs = 1000;
type Parts = Readonly<Record<string, Partial<ActualContainer>>>;
const ended = (exitCode: number, agoMs: number): Partial<ActualContainer> => ({
  state: 'exited',
  exitCode,
  startedAtMs: now - agoMs - secondMs,
  exitedAtMs: now - agoMs,
});
const fresh: Partial<ActualContainer> = { state: 'created', startedAtMs: 0, exitedAtMs: 0 };
/** The sandbox was started anew after all that is in it. */
const begunMs = now - 3_600_000;
const anew = { startedAtMs: begunMs + secondMs, exitedAtMs: begunMs };

describe('sidecars', () => {
  const text = `
apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  initContainers:
    - { name: one, image: app:1 }
    - { name: proxy, image: app:1, restartPolicy: Always, startupProbe: { tcpSocket: { port: 80 } } }
    - { name: two, image: app:1 }
    - { name: late, image: app:1, restartPolicy: Always }
  containers: [{ name: main, image: app:1 }]`;
  const [pod] = [...desiredOf(text).desired.pods.values()];
  assert.ok(pod);
  const plain = runningPod(pod);
  const up: Partial<ActualContainer> = { state: 'running', exitedAtMs: 0 };
  const health = (started: boolean): Partial<ActualContainer> => {
    return { health: { started, ready: started, message: started ? '' : 'no', failed: undefined } };
  };
  const stand = (parts: Parts): ActualPod => {
    const all = { proxy: { ...up, ...health(true) }, late: up, ...parts };
    const containers = [...plain.containers].map(
      ([name, each]) => [name, { ...each, ...(all as Parts)[name] }] as const,
    );
    return { ...plain, containers: new Map(containers) };
  };
  const run = (parts: Parts, restartPolicy: RestartPolicy = 'Always', infra = plain.infra): readonly string[] => {
    const found = runOf({ ...pod, restartPolicy }, { ...stand(parts), infra }, now);
    return [...linesOf(found), ...(found.ends ? ['ends'] : [])];
  };
  const unbegun = { main: fresh, late: fresh, two: fresh };

  const table: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['nothing where all runs', run({}), []],
    [
      'a sidecar after the init container before it',
      run({ ...unbegun, proxy: fresh }),
      ['start proxy', "as container 'proxy' was never started", 'initializing'],
    ],
    [
      'nothing after a sidecar whose startup probe has not succeeded',
      run({ ...unbegun, proxy: { ...up, ...health(false) } }),
      ["wait container 'proxy' has not started: no", 'initializing'],
    ],
    [
      'the next init container after one that has started',
      run(unbegun),
      ['start two', "as init container 'two' is to run", 'initializing'],
    ],
    [
      'nothing after one that has ended, but itself',
      run({ ...unbegun, proxy: ended(1, 2 * secondMs) }),
      ['start proxy', "as container 'proxy' exited with 1", 'count proxy 1 1', 'initializing'],
    ],
    [
      'what comes next although an earlier one ended again, and that one too',
      run({ main: fresh, late: fresh, proxy: ended(1, 2 * secondMs) }),
      [
        'start proxy',
        'start late',
        "as container 'proxy' exited with 1",
        "as container 'late' was never started",
        'count proxy 1 1',
        'initializing',
      ],
    ],
    [
      'the main containers after the last of them',
      run({ main: fresh }),
      ['start main', "as container 'main' was never started"],
    ],
    [
      'one that ended while the main ones of a pod run that does so once',
      run({ late: ended(0, 2 * secondMs) }, 'Never'),
      ['start late', "as container 'late' exited with 0", 'count late 1 1'],
    ],
    [
      'none once the main containers have ended for good, and stops those that run',
      run({ main: ended(0, secondMs), late: ended(0, secondMs) }, 'OnFailure'),
      ['stop proxy', 'as its main containers have ended', 'ends'],
    ],
    [
      'nothing once all have ended',
      run({ main: ended(0, secondMs), late: ended(0, secondMs), proxy: ended(1, secondMs) }, 'OnFailure'),
      [],
    ],
    [
      'main containers and sidecars that wait for their back-off alike',
      run({ main: ended(1, secondMs) }, 'OnFailure'),
      ['start main', "as container 'main' exited with 1", 'count main 1 1'],
    ],
    [
      'none after an init container that failed for good, and stops them',
      run({ ...unbegun, two: ended(5, secondMs) }, 'Never'),
      [
        'stop proxy',
        "as init container 'two' exited with 5 and restartPolicy is Never",
        "failed init container 'two' exited with 5 and restartPolicy is Never",
        'initializing',
        'ends',
      ],
    ],
    [
      'all of them anew in another sandbox, in order',
      run({}, 'Always', { ...plain.infra, ...anew }),
      ['stop proxy', 'stop late', 'stop main', 'start one', "as init container 'one' is to run", 'initializing'],
    ],
  ];
  for (const [what, found, want] of table) test(`runOf() starts ${what}`, () => assert.deepEqual(found, want));

  test('runOf() waits for a startup probe that nobody has run', () => {
    const bare = stand({ ...unbegun, proxy: { ...up, health: undefined } });
    const lines = linesOf(runOf(pod, bare, now));
    assert.deepEqual(lines, [
      "wait container 'proxy' has not started: its startup probe has not run yet",
      'initializing',
    ]);
  });

  const here = desiredOf(text).desired;
  const standing = applied(here, () => stand({}));
  const stops = (lines: readonly string[]): readonly string[] =>
    lines.filter(line => /^\d+\. (stop|remove Pod|create)/.test(line));

  test('a pod that goes, or is made anew, has its sidecars stopped last, the one that began last first', () => {
    const nothing = desiredOf('').desired;
    const order = 'stop main, then late, then proxy (within 30 s together)';
    assert.deepEqual(stops(textOf(planOf(nothing, standing))), [
      `1. ${order}`,
      '2. remove Pod/default/a (stops within 30 s) <- 1',
    ]);
    const other = desiredOf(text.replace('spec:', 'spec:\n  hostname: b')).desired;
    assert.equal(stops(textOf(planOf(other, standing)))[0], `1. ${order}`);
  });

  test('a changed sidecar is replaced in place, one that comes or goes too; another init container means starting over', () => {
    const opOf = (yaml: string): string => {
      const plan = planOf(desiredOf(yaml).desired, standing);
      const [change] = plan.changes;
      const touched = plan.steps.flatMap(({ action }) => ('container' in action ? [action.container.name] : []));
      return [change?.op, ...new Set(touched)].join(' ');
    };
    assert.equal(opOf(text), 'keep');
    assert.equal(opOf(text.replace('name: late, image: app:1', 'name: late, image: app:1, args: [x]')), 'replace late');
    assert.equal(opOf(text.replace('name: late,', 'name: later,')), 'replace later');
    assert.equal(
      opOf(text.replace('name: two, image: app:1', 'name: two, image: app:1, args: [x]')).split(' ')[0],
      'recreate',
    );
    assert.equal(opOf(text.replace(', restartPolicy: Always }', ' }')).split(' ')[0], 'recreate');
  });

  test('on the way back of a hand-over they start in order and at once, before the main ones, and init containers do not', () => {
    const ports = 'ports: [{ containerPort: 80, hostPort: 8080 }]';
    const serving = text.replace('{ name: main, image: app:1 }', `{ name: main, image: app:1, ${ports} }`);
    const next = serving.replace('{ name: a }', '{ name: next }');
    const plan = planOf(desiredOf(next).desired, applied(desiredOf(serving).desired));
    const back = textOf(plan).filter(line => / start .* of Pod\/default\/a /.test(line));
    assert.equal(back.length > 0, true);
    for (const line of back) assert.match(line, /start proxy, late, main of Pod\/default\/a/);
  });

  test('while its manifest is broken, a pod is kept as it was applied: init containers in order, sidecars up to its end', () => {
    const held = {
      ...here,
      pods: new Map(),
      held: new Map([...here.pods.keys()].map(key => [key, 'broken'] as const)),
    };
    const lines = (parts: Parts, infra = plain.infra): readonly string[] => {
      const actual = applied(here, () => ({ ...stand(parts), infra }));
      return textOf(planOf(held, actual, { keepStanding: true })).filter(line => /^\d+\. (stop|start)/.test(line));
    };
    assert.deepEqual(lines({ late: ended(0, 2 * secondMs) }), ['2. start late of Pod/default/a <- 1']);
    assert.deepEqual(lines({ proxy: fresh, main: fresh, two: fresh, late: fresh }), [
      '2. start proxy of Pod/default/a <- 1',
    ]);
  });
});
