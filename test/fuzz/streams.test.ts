import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../src/engine/engine.ts';
import { readFrames } from '../../src/podman/frames.ts';
import { firstDocument } from '../../src/podman/json.ts';
import { byteLines, jsonLines } from '../../src/podman/lines.ts';
import { countBlobs } from '../../src/podman/pull-progress.ts';
import { reasonOf, refusal } from '../../src/podman/status.ts';
import { holds } from '../arbitraries/property.ts';
import { all, chunked, chunkSizes, textOf } from './bytes.ts';

const bytes = fc.uint8Array({ maxLength: 2000 });
const jsonish = textOf('{', '}', '"', '\n', '\r\n', 'null', '[]', '{"a":1}', '{"status":"x"}', '\\u0000', ' ', '0');

test('NDJSON: any bytes in any chunks give documents or ENGINE_ERROR', async t => {
  const input = fc.oneof(
    bytes,
    jsonish.map(text => Buffer.from(text)),
  );
  await holds(
    t,
    fc.asyncProperty(input, chunkSizes, async (given, sizes) => {
      await all(jsonLines(chunked(given, sizes))).catch((error: unknown) => {
        assert.ok(error instanceof EngineError && error.code === 'ENGINE_ERROR', String(error));
      });
    }),
    1000,
  );
});

test('NDJSON: documents come through whatever the chunks', async t => {
  await holds(
    t,
    fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 10 }), chunkSizes, async (values, sizes) => {
      const text = values.map(value => `${JSON.stringify(value)}\n`).join('');
      const want = values.map(value => JSON.parse(JSON.stringify(value)));
      assert.deepEqual(await all(jsonLines(chunked(Buffer.from(text), sizes))), want);
    }),
    500,
  );
});

test('NDJSON: a line without an end is given up before it fills the memory', { timeout: 20_000 }, async () => {
  let sent = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      sent += 65536;
      yield new Uint8Array(65536).fill(120);
    }
  }
  await assert.rejects(all(byteLines(endless())), EngineError);
  assert.ok(sent < 32 * 2 ** 20, `${sent} bytes`);
});

test('log frames: any bytes in any chunks end, and yield no more than came', async t => {
  await holds(
    t,
    fc.asyncProperty(bytes, chunkSizes, async (given, sizes) => {
      const frames = await all(readFrames(chunked(given, sizes))).catch((error: unknown) => {
        assert.ok(error instanceof EngineError && error.code === 'ENGINE_ERROR', String(error));
        return [];
      });
      assert.ok(frames.reduce((sum, { data }) => sum + data.length, 0) <= given.length);
    }),
    1000,
  );
});

test('log frames: what was framed comes out, whatever the chunks', async t => {
  const frame = fc.record({ out: fc.boolean(), data: fc.uint8Array({ maxLength: 100 }) });
  await holds(
    t,
    fc.asyncProperty(fc.array(frame, { maxLength: 10 }), chunkSizes, async (frames, sizes) => {
      const parts = frames.map(({ out, data }) => {
        const head = Buffer.from([out ? 1 : 2, 0, 0, 0, 0, 0, 0, 0]);
        head.writeUInt32BE(data.length, 4);
        return Buffer.concat([head, data]);
      });
      const got = await all(readFrames(chunked(Buffer.concat(parts), sizes)));
      assert.deepEqual(
        got.map(({ stream, data }) => [stream, Buffer.from(data)]),
        frames.map(({ out, data }) => [out ? 'stdout' : 'stderr', Buffer.from(data)]),
      );
    }),
    500,
  );
});

test('log frames: a length that no frame has is given up before it fills the memory', { timeout: 20_000 }, async () => {
  let sent = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from([1, 0, 0, 0, 255, 255, 255, 255]);
    for (; sent < 256 * 2 ** 20; sent += 65536) yield new Uint8Array(65536);
  }
  await assert.rejects(all(readFrames(endless())), EngineError);
  assert.ok(sent < 64 * 2 ** 20, `${sent} bytes`);
});

test("bodies: any answer's first document and reason are read without a throw", async t => {
  const input = fc.oneof(jsonish, fc.string({ unit: 'binary', maxLength: 300 }), fc.json());
  await holds(
    t,
    fc.property(input, fc.integer({ min: 0, max: 999 }), (text, status) => {
      firstDocument(text);
      const reason = reasonOf(text);
      assert.ok(refusal('Cannot', status, reason).message.startsWith('Cannot: '));
    }),
    3000,
  );
});

test('bodies: 4 MiB of braces are read in no time', { timeout: 5000 }, () => {
  for (const piece of ['{', '}', '{}', '{"a":', '"}'] as const)
    firstDocument(piece.repeat((4 * 2 ** 20) / piece.length));
});

test('pull progress: numbers beyond all bounds count as none', () => {
  const count = countBlobs();
  for (const current of ['1e999', '-1e999', 'null'])
    assert.deepEqual(
      count(JSON.parse(`{"id":"a","status":"Downloading","progressDetail":{"current":${current},"total":5}}`)),
      { message: '0 of 1 blobs are there', doneBytes: 0, totalBytes: 5 },
    );
  assert.equal(count({ id: 'b', status: 'x', progressDetail: { total: Number.POSITIVE_INFINITY } })?.totalBytes, 5);
});

test('pull progress: of any documents done never falls and never passes total', async t => {
  const detail = fc.record({
    current: fc.oneof(fc.integer(), fc.double(), fc.string()),
    total: fc.oneof(fc.integer(), fc.double(), fc.anything()),
  });
  const status = fc.constantFrom('Downloading', 'Download complete', 'Pull complete', 'Already exists', 'x');
  const document = fc.record({ id: fc.constantFrom('a', 'b', 'c', ''), status, progressDetail: fc.option(detail) });
  await holds(
    t,
    fc.property(fc.array(fc.oneof(document, fc.anything()), { maxLength: 30 }), documents => {
      const count = countBlobs();
      for (const value of documents) {
        const progress = count(value);
        if (progress?.doneBytes === undefined) continue;
        assert.ok(
          progress.doneBytes >= 0 && progress.doneBytes <= (progress.totalBytes ?? 0),
          JSON.stringify(progress),
        );
      }
    }),
    2000,
  );
});
