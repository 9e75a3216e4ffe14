/** Does work for each item, so many at a time; results in the order of the items. All of it has ended when this rejects. */
export async function inTurns<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, worker: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const one = async (worker: number): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item, worker);
  };
  const ended = await Promise.allSettled(Array.from({ length: width }, (_, worker) => one(worker)));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return results;
}
