import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { makeLoad } from '../src/cli/desire.ts';
import { systemClock } from '../src/clock.ts';
import { fingerprint } from '../src/desired/pod.ts';
import { defaultOwner } from '../src/model/names.ts';
import { makePlan } from '../src/plan/plan.ts';
import { connectPodman } from '../src/podman/engine.ts';
import { newGuard } from '../src/reconcile/guard.ts';
import { pass } from '../src/reconcile/pass.ts';
import type { Ports } from '../src/reconcile/ports.ts';
import { fileRecords } from '../src/record/store.ts';
import { pathsSource } from '../src/source/paths.ts';

/** A pass of an agent that is already running, as the loop makes it; returns how many steps it found. */
export interface Resident {
  pass(): Promise<number>;
  close(): Promise<void>;
}

/** Wires the reconciler as the agent does, on the same state directory. */
export async function resident(socket: string, state: string, paths: readonly string[]): Promise<Resident> {
  const { signal } = new AbortController();
  const stateDir = join(state, defaultOwner);
  const engine = await connectPodman({ socket, owner: defaultOwner, stateDir, signal });
  const ports: Ports = {
    engine,
    source: pathsSource(paths, { cwd: process.cwd() }),
    records: fileRecords(stateDir, { warn: () => undefined }),
    clock: systemClock,
    emit: () => undefined,
    random: Math.random,
    uid: () => randomUUID(),
    fingerprint,
    memory: { load: async () => undefined, save: async () => undefined },
    load: makeLoad({ owner: defaultOwner, strict: false }),
    plan: (desired, actual, opts) => makePlan(desired, actual, { ...opts, fingerprint, keepStanding: true }),
  };
  const opts = { prune: 'guarded', allowEmpty: false, retryNow: false, guard: newGuard(), signal } as const;
  return {
    pass: async () => (await pass(ports, opts)).plan.steps.length,
    close: () => engine.close(),
  };
}
