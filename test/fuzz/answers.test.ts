import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { parseDockerConfig } from '../../src/desired/image.ts';
import { EngineError } from '../../src/engine/engine.ts';
import { labels } from '../../src/model/labels.ts';
import { build } from '../../src/podman/build.ts';
import type { Context } from '../../src/podman/context.ts';
import { readFrames } from '../../src/podman/frames.ts';
import { type Http, openHttp } from '../../src/podman/http.ts';
import { jsonLines } from '../../src/podman/lines.ts';
import { observe } from '../../src/podman/observe.ts';
import { pull } from '../../src/podman/pull.ts';
import { wakes } from '../../src/podman/wakes.ts';
import { holds, property } from '../arbitraries/property.ts';
import { replay } from '../podman/replay.ts';
import { all, textOf } from './bytes.ts';
import { heapGrowth } from './memory.ts';

const { signal } = new AbortController();
const opts = { signal, onProgress: () => undefined };
/** What every call is answered with. */
let answer: { readonly status: number; readonly bytes: Uint8Array } = { status: 200, bytes: new Uint8Array() };
let http: Http;
const later: (() => Promise<unknown>)[] = [];

before(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'pda-'));
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(answer.status).end(answer.bytes));
  });
  await new Promise<void>(resolve => server.listen(join(dir, 's'), resolve));
  http = openHttp(join(dir, 's'));
  later.push(async () => {
    await http.close();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    await rm(dir, { recursive: true });
  });
});
after(async () => {
  for (const end of later) await end();
});

async function contextOf(t: TestContext): Promise<Context> {
  const { context } = await replay(t, {});
  return { ...context, http };
}

/** Whatever an engine answers, a call gives a value or fails with a code. */
async function isCoded(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => assert.ok(error instanceof EngineError, String(error)));
}

const words = ['unauthorized', 'manifest unknown', 'toomanyrequests', 'EOF', 'no space left on device', 'x509: '];
const streamed = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  textOf('{', '}', '"', '\n', 'null', '[]', '{"status":"x"}\n', '{"error":"', '"}\n', ...words).map(text =>
    Buffer.from(text),
  ),
  fc
    .array(
      fc.dictionary(
        fc.constantFrom(
          'status',
          'error',
          'message',
          'id',
          'stream',
          'progressDetail',
          'images',
          'cause',
          'Type',
          'Action',
          'Actor',
        ),
        fc.oneof(fc.constantFrom(...words, 'remove', 'pod', 'Downloading'), fc.jsonValue()),
      ),
      { maxLength: 6 },
    )
    .map(documents => Buffer.from(documents.map(each => `${JSON.stringify(each)}\n`).join(''))),
);
const status = fc.constantFrom(200, 200, 200, 201, 204, 304, 400, 401, 404, 409, 418, 429, 500, 503);
const image = { reference: 'example.com/web:1', build: undefined, credentials: undefined };
const source = { directory: import.meta.dirname, file: 'Containerfile', digest: 'd' };

test('registry and build answers: any bytes under any status are success or a coded failure', async t => {
  const context = await contextOf(t);
  await holds(
    t,
    fc.asyncProperty(status, streamed, async (given, bytes) => {
      answer = { status: given, bytes };
      await isCoded(pull(context, { verb: 'pull', image, always: true }, opts));
      await isCoded(pull(context, { verb: 'pull', image: { ...image, reference: 'web' }, always: true }, opts));
      await isCoded(build(context, { verb: 'build', image: { ...image, build: source } }, opts));
    }),
    150,
  );
});

test('event lines: any documents are hints or a coded failure', async t => {
  const context = await contextOf(t);
  await holds(
    t,
    fc.asyncProperty(status, streamed, async (given, bytes) => {
      answer = { status: given, bytes };
      await isCoded(
        all(wakes(context, signal)).then(hints => assert.ok(hints.every(hint => typeof hint === 'string'))),
      );
    }),
    400,
  );
});

const entry = fc.dictionary(
  fc.constantFrom(
    'Id',
    'Names',
    'Pod',
    'PodName',
    'IsInfra',
    'Labels',
    'State',
    'ExitCode',
    'StartedAt',
    'Ports',
    'Name',
    'Mounts',
  ),
  fc.oneof(
    fc.constantFrom<unknown>('web', ['web'], true, 'running', 1000, [{ host_port: 80, range: 3, protocol: 'tcp' }]),
    fc.constant({
      [labels.owner]: 'me',
      [labels.key]: 'Pod/default/web',
      [labels.uid]: 'u',
      [labels.container]: 'main',
    }),
    fc.dictionary(
      fc.constantFrom(...Object.values(labels)),
      fc.constantFrom('me', 'Pod/default/web', '', '../..', 'a/b'),
    ),
    fc.jsonValue(),
  ),
);

test('lists of the engine: any JSON and any bytes are a view or a coded failure', async t => {
  const context = await contextOf(t);
  const lists = fc.oneof(
    fc.array(entry, { maxLength: 5 }).map(list => Buffer.from(JSON.stringify(list))),
    fc.jsonValue().map(value => Buffer.from(JSON.stringify(value))),
    fc.uint8Array({ maxLength: 200 }),
  );
  await holds(
    t,
    fc.asyncProperty(status, lists, async (given, bytes) => {
      answer = { status: given, bytes };
      await isCoded(observe(context, signal));
    }),
    400,
  );
});

test('lists of the engine: what is no list is a coded failure, and no empty view', async t => {
  const context = await contextOf(t);
  for (const body of ['', 'x', '{}', '{"cause":"no space left on device"}', '[{"Id":"a"', '"[]"', '7']) {
    answer = { status: 200, bytes: Buffer.from(body) };
    await assert.rejects(observe(context, signal), EngineError, body);
  }
  for (const body of ['[]', 'null']) {
    answer = { status: 200, bytes: Buffer.from(body) };
    assert.equal((await observe(context, signal)).pods.size, 0);
  }
});

test('lists of the engine: a range of more ports than there are is read in little memory', {
  timeout: 30_000,
}, async t => {
  const context = await contextOf(t);
  const ports = [{ host_port: 1, range: 4e9, protocol: 'tcp' }];
  answer = {
    status: 200,
    bytes: Buffer.from(JSON.stringify([{ Id: 'a', Names: ['a'], State: 'running', Ports: ports }])),
  };
  assert.ok((await observe(context, signal)).foreignPorts.length <= 65_535);
});

property(
  'pull secrets: any text is credentials or none',
  1000,
  fc.property(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .record({ auths: fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.record({ auth: fc.string() }))) })
        .map(each => JSON.stringify(each)),
    ),
    text => {
      for (const { username, password } of Object.values(parseDockerConfig(text) ?? {}))
        assert.ok(typeof username === 'string' && typeof password === 'string');
    },
  ),
);

const mebibyte = 2 ** 20;
const streams: Readonly<
  Record<
    string,
    { readonly piece: string | Uint8Array; readonly read: (from: AsyncIterable<Uint8Array>) => AsyncIterable<unknown> }
  >
> = {
  'NDJSON of small documents': { piece: '{"status":"Downloading","id":"a"}\n', read: jsonLines },
  'NDJSON of one document a mebibyte': { piece: `"${'x'.repeat(mebibyte)}"\n`, read: jsonLines },
  'log frames of 10 bytes': {
    piece: Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 10, ...new Uint8Array(10)]),
    read: readFrames,
  },
  'log frames of a mebibyte': {
    piece: Buffer.concat([Uint8Array.from([2, 0, 0, 0, 0, 16, 0, 0]), new Uint8Array(mebibyte)]),
    read: readFrames,
  },
};

for (const [name, { piece, read }] of Object.entries(streams))
  test(`memory: 8 MiB of ${name} pass through in bounded memory`, { timeout: 120_000 }, async t => {
    const bytes = Buffer.from(piece);
    const whole = Buffer.concat(Array.from({ length: Math.ceil(mebibyte / bytes.length) }, () => bytes));
    const grownMiB = await heapGrowth(async look => {
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (let sent = 0; sent < 8 * mebibyte; sent += whole.length) {
          // Never at the ends of pieces.
          for (let at = 0; at < whole.length; at += 65_521) yield whole.subarray(at, at + 65_521);
          look(true);
        }
      }
      for await (const _each of read(endless()));
    });
    t.diagnostic(`${Math.round(grownMiB)} MiB`);
    assert.ok(grownMiB < 4, `${grownMiB} MiB`);
  });
