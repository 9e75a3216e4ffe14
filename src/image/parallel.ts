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
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined && failure === undefined; item = rest.shift()) {
      signal.throwIfAborted();
      await work(item);
    }
  };
  const workers = Array.from({ length: atOnce }, () =>
    worker().catch((error: unknown) => {
      failure ??= { error };
    }),
  );
  await Promise.all(workers);
  // What failed after it may have failed for its sake, or for no other reason than the time that it took.
  if (failure !== undefined) throw failure.error;
}
