import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greeter } from '../../src/cli/greeter.ts';
import type { Log } from '../../src/log.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Event } from '../../src/model/event.ts';
import type { Change, ChangeOp } from '../../src/model/plan.ts';

type Pod = Desired['pods'] extends ReadonlyMap<unknown, infer P> ? P : never;

/** Only what is read of a pod. */
function pod(name: string, hostIp?: string): Pod {
  const ports = [{ hostIp, hostPort: 8080, containerPort: 80, protocol: 'tcp' }];
  return { key: `Pod/default/${name}`, sandbox: { ports } } as unknown as Pod;
}

const [a, b] = [pod('a'), pod('b', '::1')];
const desired = {
  pods: new Map([
    [a.key, a],
    [b.key, b],
  ]),
} as unknown as Desired;

function change(key: Change['key'], op: ChangeOp, why = ''): Change {
  return { op, key, why, cost: '', fields: [], location: undefined, untilMs: undefined };
}

function planned(...changes: readonly Change[]): Event {
  const plan = { revision: 'r', changes, steps: [], nextMs: undefined };
  return { atMs: 0, type: 'planned', plan, problems: [], notices: [] };
}

function greet(...events: readonly Event[]): readonly string[] {
  const lines: string[] = [];
  const add = (message: string, fields = {}): void => void lines.push([message, ...Object.values(fields)].join(' '));
  const log: Log = { debug: add, info: add, warn: add, error: add };
  const tell = greeter(log, 'podstead');
  for (const event of events) tell(event, desired);
  return lines;
}

const idle: Event = { atMs: 0, type: 'idle' };

test('greeter() says once what runs, and where it can be reached', () => {
  const all = planned(change(a.key, 'keep'), change(b.key, 'keep'));
  assert.deepEqual(greet(all, idle, idle), [
    'all as declared: 2 pods; look with `podstead status`',
    'open http://127.0.0.1:8080 Pod/default/a',
    'open http://[::1]:8080 Pod/default/b',
  ]);
});

test('greeter() names what does not run, and no address of it', () => {
  const failing = change(b.key, 'wait', 'failed 3 times');
  assert.deepEqual(greet(planned(change(a.key, 'keep'), failing), idle), [
    'Pod/default/b is not as declared failed 3 times',
    '1 of 2 pods as declared; look with `podstead status`',
    'open http://127.0.0.1:8080 Pod/default/a',
  ]);
});

test('greeter() counts what its last plan only waited for', () => {
  const busy = change(b.key, 'wait', 'steps are under way');
  const settled: Event = { atMs: 0, type: 'settled', key: b.key, change: busy, failure: undefined };
  assert.equal(greet(planned(change(a.key, 'keep'), busy), settled, idle).length, 3);
});
