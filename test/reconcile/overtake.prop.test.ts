import assert from 'node:assert/strict';
import fc from 'fast-check';
import { traits } from '../../src/apply/verbs.ts';
import { fingerprint } from '../../src/desired/pod.ts';
import type { EngineAction } from '../../src/engine/engine.ts';
import type { Key } from '../../src/model/key.ts';
import { edited, edits } from '../arbitraries/edits.ts';
import { wishes } from '../arbitraries/manifests.ts';
import { property } from '../arbitraries/property.ts';
import { begin } from './story.ts';
import { assertAtRest, assertConverged, calmDown } from './verdict.ts';
import { calmWeather, newWorld } from './world.ts';

/** From a hint to the end of the pass that it wakes: the longest quiet, and a look of three slow lists, begun anew once. */
const noticedMs = 200 + 2 * 3 * 50 + 100;

property(
  'reconcileLoop() goes on with no stale plan: soon after another wish nothing begins for the old one but what ends an outage',
  40,
  fc.asyncProperty(
    wishes(1),
    edits({ breaking: false }),
    fc.array(fc.constantFrom(0, 10, 50, 800, 5000), { minLength: 1, maxLength: 8 }),
    fc.nat(3000),
    async (first, edit, effectsMs, afterMs) => {
      let effects = 0;
      const never = new AbortController().signal;
      const world = newWorld(calmWeather, {
        latency: () => {
          effects += 1;
          return world.host.clock.sleep(effectsMs[effects % effectsMs.length] ?? 0, never);
        },
        lookLatency: () => world.host.clock.sleep(50, never),
      });
      const { clock } = world.host;
      world.show({ ...world.tree(), wish: first });
      const life = begin(world);
      await clock.advance(afterMs);
      const interrupted = new Set<Key>();
      const stale: string[] = [];
      const changedMs = clock.now();
      const watch = (action: EngineAction): void => {
        if (traits[action.verb].interrupts && 'pod' in action && typeof action.pod === 'string')
          interrupted.add(action.pod);
        const wish = wishOf(action);
        if (wish === undefined || interrupted.has(wish.key)) return;
        const wanted = world.desired().pods.get(wish.key);
        // Absence is believed after 2 s.
        const believedMs = wanted === undefined ? 2 * noticedMs + 2000 : noticedMs;
        if (clock.now() < changedMs + believedMs) return;
        if (wanted === undefined || fingerprint(wanted) !== wish.print) stale.push(`${action.verb} ${wish.key}`);
      };
      world.watchers.push({ effect: watch });
      world.show(edited(world.tree(), edit));
      await clock.advance(60_000);
      assert.deepEqual(stale, []);
      await life.end();
      await calmDown(world, { edit: 'mend' });
      assertConverged(world);
      await assertAtRest(world);
    },
  ),
);

function wishOf(action: EngineAction): { readonly key: Key; readonly print: string } | undefined {
  if (action.verb !== 'createPod' && action.verb !== 'createContainer' && action.verb !== 'startContainer')
    return undefined;
  return { key: action.pod.key, print: fingerprint(action.pod) };
}
