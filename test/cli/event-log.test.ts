import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logEvents } from '../../src/cli/event-log.ts';
import { makeLogger } from '../../src/cli/logger.ts';
import type { Log } from '../../src/log.ts';
import type { Event } from '../../src/model/event.ts';
import type { Change, Step } from '../../src/model/plan.ts';
import type { Problem } from '../../src/model/problem.ts';
import { fakeTerminal } from './terminal-fake.ts';

const change: Change = {
  op: 'replace',
  key: 'Pod/default/web',
  why: 'image differs',
  cost: '',
  fields: [],
  location: { file: 'web.yaml', line: 7, column: 1 },
  untilMs: undefined,
};
const plan = { revision: 'r', changes: [], steps: [], nextMs: undefined };
const problem: Problem = { code: 'FIELD_TYPE', severity: 'error', message: 'Bad', file: 'a.yaml', line: 2, column: 1 };

function collect(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const add = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return { log: { debug: () => undefined, info: add('info'), warn: add('warn'), error: add('error') }, lines };
}

test('logEvents() says nothing when a pass finds nothing', () => {
  const { log, lines } = collect();
  const emit = logEvents(log);
  emit({ atMs: 0, type: 'planned', plan, problems: [], notices: [] });
  emit({ atMs: 0, type: 'settled', key: change.key, change: { ...change, op: 'keep' }, failure: undefined });
  emit({ atMs: 0, type: 'idle' });
  assert.deepEqual(lines, []);
});

test('logEvents() tells a problem once, and that it is gone', () => {
  const { log, lines } = collect();
  const emit = logEvents(log);
  const planned = (problems: readonly Problem[]): Event => ({ atMs: 0, type: 'planned', plan, problems, notices: [] });
  for (const problems of [[problem], [problem], [], []]) emit(planned(problems));
  assert.deepEqual(lines, ['error a.yaml:2: Bad', 'info mended: a.yaml:2: Bad']);
});

test('logEvents() tells changes by their results', () => {
  const { log, lines } = collect();
  const emit = logEvents(log);
  emit({ atMs: 0, type: 'planned', plan: { ...plan, changes: [change] }, problems: [], notices: [] });
  emit({ atMs: 0, type: 'settled', key: change.key, change, failure: undefined });
  assert.deepEqual(lines, ['info Pod/default/web updated']);
});

test('logEvents() says nothing of steps that no change of the plan asked for, save that data is gone', () => {
  const { log, lines } = collect();
  const emit = logEvents(log);
  const stand = { ...change, op: 'update', key: 'Network/-/podstead', why: 'removeNetwork' } as const;
  const step = (action: Step['action']): Step => ({ id: 1, key: stand.key, action, after: [], when: 'done' });
  for (const action of [
    { verb: 'removeNetwork', name: 'podstead' },
    { verb: 'removeVolume', name: 'web', owner: 'podstead' },
  ] as const) {
    emit({ atMs: 0, type: 'stepEnded', result: { outcome: 'done', step: step(action), tookMs: 20 } });
    emit({ atMs: 0, type: 'settled', key: stand.key, change: stand, failure: undefined });
  }
  assert.deepEqual(lines, ['info Removed volume web']);
});

test('makeLogger() writes what people read as a sentence, and the hint below it', async () => {
  const terminal = fakeTerminal();
  const log = await makeLogger(terminal, { level: 'info', format: 'text', scrub: text => text });
  log.info('Pod/default/web updated', { why: 'image differs', from: 'web.yaml:7' });
  log.error('Pulling web:1 failed: no such image', {
    key: 'k',
    verb: 'pull',
    code: 'IMAGE_NOT_FOUND',
    hint: 'Check it',
  });
  const lines = terminal.written.err
    .trimEnd()
    .split('\n')
    .map(line => line.slice(9));
  assert.deepEqual(lines, [
    'Pod/default/web updated: image differs (web.yaml:7)',
    'Pulling web:1 failed: no such image [IMAGE_NOT_FOUND]',
    'Check it',
  ]);
});

test('makeLogger() writes JSON and text, scrubbed, from the wanted level on', async () => {
  const scrub = (text: string): string => text.replaceAll('s3cret', '***');
  for (const format of ['json', 'text'] as const) {
    const terminal = fakeTerminal();
    const log = await makeLogger(terminal, { level: 'info', format, scrub });
    log.debug('not this');
    log.warn('found s3cret', { path: '/x/s3cret', n: 1 });
    const [line = '', ...rest] = terminal.written.err.trimEnd().split('\n');
    assert.deepEqual(rest, []);
    if (format === 'text') assert.equal(line.slice(9), 'found *** path=/x/*** n=1');
    else {
      const { time, level, ...fields } = JSON.parse(line);
      assert.deepEqual(fields, { path: '/x/***', n: 1, msg: 'found ***' });
      assert.equal(level, 'warn');
      assert.ok(!Number.isNaN(Date.parse(time)));
    }
  }
});

test('a log for people lets no control characters through, and keeps lines', async () => {
  const terminal = fakeTerminal();
  const log = await makeLogger(terminal, { level: 'info', format: 'text', scrub: text => text });
  log.warn('one\u001b[2J\ntwo', { why: 'three\u009b1A', hint: 'four\u0007' });
  assert.match(terminal.written.err, /one\ufffd\[2J\ntwo: three\ufffd1A\n +four\ufffd\n$/);
});
