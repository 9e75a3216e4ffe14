import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeScrubber } from '../../src/cli/scrub.ts';
import type { Desired } from '../../src/model/desired.ts';
import { seal } from '../../src/model/sealed.ts';

/** Only what the scrubber looks at. */
const desired = {
  pods: new Map([
    [
      'Pod/default/web',
      {
        initContainers: [],
        containers: [
          {
            env: [
              { name: 'S', value: seal('hunter2') },
              { name: 'A', value: seal('hunter2-hunter2') },
              { name: 'B', value: 'public' },
              { name: 'C', value: seal('ab') },
              { name: 'D', value: seal('a.b*c') },
            ],
          },
        ],
        volumes: [
          { type: 'files', secret: true, entries: [{ content: seal(Buffer.from('line one\n"line" two\n')) }] },
          { type: 'files', secret: false, entries: [{ content: seal(Buffer.from('shown')) }] },
          {
            type: 'files',
            secret: true,
            entries: [
              { secret: false, content: seal(Buffer.from('namespace')) },
              { secret: true, content: seal(Buffer.from('hidden-key')) },
              { secret: false, content: { parts: [{ field: 'metadata.uid' }] } },
            ],
          },
        ],
      },
    ],
  ]),
  images: new Map([['i', { credentials: seal({ host: { username: 'me', password: 'registry-pass' } }) }]]),
} as unknown as Desired;

const cases: readonly (readonly [string, string, string])[] = [
  ['a value in the middle of text', 'x=hunter2-hunter2!', 'x=***!'],
  ['a value whole that begins with another', 'hunter2-hunter2', '***'],
  ['each line of a file', 'found line one there', 'found *** there'],
  ['a value as JSON writes it', JSON.stringify({ a: '"line" two' }), '{"a":"***"}'],
  ['a value in base64', Buffer.from('hunter2-hunter2').toString('base64'), '***'],
  ['a registry password', 'login registry-pass failed', 'login *** failed'],
  ['a value with signs of patterns', 'a.b*c but not aXbbc', '*** but not aXbbc'],
];

for (const [name, text, want] of cases) {
  test(`makeScrubber() hides ${name}`, () => {
    const scrubber = makeScrubber();
    scrubber.learn(desired);
    assert.equal(scrubber.scrub(text), want);
  });
}

test('makeScrubber() leaves what is no secret, and values too short to tell', () => {
  const scrubber = makeScrubber();
  assert.equal(scrubber.scrub('hunter2-hunter2'), 'hunter2-hunter2');
  scrubber.learn(desired);
  assert.equal(scrubber.scrub('public shown ab'), 'public shown ab');
  assert.equal(scrubber.scrub('namespace of hidden-key'), 'namespace of ***', 'a projected volume holds both kinds');
});
