/** What is due when, earliest first: a binary heap. */
export class Schedule<T> {
  #heap: { dueMs: number; readonly item: T }[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** When the next item is due; undefined where there is none. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.dueMs;
  }

  /** @param dueMs milliseconds since the epoch */
  add(item: T, dueMs: number): void {
    const heap = this.#heap;
    const added = { dueMs, item };
    let at = heap.push(added) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.dueMs <= dueMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = added;
  }

  /** Takes out what is due, earliest first. */
  take(now: number): readonly { readonly item: T; readonly dueMs: number }[] {
    const taken: { item: T; dueMs: number }[] = [];
    for (let top = this.#heap[0]; top !== undefined && top.dueMs <= now; top = this.#heap[0]) {
      taken.push(top);
      this.#removeTop();
    }
    return taken;
  }

  /** Moves everything, as the clock was moved. */
  shift(ms: number): void {
    for (const each of this.#heap) each.dueMs += ms;
  }

  #removeTop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const child = (heap[right]?.dueMs ?? Number.POSITIVE_INFINITY) < (heap[left]?.dueMs ?? 0) ? right : left;
      const below = heap[child];
      if (below === undefined || below.dueMs >= last.dueMs) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
