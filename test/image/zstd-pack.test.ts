import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { hasOwnZstd, packZstd } from '../../src/image/zstd-pack.ts';

/** Noise, text, and nothing, in chunks of any size: larger than one window of 8 MiB. */
const content = Buffer.concat([
  randomBytes(3_000_000),
  Buffer.from('all work and no play makes a dull layer\n'.repeat(200_000)),
  Buffer.alloc(1_000_000),
]);

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array, void> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 300_001) {
    yield bytes.subarray(at, at + size);
  }
}

async function packed(bytes: Buffer, level?: number): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of packZstd(chunks(bytes), level)) all.push(chunk);
  return Buffer.concat(all);
}

const by = hasOwnZstd ? "Node's own zstd" : 'WebAssembly';
for (const level of [undefined, 1, 9, 20]) {
  test(`packZstd() at level ${level ?? 'none'}, by ${by}, makes what zstd unpacks to the same, within 8 MiB`, async () => {
    const made = await packed(content, level);
    assert.ok(made.length < content.length);
    const plain = execFileSync('zstd', ['-q', '-d', '-c', '--memory=8MB'], { input: made, maxBuffer: 1e9 });
    assert.ok(plain.equals(content));
    assert.ok((await packed(content, level)).equals(made), 'the same bytes again');
  });
}

test(`packZstd() of nothing, by ${by}, is a stream of zstd`, async () => {
  assert.equal(execFileSync('zstd', ['-q', '-d', '-c'], { input: await packed(Buffer.alloc(0)) }).length, 0);
});

test(`packZstd(), by ${by}, fails as what it reads fails`, async () => {
  async function* broken(): AsyncGenerator<Uint8Array, void> {
    yield content.subarray(0, 1000);
    throw new Error('gone');
  }
  await assert.rejects(
    async () => {
      for await (const _ of packZstd(broken(), 3));
    },
    { message: 'gone' },
  );
});

test('hasOwnZstd tells whether this Node has zstd: from 22.15 on', () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  assert.equal(hasOwnZstd, major > 23 || (major === 22 && minor >= 15) || (major === 23 && minor >= 8));
});
