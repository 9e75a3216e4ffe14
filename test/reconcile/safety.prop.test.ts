import fc from 'fast-check';
import { property } from '../arbitraries/property.ts';
import { type Story, storiesOf, tell } from './story.ts';
import { type Verdict, watchForeign, watchInstances, watchVolumes } from './watchers.ts';
import { newWorld, type World } from './world.ts';

const stories = storiesOf({ breaking: true });
const intruding = storiesOf({ breaking: true, intruding: true });

function watched(stories: fc.Arbitrary<Story>, watch: (world: World) => Verdict): fc.IRawProperty<[Story]> {
  return fc.asyncProperty(stories, async story => {
    const world = newWorld(story.weather);
    const verdict = watch(world);
    const life = await tell(world, story);
    await life.end();
    verdict();
  });
}

property(
  'reconcileLoop() leaves what is not ours untouched, also what has our labels by inheritance, in any story',
  25,
  watched(intruding, watchForeign),
);

property('reconcileLoop() removes no volume with data in any story', 25, watched(stories, watchVolumes));

property(
  'reconcileLoop() has at most one instance of a container run at any moment of any story',
  25,
  watched(stories, watchInstances),
);
