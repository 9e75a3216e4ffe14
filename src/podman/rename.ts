import type { Signalled } from '../engine/engine.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { path } from './query.ts';

/**
 * Gives a container the name by which it is started and found; nothing that runs notices. Having it is done.
 *
 * @throws EngineError `NAME_TAKEN`, `GONE`
 */
export async function renameContainer(
  context: Context,
  { pod, name, id, engineName }: ActionOf<'renameContainer'>,
  { signal }: Signalled,
): Promise<void> {
  const what = `Cannot rename container "${name}" of ${pod} to "${engineName}"`;
  const call = { method: 'POST', path: path`/containers/${id}/rename`, query: { name: engineName } } as const;
  await context.http.call({ ...call, idempotent: true, what, signal });
}
