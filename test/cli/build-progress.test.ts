import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildView } from '../../src/cli/build-progress.ts';
import { systemClock } from '../../src/clock.ts';
import type { BuildEvent } from '../../src/model/build.ts';
import { fakeTerminal } from './terminal-fake.ts';

const step = (number: number, text: string): BuildEvent => ({
  type: 'step',
  step: { stage: undefined, number, of: 3, text },
});
const events: readonly BuildEvent[] = [
  step(1, 'FROM a'),
  step(2, 'COPY f /f'),
  { type: 'cached' },
  step(3, 'RUN make'),
  { type: 'output', line: 'compiling' },
];

function show(done: boolean, opts: { readonly interactive?: boolean; readonly quiet?: boolean }): string {
  const terminal = fakeTerminal(opts);
  let nowMs = 0;
  const clock = { ...systemClock, now: () => nowMs };
  const view = buildView({ terminal, clock, quiet: opts.quiet ?? false });
  for (const event of events) {
    view.onEvent(event);
    nowMs += 500;
  }
  assert.deepEqual(
    view.end(done).map(({ step, cached, tookMs }) => [step.number, cached, tookMs]),
    [[1, false, 500], [2, true, 1000], ...(done ? [[3, false, 1000]] : [])],
  );
  assert.equal(terminal.written.out, '');
  return terminal.written.err;
}

test('buildView() passes every line on where it is no terminal', () => {
  assert.equal(show(true, {}), 'STEP 1/3: FROM a\nSTEP 2/3: COPY f /f\n  cached\nSTEP 3/3: RUN make\ncompiling\n');
});

test('buildView() leaves a line for each step on a terminal, with its time, and redraws the one under way', () => {
  const text = show(true, { interactive: true });
  const left = text.split('\n').map(line => line.split('\r\u001b[K').at(-1));
  assert.deepEqual(left, [
    '✔ STEP 1/3: FROM a  0.5 s',
    '✔ STEP 2/3: COPY f /f  cached',
    '✔ STEP 3/3: RUN make  1.0 s',
    '',
  ]);
  assert.ok(text.includes('\r\u001b[K  STEP 3/3: RUN make  compiling'));
});

test('buildView() marks the step that failed', () => {
  assert.match(show(false, { interactive: true }), /✘ STEP 3\/3: RUN make/);
});

test('buildView() is silent where that is asked for', () => {
  assert.equal(show(true, { quiet: true }), '');
});
