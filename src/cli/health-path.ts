import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Context } from './context.ts';
import type { World } from './world.ts';

/** Where what the probes found is kept: one agent runs for an owner and an engine. */
export function healthPath({ paths, owner }: Context, { opened }: World): string {
  const engine = createHash('sha256').update(opened.socket).digest('hex').slice(0, 8);
  return join(paths.runtime, `health-${owner}-${engine}.json`);
}
