import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { before, describe, test } from 'node:test';
import { blocksOf, type Place, runBlock, shellIn } from '../docs/blocks.ts';
import { cleanUps, type Host, host } from './podstead.ts';
import { copySample } from './sample.ts';

for (const file of ['README.md', 'docs/commands.md']) {
  describe(`what ${file} shows on an engine is what is printed`, () => {
    const cleaning = cleanUps();
    let on: Host;
    let place: Place;
    before(async () => {
      on = await host(cleaning);
      await rm(on.source, { recursive: true });
      await copySample(on.source);
      if (basename(on.source) !== 'manifests') throw new Error(`The pages say "manifests", found "${on.source}"`);
      place = { cwd: dirname(on.source), env: on.env };
    });
    for (const block of blocksOf(file).filter(({ where }) => where === 'engine')) {
      test(block.name, () => runBlock(block, shellIn(place)));
    }
  });
}
