import type { InspectedContainer } from '../model/actual.ts';
import { seal } from '../model/sealed.ts';
import type { Context } from './context.ts';
import { number, record, texts } from './json.ts';
import { path } from './query.ts';

/** Values of a container that no label holds; undefined where it is gone. */
export async function inspect(
  context: Context,
  id: string,
  signal: AbortSignal,
): Promise<InspectedContainer | undefined> {
  const what = 'Cannot look at a container';
  const { status, body } = await context.http.call({
    method: 'GET',
    path: path`/containers/${id}/json`,
    accept: [404],
    what,
    signal,
  });
  if (status === 404) return undefined;
  const { Config, HostConfig } = record(body);
  const { Memory, CpuQuota, CpuPeriod } = record(HostConfig);
  return {
    env: seal(Object.fromEntries(texts(record(Config).Env).map(splitEnv))),
    cpuLimitMilli: cpuMilli(number(CpuQuota), number(CpuPeriod)),
    memoryLimitBytes: number(Memory) > 0 ? number(Memory) : undefined,
  };
}

function splitEnv(pair: string): readonly [string, string] {
  const at = pair.indexOf('=');
  return at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}

function cpuMilli(quota: number, period: number): number | undefined {
  return quota > 0 ? Math.round((quota * 1000) / (period || 100_000)) : undefined;
}
