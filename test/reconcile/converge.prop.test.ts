import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DesiredPod, DesiredVolume } from '../../src/model/desired.ts';
import { keyOf } from '../../src/model/key.ts';
import { makePlan } from '../../src/plan/plan.ts';
import { reconcileLoop } from '../../src/reconcile/loop.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import { desiredContainer, desiredOf, desiredPod } from '../fakes/desired.ts';
import type { Fault } from '../fakes/engine.ts';
import { fingerprint, settleOn, type TestHost, testHost } from './host.ts';

const names = ['a', 'b', 'c', 'd'] as const;

/** How one pod is wanted: a digit changes its container, its sandbox, its port and its volumes. */
interface Wish {
  readonly name: (typeof names)[number];
  readonly sandbox: number;
  readonly container: number;
  readonly port: number;
  readonly hasVolumes: boolean;
}

type Move =
  | { readonly type: 'declare'; readonly wishes: readonly Wish[] }
  | { readonly type: 'kill' | 'removePod' | 'stopPod'; readonly name: string }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'restart'; readonly graceMs: number };

interface Story {
  readonly moves: readonly Move[];
  readonly faults: readonly (Fault | undefined)[];
  readonly latenciesMs: readonly number[];
}

const wish: fc.Arbitrary<Wish> = fc.record({
  name: fc.constantFrom(...names),
  sandbox: fc.integer({ min: 0, max: 1 }),
  container: fc.integer({ min: 0, max: 2 }),
  port: fc.integer({ min: 0, max: 2 }),
  hasVolumes: fc.boolean(),
});
const wishes = fc.uniqueArray(wish, { selector: ({ name }) => name, maxLength: 4 });

const story: fc.Arbitrary<Story> = fc.record({
  moves: fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('declare' as const), wishes }),
      fc.record({ type: fc.constantFrom('kill' as const, 'removePod', 'stopPod'), name: fc.constantFrom(...names) }),
      fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 4000 }) }),
      fc.record({ type: fc.constant('restart' as const), graceMs: fc.constantFrom(0, 100) }),
    ),
    { maxLength: 10 },
  ),
  faults: fc.array(fc.constantFrom<Fault | undefined>(undefined, undefined, undefined, 'error', 'lost', 'half'), {
    maxLength: 20,
  }),
  latenciesMs: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 8 }),
});

function podOf({ name, sandbox, container, port, hasVolumes }: Wish): DesiredPod {
  const plain = desiredPod(name);
  const mount = (volume: string) => ({ volume, path: `/${volume}`, readOnly: false, subPath: undefined });
  const mounts = hasVolumes ? [mount('scratch'), mount('data')].map(each => ({ ...each, propagation: undefined })) : [];
  const ports =
    port === 0 ? [] : [{ hostIp: undefined, hostPort: 8000 + port, containerPort: 80, protocol: 'tcp' as const }];
  const digest = `c${container}${hasVolumes}`;
  return {
    ...plain,
    sandbox: { ...plain.sandbox, digest: `s${sandbox}-${port}`, ports },
    containers: [desiredContainer(`${name}-main`, { digest, mounts, image: `image${container}` })],
    volumes: hasVolumes
      ? [
          { type: 'emptyDir', name: 'scratch', memory: false, sizeLimitBytes: undefined },
          { type: 'claim', name: 'data', engineName: 'data', readOnly: false },
        ]
      : [],
  };
}

const claim: DesiredVolume = {
  key: keyOf('PersistentVolumeClaim', 'default', 'data'),
  origin: { file: 'web.yaml', line: 1, column: 1 },
  engineName: 'data',
  singleWriter: false,
  labels: {},
  options: {},
};

/** Ports are given to the first that asks, as the loader refuses clashes. */
function withoutClashes(given: readonly Wish[]): readonly Wish[] {
  return given.map((each, at) =>
    given.slice(0, at).some(({ port }) => port === each.port) ? { ...each, port: 0 } : each,
  );
}

function declare(host: TestHost, given: readonly Wish[]): void {
  host.desired = desiredOf(withoutClashes(given).map(podOf), { volumes: new Map([[claim.engineName, claim]]) });
  host.source.change({});
}

function newHost({ faults, latenciesMs }: Story): { readonly host: TestHost; readonly calm: () => void } {
  let isCalm = false;
  const never = new AbortController().signal;
  let calls = 0;
  const host: TestHost = testHost([], {
    fault: (_action, call) => (isCalm ? undefined : faults[call - 1]),
    latency: () => {
      calls += 1;
      return isCalm ? Promise.resolve() : host.clock.sleep(latenciesMs[calls % latenciesMs.length] ?? 0, never);
    },
  });
  for (const image of ['image0', 'image1', 'image2']) host.engine.host.registry.add(image);
  const foreign = { id: 'foreign', name: 'theirs', ours: undefined, network: undefined, ports: [], startedAtMs: 0 };
  host.engine.host.pods.set('foreign', { ...foreign, state: 'running' });
  let uids = 0;
  const uid = (): string => {
    uids += 1;
    return `uid${uids}`;
  };
  const plan: Ports['plan'] = (desired, actual, opts) =>
    makePlan(desired, actual, { ...opts, fingerprint, keepStanding: true });
  const calm = (): void => {
    isCalm = true;
  };
  return { host: Object.assign(host, { ports: { ...host.ports, plan, uid } }), calm };
}

async function live(host: TestHost, moves: readonly Move[]): Promise<void> {
  let leave = new AbortController();
  let ended = reconcileLoop(host.ports, { signal: leave.signal, allowEmpty: true });
  for (const move of moves) {
    if (move.type === 'declare') declare(host, move.wishes);
    else if (move.type === 'wait') await host.clock.advance(move.ms);
    else if (move.type === 'restart') {
      leave.abort();
      await host.clock.advance(move.graceMs);
      // What was cut off goes on inside the engine, as it does when a client dies.
      await host.clock.advance(20_000);
      await ended;
      leave = new AbortController();
      ended = reconcileLoop(host.ports, { signal: leave.signal, allowEmpty: true });
    } else byHand(host, move.type, move.name);
    await host.clock.advance(0);
  }
  leave.abort();
  await host.clock.advance(20_000);
  await ended;
}

function byHand({ engine }: TestHost, what: 'kill' | 'removePod' | 'stopPod', name: string): void {
  if (engine.host.podByName(name) === undefined) return;
  if (what === 'removePod') engine.removePodByHand(name);
  else if (what === 'stopPod') engine.stopPodByHand(name);
  else if (engine.host.containerByName(`${name}-main`) !== undefined) engine.kill(`${name}-main`);
}

test('reconcileLoop() and makePlan() converge from any story of edits, drift, faults and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(story, wishes, async (given, last) => {
      const { host, calm } = newHost(given);
      await live(host, given.moves);
      calm();
      declare(host, last);
      // Long enough for every back-off.
      await host.clock.advance(3_600_000);
      const opts = { prune: 'guarded', allowEmpty: true } as const;
      await settleOn(host, opts);
      await host.clock.advance(3_600_000);
      await settleOn(host, opts);

      const { pods, containers, volumes } = host.engine.host;
      assert.ok(pods.has('foreign'));
      const wanted = withoutClashes(last).map(podOf);
      const ours = [...pods.values()].flatMap(({ ours, state }) =>
        ours ? [`${ours.key} ${ours.digest} ${state}`] : [],
      );
      assert.deepEqual(ours.toSorted(), wanted.map(pod => `${pod.key} ${pod.sandbox.digest} running`).toSorted());
      const running = [...containers.values()].map(({ name, ours, state }) => `${name} ${ours?.digest} ${state}`);
      const shouldRun = wanted.flatMap(pod =>
        pod.containers.map(({ engineName, digest }) => `${engineName} ${digest} running`),
      );
      assert.deepEqual(running.toSorted(), shouldRun.toSorted());
      const uids = new Set([...pods.values()].map(({ ours }) => ours?.uid));
      assert.deepEqual(
        [...volumes.values()].filter(({ uid }) => uid !== undefined && !uids.has(uid)),
        [],
      );
      assert.deepEqual([...host.records.all.keys()].toSorted(), wanted.map(({ key }) => key).toSorted());

      host.engine.calls.length = 0;
      host.records.writes.length = 0;
      const { changes } = await settleOn(host, opts);
      assert.deepEqual([changes, host.engine.calls, host.records.writes], [[], ['observe'], []]);
    }),
    { numRuns: 100 },
  );
});
