import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { fileMemory } from '../../src/record/state.ts';
import { fileRecords } from '../../src/record/store.ts';
import { statusOf } from '../../src/status/pods.ts';
import { holds } from '../arbitraries/property.ts';
import { desiredPod } from '../fakes/desired.ts';

const dir = await mkdtemp(join(tmpdir(), 'pdf-'));
after(() => rm(dir, { recursive: true, force: true }));
const file = 'Pod_default_web.json';
const key = 'Pod/default/web';

let whole = '';
async function good(): Promise<string> {
  if (whole !== '') return whole;
  await fileRecords(dir, { warn: () => undefined }).write(key, { applied: desiredPod('web'), uid: 'u1' });
  whole = await readFile(join(dir, 'pods', file), 'utf8');
  return whole;
}

/** A record file with a part of it overwritten, cut out or cut off. */
const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  by: fc.uint8Array({ maxLength: 8 }),
  cut: fc.nat(40),
});

/** Which a file may say by chance, too. */
function newer(error: unknown): 'newer' {
  assert.equal((error as { code?: unknown }).code, 'STATE_NEWER');
  return 'newer';
}

test('records: any bytes in a file are a record, a later one or a lost one; the next write mends that', async t => {
  const text = await good();
  const spoiled = damage.map(({ at, by, cut }) => {
    const from = Math.floor(at * text.length);
    return Buffer.concat([Buffer.from(text.slice(0, from)), by, Buffer.from(text.slice(from + cut))]);
  });
  await holds(
    t,
    fc.asyncProperty(fc.oneof(spoiled, fc.uint8Array({ maxLength: 200 }), json(text)), async bytes => {
      const records = fileRecords(dir, { warn: () => undefined });
      await mkdir(join(dir, 'pods'), { recursive: true });
      await writeFile(join(dir, 'pods', file), bytes);
      const found = await records.load().catch(newer);
      if (found === 'newer') {
        await assert.rejects(records.write(key, { uid: 'u2' }), { code: 'STATE_NEWER' });
        return;
      }
      assert.ok([...found.keys()].every(each => each === key));
      // What the rest of the program does with it must not trip either.
      JSON.stringify([...found.values()]);
      statusOf({ pods: new Map() }, { records: found, nowMs: 0, restartAtMs: () => 0 });
      await records.write(key, { applied: desiredPod('web'), uid: 'u2', containers: { main: { restarts: 1 } } });
      assert.equal((await records.load()).get(key)?.uid, 'u2');
      await records.fail(key, key, undefined);
      assert.ok((await readdir(join(dir, 'pods'))).length <= 2, 'a damaged file is set aside once');
    }),
    1000,
  );
});

/** The record with one member of any JSON in place of its own. */
function json(text: string): fc.Arbitrary<Uint8Array> {
  const record: Record<string, unknown> = JSON.parse(text);
  const failure = { message: 'x', hint: 'y', count: 1, atMs: 0, fingerprint: 'z' };
  const near = fc
    .record({ member: fc.constantFrom(...Object.keys(failure)), value: fc.jsonValue() })
    .map(({ member, value }) => Buffer.from(JSON.stringify({ ...record, failure: { ...failure, [member]: value } })));
  const other = fc
    .record({ member: fc.constantFrom(...Object.keys(record), 'failure', 'uid'), value: fc.jsonValue() })
    .map(({ member, value }) => Buffer.from(JSON.stringify({ ...record, [member]: value })));
  return fc.oneof(other, near);
}

test('the guard: any bytes in its file are facts, later ones or none', async t => {
  const fact = fc.dictionary(
    fc.constantFrom('version', 'source', 'identity', 'ownedBefore'),
    fc.oneof(fc.jsonValue(), fc.constant(1), fc.constant('/m')),
  );
  const input = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fact.map(value => Buffer.from(JSON.stringify(value))),
  );
  await holds(
    t,
    fc.asyncProperty(input, async bytes => {
      await writeFile(join(dir, 'agent.json'), bytes);
      const facts = await fileMemory(dir, '/m').load().catch(newer);
      if (facts === undefined || facts === 'newer') return;
      assert.ok(['string', 'undefined'].includes(typeof facts.identity));
      assert.ok(['number', 'undefined'].includes(typeof facts.ownedBefore));
    }),
    300,
  );
});
