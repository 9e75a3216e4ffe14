import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeProgress, progressLine, summaryOf } from '../../src/cli/progress.ts';
import type { DesiredImage } from '../../src/model/desired.ts';
import type { Event } from '../../src/model/event.ts';
import type { Change, Step } from '../../src/model/plan.ts';
import { fakeTerminal } from './terminal-fake.ts';

const image: DesiredImage = { reference: 'docker.io/library/web:1', build: undefined, credentials: undefined };
const pull: Step = {
  id: 1,
  key: 'Pod/default/web',
  action: { verb: 'pull', image, always: false },
  after: [],
  when: 'done',
};
const change: Change = {
  op: 'create',
  key: 'Pod/default/web',
  why: 'not present',
  cost: '',
  fields: [],
  location: undefined,
  untilMs: undefined,
};
const failure = { code: 'IMAGE_NOT_FOUND', message: 'no such image', hint: 'Check its name', transient: false };

const planned: Event = {
  atMs: 0,
  type: 'planned',
  plan: { revision: 'r', changes: [change], steps: [], nextMs: undefined },
  problems: [],
  notices: [],
};
const events: readonly Event[] = [
  planned,
  { atMs: 0, type: 'stepStarted', step: pull },
  { atMs: 100, type: 'progress', step: pull, progress: { message: 'blob', doneBytes: 5e6, totalBytes: 10e6 } },
  { atMs: 200, type: 'stepEnded', result: { outcome: 'done', step: pull, tookMs: 3210 } },
  { atMs: 300, type: 'settled', key: change.key, change, failure: undefined },
];
const failing: readonly Event[] = [
  planned,
  { atMs: 0, type: 'stepStarted', step: pull },
  { atMs: 200, type: 'stepEnded', result: { outcome: 'failed', step: pull, tookMs: 10, failure } },
  { atMs: 300, type: 'settled', key: change.key, change, failure },
];

function show(list: readonly Event[], opts: { readonly interactive?: boolean; readonly quiet?: boolean }): string {
  const terminal = fakeTerminal(opts);
  const progress = makeProgress(terminal, { quiet: opts.quiet ?? false });
  for (const event of list) progress.emit(event);
  progress.end();
  assert.equal(terminal.written.out, '');
  return terminal.written.err;
}

test('makeProgress() writes plain lines where it is no terminal', () => {
  assert.equal(
    show(events, {}),
    '  Pulled docker.io/library/web:1 in 3.2 s, 10.0 MB\n✔ Pod/default/web created: not present\n',
  );
});

test('makeProgress() redraws a bar on a terminal, and ends it in one line', () => {
  const text = show(events, { interactive: true });
  assert.match(text, /Pulling docker\.io\/library\/web:1 {2}\[#{12}\.{12}\] 5\.0 MB of 10\.0 MB/);
  assert.equal(text.split('\u001b[1A\u001b[0J').length - 1, 2, 'the first line and the bar are taken back, each once');
  // The last of it: the bar's line is taken back, the result stays, nothing is drawn below.
  assert.ok(
    text.endsWith(
      '\u001b[1A\u001b[0J  Pulled docker.io/library/web:1 in 3.2 s, 10.0 MB\n✔ Pod/default/web created: not present\n',
    ),
  );
});

test('makeProgress() tells failures even when quiet, with what to do', () => {
  assert.equal(show(events, { quiet: true }), '');
  assert.equal(show(failing, { quiet: true }), '✘ Pod/default/web not created: no such image (Check its name)\n');
});

test('makeProgress() tells a failure that repeats once', () => {
  assert.equal(show([...failing, ...failing], {}).split('\n').length, 2);
});

test('makeProgress() keeps to itself what no change of the plan asked for, save failures', () => {
  const key = 'Network/-/podstead';
  const step: Step = { id: 2, key, action: { verb: 'removeNetwork', name: 'podstead' }, after: [], when: 'done' };
  const stand: Change = { ...change, op: 'update', key, why: 'removeNetwork' };
  assert.equal(show([{ atMs: 0, type: 'settled', key, change: stand, failure: undefined }], {}), '');
  const failed: readonly Event[] = [
    { atMs: 0, type: 'stepEnded', result: { outcome: 'failed', step, tookMs: 1, failure } },
    { atMs: 0, type: 'settled', key, change: stand, failure },
  ];
  assert.equal(show(failed, {}), '✘ Removing network podstead failed: no such image (Check its name)\n');
});

test('makeProgress() leaves reasons out where the command is the reason', () => {
  const terminal = fakeTerminal();
  const progress = makeProgress(terminal, { quiet: false, reasons: false });
  for (const event of events) progress.emit(event);
  assert.match(terminal.written.err, /✔ Pod\/default\/web created\n/);
});

test('makeProgress() cuts lines to the width of the terminal, so that they can be taken back', () => {
  const terminal = fakeTerminal({ interactive: true, columns: 20 });
  makeProgress(terminal, { quiet: false }).emit(events[1] as Event);
  assert.equal(terminal.written.err, '  Pulling docker.i…\n');
});

test('progressLine() shortens the name, and never the numbers, for a narrow terminal', () => {
  const name = 'docker://registry.example.org/a-team/of-some-length/service:1.2.3';
  const parts = ['[############............] 123 MB of 456 MB', '12.3 MB/s'];
  const line = progressLine('  Copying ', name, parts, 80);
  assert.ok(line.length < 80, line);
  assert.equal(line, '  Copying dock…ce:1.2.3  [############............] 123 MB of 456 MB  12.3 MB/s');
  assert.ok(progressLine('  Copying ', name, parts, 200).includes(name));
});

test('summaryOf() counts results', () => {
  assert.equal(summaryOf([change, change, { ...change, op: 'keep' }]), '2 created, 1 unchanged');
  assert.equal(summaryOf([]), 'Nothing to do');
});
