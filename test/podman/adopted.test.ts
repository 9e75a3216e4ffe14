import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adoption } from '../../src/model/adoption.ts';
import { labels } from '../../src/model/labels.ts';
import { adoptedAs, isAdopted, tagging } from '../../src/podman/adopted.ts';
import type { Context } from '../../src/podman/context.ts';
import { wakes } from '../../src/podman/wakes.ts';

const adoption: Adoption = {
  version: 1,
  owner: 'me',
  key: 'Pod/default/web',
  uid: 'u-1',
  podId: 'pod',
  infraId: 'infra',
  digest: 'd1',
  containers: { one: { name: 'nginx', digest: 'd2' } },
};
const whose = (owner: string): Parameters<typeof tagging>[0] => ({
  owner,
  adoptions: { all: () => [adoption], forget: async () => undefined },
});

test('tagging() gives what was adopted the labels that it would have, and keeps its own', () => {
  const tagged = tagging(whose('me'));
  const pod = { [labels.owner]: 'me', [labels.key]: 'Pod/default/web', [labels.uid]: 'u-1' };
  assert.deepEqual(tagged('infra', { team: 'web' }), { team: 'web', ...pod, [labels.digest]: 'd1' });
  const container = { [labels.container]: 'nginx', [labels.digest]: 'd2', [labels.keeps]: 'volumes' };
  assert.deepEqual(tagged('one', {}), { ...pod, ...container });
  assert.deepEqual(tagged('constructor', { team: 'web' }), { team: 'web' });
});

test('tagging() leaves what has an owner of its own, and what another owner adopted', () => {
  const theirs = { [labels.owner]: 'other' };
  assert.deepEqual(tagging(whose('me'))('infra', theirs), theirs);
  assert.deepEqual(tagging(whose('other'))('infra', {}), {});
  assert.deepEqual([isAdopted(whose('me'), 'one'), isAdopted(whose('other'), 'one')], [true, false]);
  assert.deepEqual([adoptedAs(whose('me'), 'u-1')?.podId, adoptedAs(whose('me'), 'u-2')], ['pod', undefined]);
});

test('wakes() tells of what was adopted, whose events have no label of ours', async () => {
  const died = (id: string, name: string): object => ({
    Type: 'container',
    Action: 'died',
    Actor: { ID: id, Attributes: { name } },
  });
  async function* documents(): AsyncGenerator<object> {
    yield died('one', 'nginx');
    yield died('other', 'stranger');
    yield died('infra', 'web-infra');
  }
  const context = { ...whose('me'), http: { documents } } as unknown as Context;
  const told: string[] = [];
  for await (const hint of wakes(context, new AbortController().signal)) told.push(hint);
  assert.deepEqual(told, ['container nginx died', 'container web-infra died']);
});
