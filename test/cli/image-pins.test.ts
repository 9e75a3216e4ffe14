import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeContext } from '../../src/cli/context.ts';
import { imagePins } from '../../src/cli/image-pins.ts';
import type { World } from '../../src/cli/world.ts';
import { serve } from '../image/server.ts';

test('what a registry did not tell is left for a while, and what it was not asked for is asked the next time', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'pdp-'));
  t.after(() => rm(dir, { recursive: true }));
  const [socket, conf] = [join(dir, 'socket'), join(dir, 'registries.conf')];
  await writeFile(socket, '');
  await writeFile(conf, '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n');
  const slow = await serve(t, () => undefined);
  const { signal } = new AbortController();
  const env = { HOME: dir, CONTAINERS_REGISTRIES_CONF: conf };
  const context = { ...makeContext({}, signal), env };
  const pins = imagePins(context, { opened: { socket } as World['opened'] });
  const images = Array.from({ length: 9 }, (_, number) => ({
    ...{ reference: `${slow.host}/a${number}:1`, build: undefined, credentials: undefined },
  }));
  const pass = async (): Promise<readonly unknown[]> => {
    const found = await pins.pin(images, { signal });
    return images.map(({ reference }) => found.get(reference));
  };
  const untold = { why: 'its registry did not tell within 3 s' };
  const unasked = { why: 'nobody asked its registry within 3 s, as it was still to tell of others' };
  const left = { why: 'its registry did not tell in time a moment ago' };
  assert.deepEqual(await pass(), [...Array.from({ length: 8 }, () => untold), unasked]);
  assert.deepEqual(await pass(), [...Array.from({ length: 8 }, () => left), untold]);
});
