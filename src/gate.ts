/** Says when a task may go. */
export interface Gate {
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** Lets the first task go alone, and all others together once one has succeeded. */
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

/** A gate for one at a time, also after one that failed. */
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

/** A gate for one at a time with each thing, also after one that failed. */
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
