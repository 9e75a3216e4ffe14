import type { Signalled } from '../engine/engine.ts';
import type { Context } from './context.ts';
import { list, record, text, texts } from './json.ts';

/** Names of the engine's pods, or of its containers that are in none; sorted. */
export async function handNames(
  context: Context,
  kind: 'pod' | 'container',
  { signal }: Signalled,
): Promise<readonly string[]> {
  const call = { method: 'GET', signal } as const;
  if (kind === 'pod') {
    const { body } = await context.http.call({ ...call, path: '/pods/json', what: 'Cannot list the pods' });
    return list(body)
      .map(pod => text(record(pod).Name))
      .sort();
  }
  const what = 'Cannot list the containers';
  const { body } = await context.http.call({ ...call, path: '/containers/json', query: { all: true }, what });
  const alone = list(body)
    .map(record)
    .filter(({ Pod }) => text(Pod) === '');
  return alone.flatMap(({ Names }) => texts(Names).slice(0, 1)).sort();
}
