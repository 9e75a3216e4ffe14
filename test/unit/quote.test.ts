import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quoteCommand, quoteWord, splitCommand, splitWords } from '../../src/unit/quote.ts';
import { parseUnit, renderUnit } from '../../src/unit/unit-file.ts';
import { check } from '../arbitraries/property.ts';

/** Text with many of the characters that mean something in a unit. */
const word = fc
  .array(
    fc.oneof(fc.constantFrom(...'%$"\'\\; =#[]\n\t\r\u0001\u007fé€😀'), fc.string({ maxLength: 3, unit: 'grapheme' })),
    { maxLength: 8 },
  )
  .map(parts => parts.join('').replaceAll('\0', ''));

const words: readonly (readonly [plain: string, quoted: string])[] = [
  ['plain-1.2_/:@', 'plain-1.2_/:@'],
  ['', '""'],
  ['two words', '"two words"'],
  ['100%', '100%%'],
  ['a"b', '"a\\"b"'],
  ['back\\slash', '"back\\\\slash"'],
  ["it's", '"it\'s"'],
  [';', '";"'],
  ['#no comment', '"#no comment"'],
  ['line\nbreak\ttab\u0001', '"line\\nbreak\\ttab\\x01"'],
  ['é', '"é"'],
];

for (const [plain, quoted] of words) {
  test(`quoteWord writes ${JSON.stringify(plain)} as ${quoted}`, () => assert.equal(quoteWord(plain), quoted));
}

test('quoteCommand doubles the dollar in arguments', () => {
  assert.equal(quoteCommand(['/bin/echo', '$HOME', '$X $$']), '/bin/echo "$$HOME" "$$X $$$$"');
});

test('quoteCommand refuses a program that is no absolute path or has a dollar in it', () => {
  for (const program of ['podman', '', '-/bin/true', '/opt/$x/podman']) {
    assert.throws(() => quoteCommand([program]), { name: 'UnitTextError' });
  }
});

test('quoteWord refuses what UTF-8 text cannot hold', () => {
  for (const text of ['a\0', '\ud800']) assert.throws(() => quoteWord(text), { name: 'UnitTextError' });
});

test('splitWords gives back what quoteWord wrote', () => {
  check(fc.property(fc.array(word), list => assert.deepEqual(splitWords(list.map(quoteWord).join(' ')), list)));
});

test('splitCommand gives back what quoteCommand wrote, on one line', () => {
  check(
    fc.property(fc.array(word), args => {
      const line = quoteCommand(['/usr/bin/podman', ...args]);
      assert.ok(!/[\n\r]/.test(line));
      assert.deepEqual(splitCommand(line), ['/usr/bin/podman', ...args]);
    }),
  );
});

test('parseUnit gives back what renderUnit wrote', () => {
  const name = fc.stringMatching(/^[A-Za-z-]{1,12}$/);
  const entry = fc.tuple(
    name,
    fc.array(word, { minLength: 1, maxLength: 3 }).map(list => list.map(quoteWord).join(' ')),
  );
  const section = fc.record({ name, entries: fc.array(entry) }, { noNullPrototype: true });
  check(
    fc.property(fc.array(section), sections => {
      const unit = { name: 'x.service', sections };
      assert.deepEqual(parseUnit('x.service', renderUnit(unit)), unit);
    }),
  );
});

test('parseUnit reads what people write: comments, continued lines, spaces, repeated keys', () => {
  const text =
    '# c\n; c\n[Service]\r\nExecStart = /bin/a \\\n# in between\n  b\nEnvironment=A=1\nEnvironment=\n\nnonsense\n[X]\n';
  assert.deepEqual(parseUnit('x.service', text).sections, [
    {
      name: 'Service',
      entries: [
        ['ExecStart', '/bin/a    b'],
        ['Environment', 'A=1'],
        ['Environment', ''],
      ],
    },
    { name: 'X', entries: [] },
  ]);
});
