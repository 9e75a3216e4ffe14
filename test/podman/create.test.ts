import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labels } from '../../src/model/labels.ts';
import { createContainer } from '../../src/podman/create-container.ts';
import { createPod } from '../../src/podman/create-pod.ts';
import { startContainer } from '../../src/podman/start.ts';
import { removeVolume } from '../../src/podman/volume.ts';
import { pod as podOf } from '../e2e/desired.ts';
import { type Answer, nameTaken, replay } from './replay.ts';

const opts = { signal: new AbortController().signal, onProgress: (): void => undefined };
const pod = podOf('web', { sandbox: { hostNetwork: true } });
const [main] = pod.containers;
assert.ok(main);
const uid = 'u';
const image = { 'GET /images/localhost%2Fbb%3A1/json': [{ body: { Id: 'i', Config: {} } }] };
const ours = { [labels.owner]: 'me', [labels.uid]: uid, [labels.container]: 'main', [labels.digest]: main.digest };

const holders: readonly (readonly [string, object, boolean])[] = [
  ['itself', {}, true],
  ['a container of another owner', { [labels.owner]: 'other' }, false],
  ['one of an earlier pod', { [labels.uid]: 'earlier' }, false],
  ['one of another digest', { [labels.digest]: 'other' }, false],
  ['another container of the pod', { [labels.container]: 'side' }, false],
  ["a container that is nobody's", { [labels.owner]: undefined, [labels.uid]: undefined }, false],
];
for (const [who, more, isDone] of holders) {
  test(`createContainer() ${isDone ? 'has nothing to do' : 'fails'} where ${who} has the name`, async t => {
    const { context, calls } = await replay(t, {
      ...image,
      'POST /containers/create': [nameTaken],
      'GET /containers/web-main/json': [{ body: { Id: 'abc', Config: { Labels: { ...ours, ...more } } } }],
    });
    const creation = createContainer(context, { verb: 'createContainer', pod, uid, container: main }, opts);
    if (isDone) await creation;
    else await assert.rejects(creation, { code: 'NAME_TAKEN' });
    assert.equal(calls.filter(call => call === 'POST /containers/create').length, 1);
    assert.ok(!calls.some(call => call.startsWith('DELETE')));
  });
}

test('startContainer() goes by the id of what was made, and looks at what it meets a second time', async t => {
  let reads = 0;
  const { context, calls } = await replay(t, {
    ...image,
    'POST /containers/create': [{ body: { Id: 'abc' } }],
    'POST /containers/abc/start': [{ status: 204 }],
    'GET /containers/web-main/json': [{ body: { Id: 'abc', Config: { Labels: ours }, State: { Status: 'exited' } } }],
  });
  const aliases = async (): Promise<ReadonlyMap<string, string>> => {
    reads += 1;
    return new Map();
  };
  const counting = { ...context, aliases };
  await createContainer(counting, { verb: 'createContainer', pod, uid, container: main }, opts);
  const start = { verb: 'startContainer', pod, uid, container: main } as const;
  await startContainer(counting, start, opts);
  const first = ['GET /images/localhost%2Fbb%3A1/json', 'POST /containers/create', 'POST /containers/abc/start'];
  assert.deepEqual(calls, first);
  assert.equal(reads, 0, 'aliases are asked for what the engine does not know alone');
  assert.equal(context.made.size, 0);
  await startContainer(counting, start, opts);
  assert.deepEqual(calls.slice(first.length), ['GET /containers/web-main/json', 'POST /containers/abc/start']);
});

test('startContainer() takes one of another digest for another container', async t => {
  const { context, calls } = await replay(t, {
    ...image,
    'POST /containers/create': [{ body: { Id: 'new' } }],
    'POST /containers/old/start': [{ status: 204 }],
    'GET /containers/web-main/json': [{ body: { Id: 'old', Config: { Labels: ours } } }],
  });
  const next = { ...main, digest: 'next' as typeof main.digest, engineName: 'web-main-next' };
  await createContainer(context, { verb: 'createContainer', pod, uid, container: next }, opts);
  await startContainer(context, { verb: 'startContainer', pod, uid, container: main }, opts);
  assert.equal(calls.at(-1), 'POST /containers/old/start');
});

const other = 'b'.repeat(64);
const inUse = {
  status: 500,
  body: {
    cause: 'that name is already in use',
    message: `the name "web-main" is already in use by "${other}"`,
    response: 500,
  },
};
const listed = 'GET /containers/json';
const hidden: readonly (readonly [string, Readonly<Record<string, readonly Answer[]>>, RegExp])[] = [
  ['a pod', { 'GET /pods/web-main/exists': [{ status: 204 }] }, /taken by a pod$/],
  ['nothing that is listed', {}, /taken by something that the engine does not list: .*already in use by "b{64}"/],
  [
    "somebody else's container by another name",
    { [`GET /containers/${other}/json`]: [{ body: { Id: other, Name: 'theirs', Config: { Labels: {} } } }] },
    /taken by container "theirs", which the engine's storage still has under it$/,
  ],
];
for (const [who, answers, message] of hidden) {
  test(`createContainer() names what has the name where no container has it: ${who}`, async t => {
    const more = { 'POST /containers/create': [inUse], [listed]: [{ body: [] }], ...answers };
    const { context, calls } = await replay(t, { ...image, ...more });
    const creation = createContainer(context, { verb: 'createContainer', pod, uid, container: main }, opts);
    await assert.rejects(creation, { code: 'NAME_TAKEN', message });
    assert.deepEqual(
      calls.filter(call => /^(DELETE|PUT)|rename/.test(call)),
      [],
    );
  });
}

const sandbox = {
  [labels.owner]: 'me',
  [labels.uid]: uid,
  [labels.key]: pod.key,
  [labels.digest]: pod.sandbox.digest,
};
const whole = { Id: 'p', InfraContainerID: 'i', Labels: sandbox, Containers: [{ Id: 'i', State: 'created' }] };
const pods: readonly (readonly [string, object, 'done' | 'made anew' | 'NAME_TAKEN'])[] = [
  ['itself, whole', whole, 'done'],
  ['itself, without its infra container', { ...whole, InfraContainerID: '', Containers: [] }, 'made anew'],
  ['an earlier one that never ran', { ...whole, Labels: { ...sandbox, [labels.uid]: 'earlier' } }, 'made anew'],
  [
    'an earlier one that has run',
    { ...whole, Labels: { ...sandbox, [labels.uid]: 'earlier' }, Containers: [{ Id: 'i', State: 'exited' }] },
    'NAME_TAKEN',
  ],
  ['one of another owner', { ...whole, Labels: { ...sandbox, [labels.owner]: 'other' } }, 'NAME_TAKEN'],
  ['one of nobody', { ...whole, Labels: {} }, 'NAME_TAKEN'],
  [
    'one for another key',
    { ...whole, Labels: { ...sandbox, [labels.uid]: 'x', [labels.key]: 'Pod/a/b' } },
    'NAME_TAKEN',
  ],
];
for (const [who, holder, want] of pods) {
  test(`createPod() is ${want} where a pod has the name that is ${who}`, async t => {
    const { context, calls } = await replay(t, {
      'POST /pods/create': [nameTaken, {}],
      'GET /pods/web/json': [{ body: holder }],
      'DELETE /pods/p': [{ body: {} }],
    });
    const creation = createPod(context, { verb: 'createPod', pod, uid }, opts);
    if (want === 'NAME_TAKEN') await assert.rejects(creation, { code: want });
    else await creation;
    assert.equal(calls.includes('DELETE /pods/p'), want === 'made anew');
    assert.equal(calls.filter(call => call === 'POST /pods/create').length, want === 'made anew' ? 2 : 1);
  });
}

const volumes: readonly (readonly [string, string | undefined, string, boolean])[] = [
  ['ours', 'me', 'me', true],
  ["another owner's", 'other', 'me', false],
  ["nobody's", undefined, 'me', false],
  ['not of the owner that asks', 'other', 'other', false],
];
for (const [whose, owner, asked, goes] of volumes) {
  test(`removeVolume() ${goes ? 'removes' : 'refuses'} a volume that is ${whose}`, async t => {
    const { context, calls } = await replay(t, {
      'GET /volumes/data/json': [
        { body: { Name: 'data', Labels: owner === undefined ? {} : { [labels.owner]: owner } } },
      ],
      'DELETE /volumes/data': [{ status: 204 }],
    });
    const removal = removeVolume(context, { verb: 'removeVolume', name: 'data', owner: asked }, opts);
    if (goes) await removal;
    else await assert.rejects(removal, { code: 'REFUSED' });
    assert.equal(calls.includes('DELETE /volumes/data'), goes);
  });
}
