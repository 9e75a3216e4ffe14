import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Actual } from '../../src/model/actual.ts';
import { labels } from '../../src/model/labels.ts';
import { observe } from '../../src/podman/observe.ts';
import { replay } from './replay.ts';

const { signal } = new AbortController();
const of = { [labels.owner]: 'me', [labels.key]: 'Pod/default/web', [labels.uid]: 'u' };
const infra = {
  Id: 'infra',
  Names: ['web-infra'],
  Pod: 'pod1',
  PodName: 'web',
  IsInfra: true,
  Labels: { ...of, [labels.digest]: 'sandbox' },
  State: 'running',
  Created: '2026-01-01T00:00:00Z',
  StartedAt: 1000,
  ExitedAt: -62_135_596_800,
  Ports: [{ host_ip: '', host_port: 8080, container_port: 80, range: 2, protocol: 'tcp,udp' }],
  Networks: ['net'],
};
const main = {
  ...infra,
  Id: 'main',
  Names: ['web-main'],
  IsInfra: false,
  ImageID: 'image1',
  Labels: { [labels.owner]: 'me', [labels.uid]: 'u', [labels.container]: 'main', [labels.digest]: 'd' },
  ExitCode: 3,
};

/** What is observed of an engine with these containers. */
async function seen(t: TestContext, containers: readonly unknown[], images: readonly unknown[] = []): Promise<Actual> {
  const { context } = await replay(t, {
    'GET /containers/json': [{ body: containers }],
    'GET /volumes/json': [
      {
        body: [
          { Name: 'data', Labels: of },
          { Name: 'theirs', Labels: { [labels.uid]: 'u' } },
        ],
      },
    ],
    'GET /images/json': [{ body: images }],
  });
  return observe(context, signal);
}

test('observe() reads a pod of ours from the list of containers', async t => {
  const { pods, networks, volumes, foreignNames, foreignPorts } = await seen(t, [infra, main]);
  const pod = pods.get('Pod/default/web');
  assert.deepEqual([pod?.id, pod?.uid, pod?.digest, pod?.declaredBy], ['pod1', 'u', 'sandbox', 'Pod/default/web']);
  assert.deepEqual([pod?.infra.state, pod?.infra.startedAtMs, pod?.foreign], ['running', 1_000_000, []]);
  const { digest, state, exitCode, exitedAtMs, engineName, imageId } = pod?.containers.get('main') ?? {};
  assert.deepEqual(
    [digest, state, exitCode, exitedAtMs, engineName, imageId],
    ['d', 'running', 3, 0, 'web-main', 'image1'],
  );
  assert.deepEqual(
    pod?.ports.map(({ hostPort, containerPort, protocol }) => `${hostPort}:${containerPort}/${protocol}`),
    ['8080:80/tcp', '8080:80/udp', '8081:81/tcp', '8081:81/udp'],
  );
  assert.deepEqual(networks, ['net']);
  assert.deepEqual([volumes.get('data')?.uid, volumes.get('theirs')?.uid], ['u', undefined]);
  assert.deepEqual([foreignNames.size, foreignPorts.length], [0, 0]);
});

const strangers: readonly (readonly [string, object])[] = [
  ['carries no key', { Labels: { [labels.owner]: 'me', [labels.uid]: 'u' } }],
  ['is of another owner', { Labels: { ...of, [labels.owner]: 'other' } }],
  ['is no infra container, but was committed from one', { IsInfra: false }],
  ['stands under a name that its key does not give', { PodName: 'copy' }],
];
for (const [what, more] of strangers) {
  test(`observe() takes a pod for foreign whose container ${what}`, async t => {
    const { pods, foreignNames, foreignPorts } = await seen(t, [{ ...infra, ...more }]);
    assert.equal(pods.size, 0);
    assert.ok(foreignNames.has('web-infra'));
    assert.equal(foreignPorts.length, 4);
  });
}

const members: readonly (readonly [string, object, boolean])[] = [
  ['of ours', {}, true],
  ['of an earlier pod', { Labels: { ...main.Labels, [labels.uid]: 'earlier' } }, false],
  ['of another owner', { Labels: { ...main.Labels, [labels.owner]: 'other' } }, false],
  ['without a name in the pod', { Labels: { [labels.owner]: 'me', [labels.uid]: 'u' } }, false],
  ['run from a commit of ours, under another name', { Names: ['copy'], ImageID: 'committed' }, false],
  ['of ours that somebody renamed', { Names: ['other'] }, true],
];
for (const [what, more, isOurs] of members) {
  test(`observe() takes a container ${what} for ${isOurs ? 'ours' : 'foreign'}`, async t => {
    const images = [{ Id: 'committed', Labels: main.Labels }, { Id: 'image1' }];
    const { pods, foreignNames } = await seen(t, [infra, { ...main, ...more }], images);
    const pod = pods.get('Pod/default/web');
    assert.equal(pod?.containers.has('main'), isOurs);
    assert.equal(pod?.foreign.length, isOurs ? 0 : 1);
    assert.equal(foreignNames.size, isOurs ? 0 : 1);
  });
}

const states: readonly (readonly [string, string])[] = [
  ['created', 'created'],
  ['configured', 'created'],
  ['initialized', 'created'],
  ['running', 'running'],
  ['paused', 'paused'],
  ['stopping', 'stopping'],
  ['stopped', 'exited'],
  ['exited', 'exited'],
  ['removing', 'removing'],
  ['', 'unknown'],
  ['new in a later version', 'unknown'],
];
for (const [said, state] of states) {
  test(`observe() takes "${said}" for ${state}`, async t => {
    const { pods } = await seen(t, [infra, { ...main, State: said }]);
    assert.equal(pods.get('Pod/default/web')?.containers.get('main')?.state, state);
  });
}
