/**
 * Works through a list, so many at once; the first failure ends it, once what is under way has ended.
 *
 * @throws what the first failure threw, or the reason of the signal
 */
export async function inParallel<T>(
  items: readonly T[],
  { atOnce, signal }: { readonly atOnce: number; readonly signal: AbortSignal },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = [...items];
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined && !failed; item = rest.shift()) {
      signal.throwIfAborted();
      await work(item);
    }
  };
  const workers = Array.from({ length: atOnce }, () =>
    worker().catch(error => {
      failed = true;
      throw error;
    }),
  );
  const results = await Promise.allSettled(workers);
  const failure = results.find(result => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
