import assert from 'node:assert/strict';
import { type Engine, type EngineAction, type EngineCode, EngineError } from '../../src/engine/engine.ts';
import type { Actual, ActualContainer, ActualPod } from '../../src/model/actual.ts';
import type { DesiredBuild, DesiredContainer, DesiredPod, DesiredPort } from '../../src/model/desired.ts';
import type { Key } from '../../src/model/key.ts';
import { creation } from '../e2e/desired.ts';

/** Somewhere to hang clean-up that runs when the contract's tests are over. */
export interface After {
  after(fn: () => Promise<void>): void;
}

/** One engine under the contract: owner `test`, image `localhost/bb:1` present, nothing else of anybody's. */
export interface Rig {
  readonly engine: Engine;
  readonly hand: Hand;
  /** References of one registry: an image that is in it, and a name that is not. */
  readonly registry: { readonly there: string; readonly missing: string };
  freePort(): Promise<number>;
  /** Has a process that is no container listen on a TCP port of 127.0.0.1. @returns how to end that */
  listen(port: number): Promise<() => Promise<void>>;
  /** The container as one that does not heed SIGTERM. */
  stubborn(container: DesiredContainer): DesiredContainer;
  /** Takes away everything of everybody, after a test that failed half-way. */
  reset(): Promise<void>;
  /** The container as one that ends by itself at once, with that exit code. */
  ending(container: DesiredContainer, exitCode: number): DesiredContainer;
  /** The container as one that the runtime cannot start. */
  unstartable(container: DesiredContainer): DesiredContainer;
  /** A build context on `localhost/bb:1` whose build works, or fails. */
  context(how: 'good' | 'bad'): Promise<DesiredBuild>;
  /** A pod and a container may not have one name: in BoltDB's stores (4.3), not in SQLite's (5.4). */
  readonly namesShared: boolean;
  /** Absolute paths of the host. */
  readonly paths: { readonly directory: string; readonly file: string; readonly absent: string };
  /** Has the engine go away. @returns how to have it back */
  away(): Promise<() => Promise<void>>;
}

/** What an operator does with the engine's own commands. */
export interface Hand {
  kill(container: string): Promise<void>;
  pause(container: string): Promise<void>;
  rename(container: string, to: string): Promise<void>;
  removeContainer(container: string): Promise<void>;
  removePod(pod: string): Promise<void>;
  createPod(name: string, owner?: string): Promise<void>;
  /** Leaves of a pod what an engine leaves that dies amid its removal: the pod, without any container. */
  emptyPod(of: { owner: string; key: Key; uid: string }): Promise<void>;
  /** Runs a container; with `copyOf` from a commit of that container, which has its labels. */
  run(name: string, more?: { pod?: string; copyOf?: string; port?: DesiredPort }): Promise<void>;
  createVolume(name: string): Promise<void>;
  removeVolume(name: string): Promise<void>;
  /** Puts a link to somewhere else in place of what is there in a volume. */
  linkInside(volume: string, path: string): Promise<void>;
  createNetwork(name: string): Promise<void>;
  removeNetwork(name: string): Promise<void>;
}

/** A rig with the words that the contract is written in. */
export interface Bench extends Rig {
  do(action: EngineAction): Promise<void>;
  twice(action: EngineAction): Promise<void>;
  observe(): Promise<Actual>;
  /** A pod of ours; fails where it is not there. */
  pod(key: Key): Promise<ActualPod>;
  /** A container of ours; fails where it is not there. */
  container(key: Key, name: string): Promise<ActualContainer>;
  /** Everything of a pod, from nothing to running. */
  make(pod: DesiredPod, uid: string): Promise<void>;
  /** The pod with all that is its own, at once. */
  drop(key: Key): Promise<void>;
}

/** Puts the words on a rig. */
export function benchOf(rig: Rig): Bench {
  const { signal } = new AbortController();
  const perform: Bench['do'] = action => rig.engine.perform(action, { signal, onProgress: () => undefined });
  const observe = (): Promise<Actual> => rig.engine.observe({ signal });
  const pod = async (key: Key): Promise<ActualPod> => {
    const found = (await observe()).pods.get(key);
    assert.ok(found, `${key} is there`);
    return found;
  };
  return {
    ...rig,
    do: perform,
    observe,
    pod,
    twice: async action => {
      await perform(action);
      await perform(action);
    },
    container: async (key, name) => {
      const found = (await pod(key)).containers.get(name);
      assert.ok(found, `container ${name} of ${key} is there`);
      return found;
    },
    make: async (pod, uid) => {
      for (const action of creation(pod, uid)) await perform(action);
    },
    drop: async key => {
      const { id, uid } = await pod(key);
      await perform({ verb: 'removePod', pod: key, id, uid, graceSeconds: 0 });
    },
  };
}

/** Expects an EngineError of that code. */
export async function fails(promise: Promise<unknown>, code: EngineCode): Promise<EngineError> {
  const error = await promise.then(
    () => assert.fail(`expected ${code}, found success`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof EngineError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

/** The states of a pod's sandbox and containers: `{ '': 'running', main: 'exited' }`. */
export function statesOf({ infra, containers }: ActualPod): Readonly<Record<string, string>> {
  return Object.fromEntries([['', infra.state], ...[...containers.values()].map(({ name, state }) => [name, state])]);
}
