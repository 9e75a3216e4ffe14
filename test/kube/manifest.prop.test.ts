import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dump, loadAll } from 'js-yaml';
import { manifestsOf, wishes } from '../arbitraries/manifests.ts';
import { property } from '../arbitraries/property.ts';
import { desiredOf } from '../plan/scenario.ts';
import { essence, generated } from './again.ts';

const contexts = { app: 'digest-of-app' };

property(
  'objectsOf() of what runs comes to the same pods, digests and claims, with the Secrets beside it, for any source',
  200,
  fc.property(wishes(1), chosen => {
    // Of a Deployment without pods nothing runs, so that nothing tells what comes after it, nor what was wrong with it.
    const idle = chosen.pods.filter(({ kind, replicas }) => kind === 'Deployment' && replicas === 0);
    const idleKeys = new Set(idle.map(({ namespace, name }) => `Deployment/${namespace}/${name}`));
    const wish = idle.length > 0 ? { ...chosen, pods: chosen.pods.map(pod => ({ ...pod, after: 0 })) } : chosen;
    const manifests = manifestsOf(wish);
    const yaml = manifests.map(object => dump(object)).join('---\n');
    const before = desiredOf(yaml, contexts);
    const { text } = generated(before.desired);
    const secrets = manifests.filter(({ kind }) => kind === 'Secret').map(object => dump(object));
    const after = desiredOf([...secrets, text].join('---\n'), contexts);
    const said = ({ problems }: typeof before): unknown =>
      problems.filter(({ key }) => key === undefined || !idleKeys.has(key)).map(({ code, key }) => [code, key]);
    assert.deepEqual(said(after), said(before), text);
    assert.deepEqual(essence(after.desired), essence(before.desired), text);
    // Nothing of a Secret is in it, and what is read is what was meant.
    assert.doesNotMatch(text, /key [012]|pass [012]/);
    assert.ok(loadAll(text).every(object => (object as { kind?: string }).kind !== 'Secret'));
  }),
);
