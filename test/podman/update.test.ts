import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepsLimits, updateContainer } from '../../src/podman/update.ts';
import { checkVersion } from '../../src/podman/version.ts';
import { type Answer, replay } from './replay.ts';

const signal = new AbortController().signal;
const none = { cpuLimitMilli: undefined, cpuRequestMilli: undefined, memoryRequestBytes: undefined };
const update = {
  verb: 'updateContainer',
  pod: 'Pod/default/web',
  name: 'main',
  id: 'c1',
  resources: { ...none, memoryLimitBytes: 64 },
} as const;
const inspect = (Memory: number): Answer => ({ body: { HostConfig: { Memory, MemorySwap: Memory } } });
const [look, post] = ['GET /containers/c1/json', 'POST /containers/c1/update'];

for (const [text, want] of [
  ['4.3.1', false],
  ['5.3.2', false],
  ['5.4.2', true],
] as const)
  test(`keepsLimits() of Podman ${text}`, () =>
    assert.equal(keepsLimits(checkVersion(text, { unsupported: false })), want));

test('updateContainer() looks whether the limits were kept', async t => {
  const { context, calls } = await replay(t, { [look]: [inspect(32), inspect(64)], [post]: [{ status: 201 }] });
  await updateContainer(context, update, { signal });
  assert.deepEqual(calls, [look, post, look]);
});

test('updateContainer() fails where they were not', async t => {
  const { context } = await replay(t, { [look]: [inspect(32)], [post]: [{ status: 201 }] });
  await assert.rejects(updateContainer(context, update, { signal }), /"main" of Pod\/default\/web: .*not kept/);
});

test('updateContainer() takes back what the runtime refuses, which the engine has noted', async t => {
  const refused = {
    status: 500,
    body: { cause: 'c', message: '`runc update x` failed: exit status 1', response: 500 },
  };
  const { context, calls } = await replay(t, { [look]: [inspect(32)], [post]: [refused, { status: 201 }] });
  const rejected = assert.rejects(updateContainer(context, update, { signal }), (error: Error) => {
    assert.match(
      error.message,
      /Cannot set the limits of container "main" of Pod\/default\/web: the runtime refuses them: exit status 1/,
    );
    return true;
  });
  await rejected;
  assert.deepEqual(calls, [look, post, post]);
});
