import fc from 'fast-check';
import { edits } from '../arbitraries/edits.ts';
import { property } from '../arbitraries/property.ts';
import { storiesOf, tell } from './story.ts';
import { assertAtRest, assertConverged, calmDown } from './verdict.ts';
import { newWorld } from './world.ts';

const stories = storiesOf({ breaking: true });

property(
  'reconcileLoop() converges after any story of edits, drift, faults, jumps of the clock and restarts',
  40,
  fc.asyncProperty(stories, edits({ breaking: false }), async (story, last) => {
    const world = newWorld(story.weather);
    const life = await tell(world, story);
    await life.end();
    await calmDown(world, last);
    assertConverged(world, !story.scenes.some(({ move }) => move === 'jump'));
    await assertAtRest(world);
  }),
);
