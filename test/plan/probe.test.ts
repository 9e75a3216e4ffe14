import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActualContainer, ActualPod } from '../../src/model/actual.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { ContainerHealth } from '../../src/model/probe.ts';
import { describe } from '../../src/plan/print.ts';
import { notYetReady, unreadiness } from '../../src/plan/readiness.ts';
import { desiredContainer, desiredPod } from '../fakes/desired.ts';
import { flawless as desired } from './manifests.ts';
import { applied, now, planOf, runningPod, textOf, withContainer } from './scenario.ts';

const pod = (more = '', policy = 'Always', name = 'a'): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: ${policy}
  terminationGracePeriodSeconds: 20
  containers:
    - { name: main, image: 'app:1' ${more === '' ? '' : `, ${more}`} }
    - { name: side, image: 'app:1' }`;

const preStop = 'lifecycle: { preStop: { sleep: { seconds: 3 } } }';
const why = 'failed its liveness probe 3 times: HTTP 500';
const failing = (graceSeconds?: number): ContainerHealth => ({
  started: true,
  ready: false,
  message: why,
  failed: { probe: 'liveness', why, graceSeconds },
});

test('a container whose probe failed is stopped with its hook and the grace of the probe, and noted before', () => {
  const wanted = desired(pod(preStop));
  const unhealthy = (each: ActualPod): ActualPod => withContainer(each, 'main', { health: failing(7) });
  const plan = planOf(wanted, applied(wanted, unhealthy));
  assert.deepEqual(textOf(plan), [
    `restart Pod/default/a: container 'main' ${why}`,
    '1. note it in the record of Pod/default/a',
    '2. stop container main (its preStop hook first, within 7 s) <- 1',
  ]);
  const [write, stop] = plan.steps.map(step => step.action);
  assert.ok(write?.verb === 'writeRecord' && stop?.verb === 'stopContainer');
  const startedAtMs = now - 3_600_000;
  assert.deepEqual(write.patch, { containers: { main: { stopped: { why, startedAtMs } } }, history: undefined });
  assert.deepEqual([stop.graceSeconds, stop.preStop], [7, { type: 'sleep', seconds: 3 }]);
});

test('it starts again as after any exit, by policy and back-off, and the reason is the probe', () => {
  const ended =
    (backoffCount: number, startedAtMs = now - 60_000) =>
    (each: ActualPod): ActualPod => {
      const record = each.record && {
        ...each.record,
        containers: {
          ...each.record.containers,
          main: {
            backoffCount,
            restarts: 4,
            secretDigest: undefined,
            resources: each.record.containers.main?.resources,
            stopped: { why, startedAtMs: now - 60_000 },
          },
        },
      };
      const exited = { state: 'exited', exitCode: 137, startedAtMs, exitedAtMs: now - 1000 } as const;
      return { ...withContainer(each, 'main', exited), record };
    };
  const always = desired(pod());
  assert.deepEqual(textOf(planOf(always, applied(always, ended(0)))).slice(0, 2), [
    `restart Pod/default/a: container 'main' ${why}`,
    '1. note it in the record of Pod/default/a',
  ]);
  assert.deepEqual(textOf(planOf(always, applied(always, ended(1)))), [
    `wait Pod/default/a: container 'main' ${why}, back-off`,
  ]);
  const never = desired(pod('', 'Never'));
  assert.deepEqual(textOf(planOf(never, applied(never, ended(0)))), []);
  const later = textOf(planOf(always, applied(always, ended(0, now - 30_000))));
  assert.equal(later[0], "restart Pod/default/a: container 'main' exited with 137");
});

test('another probe or hook is a note in the record alone', () => {
  const before = desired(pod(preStop));
  const probe = 'readinessProbe: { tcpSocket: { port: 80 } }';
  const plan = planOf(desired(pod(probe)), applied(before));
  assert.deepEqual(textOf(plan), [
    'update Pod/default/a: fields changed that touch nothing that runs',
    '1. note it in the record of Pod/default/a',
  ]);
  const paths = plan.changes.flatMap(change => change.fields.map(field => field.path));
  assert.deepEqual(paths, ['inPlace.hooks', 'inPlace.probes']);
});

test('the hook that a container was made with runs before it is replaced or removed', () => {
  const before = desired(pod(preStop));
  const replaced = textOf(planOf(desired(pod('command: [new]')), applied(before)));
  assert.ok(replaced.includes('1. stop container main (its preStop hook first, within 20 s)'), replaced.join('\n'));
  const removed = planOf(desired(pod('', 'Always', 'b')), applied(before)).steps.filter(
    step => step.key === 'Pod/default/a',
  );
  assert.deepEqual(
    removed.map(step => describe(step.action)),
    [
      'stop container main (its preStop hook first, within 20 s)',
      'stop container side (within 20 s)',
      'remove Pod/default/a (stops within 20 s)',
      'forget Pod/default/a',
    ],
  );
  assert.deepEqual(
    removed[2]?.after,
    removed.slice(0, 2).map(step => step.id),
  );
});

test('what a broken manifest leaves standing is restarted by its probe too', () => {
  const before = desired(pod(preStop));
  const actual = applied(before, each => withContainer(each, 'main', { health: failing() }));
  const none: Desired = { ...before, pods: new Map(), held: new Map([['Pod/default/a', 'broken']]) };
  const lines = textOf(planOf(none, actual, { keepStanding: true, prune: 'none' }));
  assert.match(lines[0] ?? '', /^restart Pod\/default\/a: container 'main' failed its liveness probe/);
  assert.ok(
    lines.some(line => line.includes('its preStop hook first')),
    lines.join('\n'),
  );
});

test('a pod is ready by its probed containers alone, and one without probes cannot tell', () => {
  const tcp = { handler: { type: 'tcp', port: 80 } } as never;
  const pod = desiredPod('a', {
    initContainers: [desiredContainer('a-init', { name: 'init', probes: { startup: tcp } })],
    containers: [
      desiredContainer('a-plain', { name: 'plain' }),
      desiredContainer('a-live', { name: 'live', probes: { liveness: tcp } }),
      desiredContainer('a-main', { probes: { readiness: tcp } }),
    ],
  });
  const actual = runningPod(pod);
  const health = (ready: boolean, message = ''): ContainerHealth => ({
    started: true,
    ready,
    message,
    failed: undefined,
  });
  const main = (change: Partial<ActualContainer>): ActualPod =>
    withContainer(withContainer(actual, 'init', { state: 'running', health: health(true) }), 'main', change);
  const late = main({ health: health(false, 'refused') });
  assert.equal(unreadiness(pod, late), "container 'main' is not ready: refused");
  assert.equal(notYetReady(pod, late), "container 'main' is not ready: refused");
  const good = main({ health: health(true) });
  assert.deepEqual([unreadiness(pod, good), notYetReady(pod, good)], [undefined, undefined]);
  const down = main({ state: 'exited', health: health(true) });
  assert.equal(unreadiness(pod, down), undefined, 'its restart is waited for by itself');
  assert.equal(notYetReady(pod, down), "container 'main' has not started");
  assert.equal(
    notYetReady(pod, withContainer(good, 'init', { health: undefined })),
    "container 'init' is not ready: its probes have not run yet",
  );
  assert.deepEqual(
    [unreadiness(pod, undefined), notYetReady(pod, undefined)],
    [undefined, "container 'init' has not started"],
  );
});

test('the hook of a pod that hands its port over runs once, before it stops', () => {
  const port = 'ports: [{ containerPort: 80, hostPort: 8080 }]';
  const before = desired(pod(`${preStop}, ${port}`));
  const steps = textOf(planOf(desired(pod(port, 'Always', 'b')), applied(before)));
  assert.equal(steps.filter(line => line.includes('its preStop hook first')).length, 1, steps.join('\n'));
});
