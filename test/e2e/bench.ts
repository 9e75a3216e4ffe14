import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EngineAction, type EngineCode, EngineError } from '../../src/engine/engine.ts';
import type { Actual, ActualPod } from '../../src/model/actual.ts';
import type { DesiredPod } from '../../src/model/desired.ts';
import type { Progress } from '../../src/model/event.ts';
import type { Key } from '../../src/model/key.ts';
import { connectPodman, type PodmanEngine } from '../../src/podman/engine.ts';
import type { LogOptions } from '../../src/podman/logs.ts';
import { creation } from './desired.ts';
import { type After, busyboxImage, type PrivatePodman, privatePodman } from './host.ts';

/** A private Podman with a busybox image and our adapter on it, owner `test`. */
export interface Bench {
  readonly host: PrivatePodman;
  readonly engine: PodmanEngine;
  readonly stateDir: string;
  readonly signal: AbortSignal;
  do(action: EngineAction, onProgress?: (progress: Progress) => void): Promise<void>;
  observe(): Promise<Actual>;
  /** One of our pods; fails where it is not there. */
  pod(key: Key): Promise<ActualPod>;
  /** Everything of a pod, from nothing to running. */
  make(pod: DesiredPod, uid: string): Promise<void>;
  drop(key: Key): Promise<void>;
  /** By hand; fails where podman does. */
  podman(...args: string[]): Promise<string>;
  /** What a shell command prints in a container, errors included. */
  exec(container: string, script: string, stdin?: Uint8Array): Promise<string>;
  log(container: string, opts?: Omit<LogOptions, 'signal'>): Promise<string>;
}

/** Collects clean-ups of a whole file: an `after` inside a `before` of node:test runs after the first test. */
export function cleanups(): After & { run(): Promise<void> } {
  const all: (() => Promise<void>)[] = [];
  const run = async (): Promise<void> => {
    for (const one of all.reverse()) await one();
  };
  return { after: fn => void all.push(fn), run };
}

/** Sets up a bench; all of it goes after the test. */
export async function bench(t: After): Promise<Bench> {
  const host = await privatePodman(t);
  await busyboxImage(host.podman);
  const stateDir = await mkdtemp(join(tmpdir(), 'pde-'));
  const { signal } = new AbortController();
  const engine = await connectPodman({ socket: host.socket, owner: 'test', stateDir, signal });
  t.after(async () => {
    await engine.close();
    await rm(stateDir, { recursive: true, force: true });
  });
  const perform: Bench['do'] = (action, onProgress = () => undefined) => engine.perform(action, { signal, onProgress });
  const observe = (): Promise<Actual> => engine.observe({ signal });
  const pod = async (key: Key): Promise<ActualPod> => {
    const found = (await observe()).pods.get(key);
    assert.ok(found, `${key} is there`);
    return found;
  };
  return {
    host,
    engine,
    stateDir,
    signal,
    do: perform,
    observe,
    pod,
    make: async (pod, uid) => {
      for (const action of creation(pod, uid)) await perform(action);
    },
    drop: async key => {
      const { id, uid } = await pod(key);
      await perform({ verb: 'removePod', pod: key, id, uid, graceSeconds: 0 });
    },
    podman: async (...args) => {
      const { code, stdout, stderr } = await host.podman(...args);
      assert.equal(code, 0, stderr);
      return stdout;
    },
    exec: async (container, script, stdin) => {
      let text = '';
      const input =
        stdin === undefined
          ? undefined
          : (async function* () {
              yield stdin;
            })();
      const onOutput = ({ data }: { readonly data: Uint8Array }): void => {
        text += Buffer.from(data).toString();
      };
      await engine.exec(container, { command: ['sh', '-c', script], stdin: input, onOutput, signal });
      return text;
    },
    log: async (container, opts = {}) => {
      let text = '';
      for await (const { data } of engine.logs(container, { ...opts, signal })) text += Buffer.from(data).toString();
      return text;
    },
  };
}

/** Expects an EngineError of that code whose message fits. */
export async function fails(promise: Promise<unknown>, code: EngineCode, message: RegExp): Promise<EngineError> {
  const error = await promise.then(
    () => assert.fail(`expected ${code}, found success`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof EngineError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return error;
}

/** Waits until something comes true; fails after a time that nothing healthy takes. */
export async function outcome(isTrue: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await isTrue()) return;
    await sleep(50);
  }
  assert.fail('it did not come true');
}
