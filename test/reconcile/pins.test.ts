import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actual } from '../../src/model/actual.ts';
import type { DesiredImage } from '../../src/model/desired.ts';
import type { PinnedImage, Unpinned } from '../../src/model/pinned.ts';
import type { Step } from '../../src/model/plan.ts';
import { withoutPresent } from '../../src/plan/fetch.ts';
import { type ImagePins, pinPulls } from '../../src/reconcile/pins.ts';
import { planOf } from '../fakes/plans.ts';

const { signal } = new AbortController();
const imageOf = (reference: string): DesiredImage => ({ reference, build: undefined, credentials: undefined });
const pull = (id: number, reference: string): Step => ({
  id,
  key: `Image/-/${reference}`,
  action: { verb: 'pull', image: imageOf(reference), always: true },
  after: [],
  when: 'done',
});
const pinned = (name: string, digest: string): PinnedImage => ({
  ...{ repository: `quay.io/${name}`, tag: '1', digest, bytes: 12, isPresent: false, byTag: false },
});
const nothing: Actual = {
  ...{ pods: new Map(), volumes: new Map(), images: new Map(), foreignNames: new Map() },
  ...{ foreignPorts: [], fileUids: [], networks: [] },
};
/** What the engine has, by names. */
const having = (images: Readonly<Record<string, string>>): Actual => ({
  ...nothing,
  images: new Map(Object.entries(images).map(([name, id]) => [name, { id, context: undefined }])),
});

/** A registry that knows these, and notes what it was asked. */
function pinsOf(known: Readonly<Record<string, PinnedImage | Unpinned>>): {
  readonly pins: ImagePins;
  readonly asked: string[];
} {
  const asked: string[] = [];
  return {
    asked,
    pins: {
      pin: async images => {
        asked.push(...images.map(({ reference }) => reference));
        return new Map(Object.entries(known));
      },
    },
  };
}

test('pinPulls() asks nobody for a plan without pulls, and leaves it as it is', async () => {
  const { pins, asked } = pinsOf({});
  const plan = planOf([{ ...pull(1, 'a:1'), action: { verb: 'build', image: imageOf('a:1') } }], []);
  const result = await pinPulls(plan, pins, nothing, { signal });
  assert.equal(result.plan, plan);
  assert.deepEqual([asked, result.notices], [[], []]);
  const pulls = planOf([pull(1, 'a:1')], []);
  assert.equal((await pinPulls(pulls, undefined, nothing, { signal })).plan, pulls);
});

test('pinPulls() gives each pull its image, tells which the engine has, and says of which nobody could tell', async () => {
  const { pins, asked } = pinsOf({
    'quay.io/a:1': pinned('a', 'sha256:aa'),
    'quay.io/b:1': pinned('b', 'sha256:bb'),
    'quay.io/c:1': { why: 'it is down' },
    'quay.io/d@sha256:dd': { why: 'it is down' },
  });
  const references = ['quay.io/a:1', 'quay.io/b:1', 'quay.io/c:1', 'quay.io/d@sha256:dd'];
  const plan = planOf(
    references.map((reference, i) => pull(i + 1, reference)),
    [],
  );
  const result = await pinPulls(plan, pins, having({ 'quay.io/b@sha256:bb': 'b' }), { signal });
  assert.deepEqual(asked, references);
  assert.deepEqual(
    result.plan.steps.map(({ action }) => action.verb === 'pull' && action.pinned),
    [pinned('a', 'sha256:aa'), { ...pinned('b', 'sha256:bb'), isPresent: true }, undefined, undefined],
  );
  assert.deepEqual(
    result.notices.map(({ code, message }) => [code, message]),
    [['IMAGE_UNPINNED', "Image 'quay.io/c:1' is pulled by its name, whatever that stands for by then: it is down"]],
  );
});

test('withoutPresent() leaves out what would bring the image that the name stands for already, and nothing else', async () => {
  const known = { 'quay.io/a:1': pinned('a', 'sha256:aa'), 'quay.io/b:1': pinned('b', 'sha256:bb') };
  const plan = planOf(
    ['quay.io/a:1', 'quay.io/b:1', 'quay.io/c:1'].map((reference, i) => pull(i + 1, reference)),
    [],
  );
  const actual = having({
    ...{ 'quay.io/a:1': 'a', 'quay.io/a@sha256:aa': 'a', 'quay.io/c:1': 'c' },
    // The digest is here, and the name is another image's.
    ...{ 'quay.io/b:1': 'old', 'quay.io/b@sha256:bb': 'b' },
  });
  const { plan: made } = await pinPulls(plan, pinsOf(known).pins, actual, { signal });
  assert.deepEqual(
    withoutPresent(made, actual).steps.map(({ key }) => key),
    ['Image/-/quay.io/b:1', 'Image/-/quay.io/c:1'],
  );
});
