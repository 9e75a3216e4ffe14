import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeAll } from '../../src/image/disk.ts';
import { repack } from '../../src/image/repack.ts';
import { sampleImage } from './samples.ts';

async function scratch(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pdw-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('writeAll() writes all where each write takes a part, and at its place', async t => {
  const path = join(await scratch(t), 'file');
  const file = await open(path, 'w');
  const parts = {
    write: (...[bytes, from, count, at]: Parameters<typeof file.write<Uint8Array>>) =>
      file.write(bytes, from, Math.min(count ?? 0, 7), at),
  };
  const bytes = randomBytes(100);
  await writeAll(parts as typeof file, bytes.subarray(0, 40));
  await writeAll(parts as typeof file, bytes.subarray(40, 60));
  await writeAll(parts as typeof file, bytes.subarray(60), { at: 60 });
  await writeAll(parts as typeof file, bytes.subarray(10, 30), { at: 10 });
  await writeAll(parts as typeof file, new Uint8Array());
  await file.close();
  assert.ok((await readFile(path)).equals(bytes));
});

test('a layer that was packed anew is held against its digest where it is read back', async t => {
  const TMPDIR = await scratch(t);
  const { manifest, config, layers } = sampleImage({ sizes: [10_000] });
  const [[descriptor], [layer]] = [manifest.layers, layers];
  assert.ok(descriptor && layer);
  async function* content(): AsyncGenerator<Uint8Array, void> {
    yield layer?.bytes ?? new Uint8Array();
  }
  const [diffId] = JSON.parse(config.bytes.toString()).rootfs.diff_ids;
  const { signal } = new AbortController();
  const options = { packing: 'none', level: undefined, onlyPlain: false, env: { TMPDIR }, diffId, signal } as const;
  const repacked = await repack(descriptor, content(), options);
  const read = async (): Promise<number> => {
    let size = 0;
    for await (const chunk of repacked.content()) size += chunk.length;
    return size;
  };
  assert.equal(await read(), repacked.size);
  const [kept = ''] = await readdir(TMPDIR);
  await truncate(join(TMPDIR, kept, 'layer'), repacked.size - 1);
  await assert.rejects(read(), { code: 'CONTENT_WRONG' });
  await repacked.remove();
});
