import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeAll, writeContent } from '../../src/image/disk.ts';
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

test('writeContent() writes all where each write takes a part, and at its place', async t => {
  const path = join(await scratch(t), 'file');
  const file = await open(path, 'w');
  const short = {
    writev: (chunks: readonly Uint8Array[], at?: number) => {
      // The first and a part of the second, where there are two.
      const [first = new Uint8Array(), second] = chunks;
      return file.writev(second === undefined ? [first.subarray(0, 70_000)] : [first, second.subarray(0, 1)], at);
    },
  } as unknown as typeof file;
  const bytes = randomBytes(1_500_000);
  async function* parts(from: number, to: number): AsyncGenerator<Uint8Array, void> {
    for (let at = from; at < to; at += 50_000) yield bytes.subarray(at, Math.min(at + 50_000, to));
    yield new Uint8Array();
  }
  assert.equal(await writeContent(short, parts(0, 700_001)), 700_001);
  assert.equal(await writeContent(short, parts(700_001, 1_500_000)), 799_999);
  assert.equal(await writeContent(short, parts(100, 200_000), { at: 100 }), 199_900);
  assert.equal(await writeContent(short, parts(0, 0)), 0);
  await file.close();
  assert.ok((await readFile(path)).equals(bytes));
});

test('writeContent() hands on what the content throws, and tells a disk that is full', async t => {
  const file = await open(join(await scratch(t), 'file'), 'w');
  async function* broken(): AsyncGenerator<Uint8Array, void> {
    yield randomBytes(10);
    throw new Error('broken');
  }
  await assert.rejects(writeContent(file, broken()), /broken/);
  await file.close();
  const full = await open('/dev/full', 'w');
  t.after(() => full.close());
  async function* whole(): AsyncGenerator<Uint8Array, void> {
    yield randomBytes(10);
  }
  await assert.rejects(writeContent(full, whole()), { code: 'ENOSPC' });
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
