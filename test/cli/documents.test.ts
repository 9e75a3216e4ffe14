import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createColors } from 'picocolors';
import type { Context } from '../../src/cli/context.ts';
import { noticeDocuments, problemDocuments } from '../../src/cli/problems.ts';
import { reportSettled } from '../../src/cli/settled.ts';
import { podDocument, whyDocument } from '../../src/cli/status-document.ts';
import { statusTable, whyText } from '../../src/cli/status-text.ts';
import type { Change, Plan } from '../../src/model/plan.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { PodRecord } from '../../src/model/record.ts';
import { planOutput } from '../../src/plan/output.ts';
import type { Settled } from '../../src/reconcile/settle.ts';
import type { PodStatus } from '../../src/status/pods.ts';
import { assertSchema } from './schemas.ts';
import { fakeTerminal } from './terminal-fake.ts';

const origin = { file: 'manifests/web.yaml', line: 4, column: 1 };
const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const pod: PodStatus = {
  key: 'Pod/default/web',
  declaredBy: 'Deployment/default/web',
  state: 'Waiting',
  reason: undefined,
  message: 'container "a" exited with 1',
  untilMs: nowMs + 12_000,
  restarts: 2,
  startedAtMs: nowMs - 3_600_000,
  revision: '0123456789abcdef0123',
  origin,
  failure: { message: 'no such image', hint: 'Check it', count: 3, atMs: nowMs - 60_000, fingerprint: 'f' },
  ready: { count: 1, total: 2 },
  conditions: [{ type: 'Ready', status: 'False', message: 'container "a" is exited' }],
  containers: [
    {
      name: 'a',
      state: 'exited',
      exitCode: 1,
      restarts: 2,
      startedAtMs: nowMs,
      exitedAtMs: nowMs,
      imageId: 'i',
      ready: false,
      last: { exitCode: 7, reason: 'OOMKilled', startedAtMs: 1000, exitedAtMs: 2000 },
    },
    {
      name: 'b',
      state: 'running',
      exitCode: 0,
      restarts: 0,
      startedAtMs: nowMs,
      exitedAtMs: 0,
      imageId: 'i',
      ready: true,
      last: undefined,
    },
  ],
};
const bare: PodStatus = {
  ...pod,
  untilMs: undefined,
  startedAtMs: 0,
  revision: undefined,
  origin: undefined,
  failure: undefined,
  ready: { count: 0, total: 0 },
  conditions: [],
  containers: [],
};
const record: PodRecord = {
  version: 1,
  key: pod.key,
  declaredBy: pod.declaredBy,
  uid: 'u',
  revision: 'r',
  origin,
  source: '/srv/manifests',
  applied: undefined,
  containers: {},
  failure: undefined,
  history: [
    { atMs: nowMs, revision: 'r', location: origin, result: 'created', why: 'not present', fields: [] },
    {
      atMs: nowMs,
      revision: 'r',
      location: undefined,
      result: 'replaced',
      why: 'image differs',
      fields: ['containers.a.image'],
    },
  ],
};
const change: Change = {
  op: 'replace',
  key: pod.key,
  why: 'image differs',
  cost: '1 container restarts, about 1 s',
  fields: [{ path: 'containers.a.image', applied: '"a:1"', desired: '"a:2"', live: undefined, location: origin }],
  location: origin,
  untilMs: nowMs,
};
const plan: Plan = {
  revision: 'r',
  changes: [change, { ...change, op: 'keep', fields: [], location: undefined, untilMs: undefined }],
  steps: [
    {
      id: 1,
      key: pod.key,
      action: { verb: 'removeContainer', pod: pod.key, name: 'a', id: 'x' },
      after: [],
      when: 'done',
    },
  ],
  nextMs: undefined,
};
const problems: readonly Problem[] = [
  { code: 'FIELD_UNKNOWN', severity: 'error', message: 'b', hint: 'h', key: pod.key, ...origin },
  { code: 'KIND_UNSUPPORTED', severity: 'warning', message: 'a', file: 'a.yaml', line: 1, column: 1 },
];
const imageName = (id: string): string => `localhost/${id}`;

test('status and why documents fit their schemas, with and without all that may be unknown', () => {
  const pods = [pod, bare].map(one => podDocument(one, imageName));
  assertSchema('status', { owner: 'podstead', engine: 'podman 4.3.1', pods });
  assertSchema('why', { pods: [whyDocument(pod, record, imageName), whyDocument(bare, undefined, imageName)] });
});

test('plan and diff documents fit their schemas', () => {
  const notices = noticeDocuments([{ code: 'PRUNE_HELD', message: 'm', hint: undefined }]);
  assertSchema('plan', { ...planOutput(plan), problems: problemDocuments(problems), notices });
  const { revision, changes } = planOutput(plan);
  assertSchema('diff', { revision, changes, problems: problemDocuments(problems) });
});

test('apply documents fit their schema', async () => {
  const terminal = fakeTerminal();
  const context = { terminal, output: 'json', quiet: false } as unknown as Context;
  const failure = { code: 'IMAGE_NOT_FOUND', message: 'm', hint: undefined, transient: false };
  const settled: Settled = {
    changes: [change],
    failures: [{ key: pod.key, failure }],
    notices: [{ code: 'IMAGE_UNPINNED', message: 'm', hint: undefined }],
    timedOut: false,
    outcome: { plan, problems } as unknown as Settled['outcome'],
  } as Settled;
  await reportSettled(context, settled);
  assertSchema('apply', JSON.parse(terminal.written.out));
  assert.equal(terminal.written.err, '');
});

test('problemDocuments() puts problems in the order of files and lines', () => {
  assert.deepEqual(
    problemDocuments(problems).map(problem => problem.file),
    ['a.yaml', 'manifests/web.yaml'],
  );
});

const view = { nowMs, colors: createColors(false), width: Number.POSITIVE_INFINITY };

test('statusTable() leaves columns out and breaks messages to fit a terminal', () => {
  const longest = (width: number): number =>
    Math.max(
      ...statusTable([pod, bare], { ...view, width })
        .split('\n')
        .map(line => line.length),
    );
  const headerOf = (width: number): string => statusTable([pod], { ...view, width }).split('\n')[0] ?? '';
  assert.ok(longest(120) <= 120);
  assert.ok(longest(80) <= 80, String(longest(80)));
  const long = { ...pod, key: 'Deployment/default/a-service-of-long-name' as const };
  const narrow = statusTable([long], { ...view, width: 80 });
  assert.ok(
    narrow.split('\n').every(line => line.length <= 80),
    narrow,
  );
  assert.match(headerOf(200), /REVISION +FROM +MESSAGE/);
  assert.doesNotMatch(headerOf(80), /REVISION|FROM/);
  const quiet = statusTable([{ ...pod, message: '', untilMs: undefined }], { ...view, width: 90 });
  assert.doesNotMatch(quiet, /MESSAGE/);
});

test('statusTable() shows a row a pod, whatever is unknown of it', () => {
  const [header, first, second] = statusTable([pod, bare], view).split('\n');
  assert.match(header ?? '', /^KEY +STATE +READY +RESTARTS +AGE +REVISION +FROM +MESSAGE$/);
  assert.match(
    first ?? '',
    /^Pod\/default\/web +Waiting +1\/2 +2 +60m +0123456789ab +manifests\/web\.yaml:4 +container "a" exited with 1; back-off until \d\d:\d\d:\d\d \(12s\)$/,
  );
  assert.match(second ?? '', /^Pod\/default\/web +Waiting +0\/0 +2 +- +- +- +container/);
});

test('whyText() tells the chain from source to result', () => {
  const text = whyText(pod, record, view);
  for (const part of [
    'Pod/default/web is Waiting: container "a" exited with 1',
    'declared by  Deployment/default/web at manifests/web.yaml:4',
    'revision     0123456789abcdef0123',
    'source       /srv/manifests',
    'failed       3 times, last 60s ago: no such image',
    'mend         Check it',
    'image differs (containers.a.image)',
  ]) {
    assert.ok(text.includes(part), `${part}\nis not in\n${text}`);
  }
  assert.match(whyText(bare, undefined, view), /record is lost/);
});
