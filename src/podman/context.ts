import type { Adoptions } from './adopted.ts';
import type { Aliases } from './aliases.ts';
import type { Http } from './http.ts';
import type { EngineVersion } from './version.ts';

/** What the operations on one engine share. */
export interface Context {
  readonly http: Http;
  readonly owner: string;
  /** Absolute directory in which the files of ConfigMaps and Secrets stand. */
  readonly stateDir: string;
  readonly version: EngineVersion;
  readonly adoptions: Adoptions;
  /** The engine's short names, read anew: a daemon outlives changes of them. */
  readonly aliases: () => Promise<Aliases>;
  readonly sandboxGate: Gate;
  /** For the choice of addresses and user ids. */
  readonly addressGate: Gate;
  /** For pulls of one image, by its digest. */
  readonly imageGates: KeyedGate;
  /** For the names of images. */
  readonly nameGate: Gate;
  /** Networks known to exist, or being made, by name. */
  readonly networks: Map<string, Promise<void>>;
  /** Ids of the pods made by this process, by uid. */
  readonly podIds: Map<string, string>;
  /** Ids of containers that this process has seen as ours, sandboxes included. */
  readonly ownIds: Set<string>;
  /** Pods that are being made anew, by uid; whether that was possible. */
  readonly remaking: Map<string, Promise<boolean>>;
}

/** Says when a task may go. */
export interface Gate {
  run<T>(task: () => Promise<T>): Promise<T>;
}

/**
 * Lets the first task go alone, and all others together once one has succeeded.
 *
 * In 4.3 the first pod of a store builds the pause image, and several at once leave dangling duplicates of it.
 */
export function firstAlone(): Gate {
  let open = false;
  let last: Promise<unknown> = Promise.resolve();
  async function run<T>(task: () => Promise<T>): Promise<T> {
    if (open) return task();
    const turn = last.then(async () => {
      const result = await task();
      open = true;
      return result;
    });
    last = turn.catch(() => undefined);
    return turn;
  }
  return { run };
}

/** A gate for one at a time. */
export function oneByOne(): Gate {
  let last: Promise<unknown> = Promise.resolve();
  async function run<T>(task: () => Promise<T>): Promise<T> {
    const turn = last.then(task);
    last = turn.catch(() => undefined);
    return turn;
  }
  return { run };
}

/** Says when a task may go that has to do with one thing of many. */
export interface KeyedGate {
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
}

/** A gate for one at a time with each thing. */
export function oneByOneEach(): KeyedGate {
  const gates = new Map<string, { readonly gate: Gate; tasks: number }>();
  async function run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const found = gates.get(key) ?? { gate: oneByOne(), tasks: 0 };
    gates.set(key, found);
    found.tasks += 1;
    try {
      return await found.gate.run(task);
    } finally {
      found.tasks -= 1;
      if (found.tasks === 0) gates.delete(key);
    }
  }
  return { run };
}
