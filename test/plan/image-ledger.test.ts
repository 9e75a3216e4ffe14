import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Actual, ActualContainer, ActualPod } from '../../src/model/actual.ts';
import type { DesiredVolume } from '../../src/model/desired.ts';
import { emptyLedger, type ImageLedger } from '../../src/model/image-ledger.ts';
import type { Key } from '../../src/model/key.ts';
import { noteImage, noteImages, withBuilt } from '../../src/plan/image-ledger.ts';
import { desiredContainer, desiredOf, desiredPod } from '../fakes/desired.ts';
import { nothingBut } from './scenario.ts';

const hour = 3_600_000;
const key: Key = 'Pod/default/web';

interface Running {
  readonly pod?: string;
  readonly imageId: string;
  readonly createdAtMs?: number;
  readonly startedAtMs?: number;
}

/** An engine with these pods of one workload, and these images. */
function actualOf(pods: readonly Running[], images: readonly string[] = pods.map(({ imageId }) => imageId)): Actual {
  const podOf = ({ pod = 'web', imageId, createdAtMs = 1, startedAtMs = 1 }: Running): readonly [Key, ActualPod] => {
    const container = { name: 'main', id: pod, imageId, startedAtMs } as ActualContainer;
    const own: Key = `Pod/default/${pod}`;
    const infra = { id: 'i', state: 'running', createdAtMs, startedAtMs, exitedAtMs: 0 } as const;
    return [
      own,
      { key: own, declaredBy: key, infra, containers: new Map([['main', container]]) } as unknown as ActualPod,
    ];
  };
  const known = new Map(images.map(id => [id, { id, context: undefined }]));
  return nothingBut([], { pods: new Map(pods.map(podOf)), images: known });
}

const web = desiredOf([desiredPod('web', { containers: [desiredContainer('web-main', { image: 'a.io/web:1' })] })]);

function ran(ledger: ImageLedger): unknown {
  return ledger.workloads[key]?.ran;
}

describe('noteImages()', () => {
  test('notes what a workload needs, what it runs, and what it ran before', () => {
    const one = noteImages(emptyLedger, web, actualOf([{ imageId: 'a' }]), 5);
    assert.deepEqual(one.workloads, { [key]: { references: ['a.io/web:1'], pinned: [], ran: { main: ['a'] } } });
    const two = noteImages(one, web, actualOf([{ imageId: 'b' }]), 6);
    assert.deepEqual(ran(two), { main: ['b', 'a'] });
    const three = noteImages(two, web, actualOf([{ imageId: 'c' }]), 7);
    assert.deepEqual(ran(three), { main: ['c', 'b'] });
  });

  test('is the same object where nothing changed', () => {
    const ledger = noteImages(emptyLedger, web, actualOf([{ imageId: 'a' }]), 5);
    assert.equal(noteImages(ledger, web, actualOf([{ imageId: 'a' }]), 9), ledger);
  });

  test('a pod that is made and never started is no change yet; of two that run the newer one counts', () => {
    const one = noteImages(emptyLedger, web, actualOf([{ imageId: 'a' }]), 5);
    const made = actualOf([{ imageId: 'a' }, { pod: 'web-2', imageId: 'b', createdAtMs: 2, startedAtMs: 0 }]);
    assert.deepEqual(ran(noteImages(one, web, made, 6)), { main: ['a'] });
    const both = actualOf([{ pod: 'web-2', imageId: 'b', createdAtMs: 2 }, { imageId: 'a' }]);
    const two = noteImages(one, web, both, 6);
    assert.deepEqual(ran(two), { main: ['b', 'a'] });
    assert.deepEqual(ran(noteImages(two, web, actualOf([{ pod: 'web-2', imageId: 'b', createdAtMs: 2 }]), 7)), {
      main: ['b', 'a'],
    });
  });

  test('what is stopped, held or elsewhere is still a workload; what is gone is none', () => {
    const one = noteImages(emptyLedger, web, actualOf([{ imageId: 'a' }]), 5);
    const nothing = desiredOf([]);
    assert.deepEqual(noteImages(one, nothing, actualOf([{ imageId: 'a' }]), 6), one);
    const held = noteImages(one, desiredOf([], { held: new Map([[key, 'broken']]) }), actualOf([]), 6);
    assert.deepEqual(ran(held), { main: ['a'] });
    assert.deepEqual(noteImages(one, nothing, actualOf([]), 6).workloads, {});
  });

  test('notes images of claims, and what an annotation pins', () => {
    const claim = { key: 'PersistentVolumeClaim/default/files', driver: 'image', options: { image: 'a.io/files:1' } };
    const pinned = desiredPod('web');
    const annotations = { 'podstead.dev/keep-images': 'a.io/web:0, a.io/tool:2' };
    const desired = desiredOf([{ ...pinned, sandbox: { ...pinned.sandbox, annotations } }], {
      volumes: new Map([['files', claim as unknown as DesiredVolume]]),
    });
    const { workloads } = noteImages(emptyLedger, desired, actualOf([]), 5);
    assert.deepEqual(workloads['PersistentVolumeClaim/default/files']?.references, ['a.io/files:1']);
    assert.deepEqual(workloads[key]?.pinned, ['a.io/tool:2', 'a.io/web:0']);
  });

  test('counts the time since an image was used last, and forgets one that is gone', () => {
    const came = noteImage(emptyLedger, { id: 'a', names: ['a.io/web:1'], isNew: true }, 3);
    assert.deepEqual(came.images, { a: { names: ['a.io/web:1'], unusedSinceMs: 3 } });
    const used = noteImages(came, web, actualOf([{ imageId: 'a' }]), 5);
    assert.deepEqual(used.images, { a: { names: ['a.io/web:1'] } });
    const left = noteImages(used, web, actualOf([], ['a']), 9);
    assert.deepEqual(left.images, { a: { names: ['a.io/web:1'], unusedSinceMs: 9 } });
    assert.equal(noteImages(left, web, actualOf([], ['a']), 10), left);
    // A look that began before it came does not show it yet.
    assert.ok('a' in noteImages(left, web, actualOf([], []), 9 + hour - 1).images);
    assert.deepEqual(noteImages(left, web, actualOf([], []), 9 + hour).images, {});
  });

  test('what was built by hand came by us under no name, and one that is noted already stays as it is noted', () => {
    const ours = noteImage(emptyLedger, { id: 'a', names: ['x'], isNew: true }, 3);
    const built = [
      { id: 'a', builtAtMs: 7 },
      { id: 'b', builtAtMs: 8 },
    ];
    assert.deepEqual(withBuilt(ours, built).images, {
      a: { names: ['x'], unusedSinceMs: 3 },
      b: { names: [], unusedSinceMs: 8 },
    });
  });

  test('an image that was there before it was pulled is not ours; another name of one that is ours is', () => {
    assert.equal(noteImage(emptyLedger, { id: 'a', names: ['x'], isNew: false }, 3), emptyLedger);
    const ours = noteImage(emptyLedger, { id: 'a', names: ['x'], isNew: true }, 3);
    assert.deepEqual(noteImage(ours, { id: 'a', names: ['y', 'x'], isNew: false }, 4).images, {
      a: { names: ['x', 'y'], unusedSinceMs: 3 },
    });
  });
});
