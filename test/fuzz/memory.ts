import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * How much more memory was in use, at the most, while something ran than before it, in MiB: heap and buffers.
 *
 * @param does calls `look` as often as it likes; garbage counts unless it is told to take that away first
 */
export async function heapGrowth(does: (look: (isSwept: boolean) => void) => Promise<void>): Promise<number> {
  collect();
  const before = used();
  let most = before;
  await does(isSwept => {
    if (isSwept) collect();
    most = Math.max(most, used());
  });
  return (most - before) / 2 ** 20;
}

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** `gc` is there only where Node was told to show it. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc === 'function') gc();
}
