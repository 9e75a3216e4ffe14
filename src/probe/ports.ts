import type { Actual } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { Handler, HookHandler } from '../model/probe.ts';
import type { ProbeResult } from './fold.ts';

/** Where a container's handlers are run. */
export interface Target {
  /** Of the container, for exec. */
  readonly containerId: string;
  /** Of the pod's sandbox, whose address is the pod's. */
  readonly infraId: string;
  /** Another start may bring another address. */
  readonly infraStartedAtMs: number;
}

/**
 * Runs a handler once. Never rejects: what could not be tried is a result without `ok`.
 *
 * @param timeoutMs counted from when it could begin, so that our own lateness is no failure
 */
export type Dial = (handler: Handler, target: Target, timeoutMs: number) => Promise<ProbeResult>;

/** Runs the probes of what runs, and tells what they found. */
export interface Probes {
  /** The actual state with the health of its containers, as far as it is known. */
  join(actual: Actual): Actual;
  /**
   * Probes what runs by what is desired, and what is no longer desired by what was last applied.
   *
   * @param busy keys with unfinished steps: their containers are probed once those ended
   */
  follow(desired: Desired, actual: Actual, busy: ReadonlySet<Key>): void;
  /** A hint whenever the health of a container changed, kept while nobody reads; ends with the signal. */
  wakes(opts: { readonly signal: AbortSignal }): AsyncIterable<string>;
}

/** Runs the hooks of a container's life. */
export interface Hooks {
  /**
   * Runs a hook of a container to its end.
   *
   * @returns why it failed; undefined where it did not
   */
  run(
    handler: HookHandler,
    at: HookPlace,
    opts: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<string | undefined>;
}

export interface HookPlace {
  /** Id or engine name of the container. */
  readonly container: string;
}
