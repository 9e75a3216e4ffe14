import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expand } from '../../src/desired/expand.ts';
import { isSealed, seal } from '../../src/model/sealed.ts';
import { fieldsIn, secretsIn } from '../../src/model/text.ts';

const values = new Map<string, string | ReturnType<typeof seal<string>>>([
  ['A', 'one'],
  ['SECRET', seal('hush')],
]);

const cases: readonly (readonly [string, string, string])[] = [
  ['takes in a variable', 'x$(A)y', 'xoney'],
  ['leaves an unknown variable as written', '$(NONE)', '$(NONE)'],
  ['turns $$ into $', '$$(A)', '$(A)'],
  ['leaves a dollar alone', 'cost $5 and $A', 'cost $5 and $A'],
  ['leaves an open parenthesis alone', '$(A', '$(A'],
  ['does not expand twice', '$(A)$$(A)', 'one$(A)'],
];

for (const [name, given, want] of cases) {
  test(`expand() ${name}`, () =>
    assert.equal(
      expand(given, each => values.get(each)),
      want,
    ));
}

test('expand() seals what takes in a sealed value', () => {
  const expanded = expand('postgres://u:$(SECRET)@h', each => values.get(each));
  assert.ok(isSealed(expanded));
  assert.equal(expanded.reveal(), 'postgres://u:hush@h');
  assert.equal(`${expanded}${JSON.stringify({ expanded })}`, '***{"expanded":"***"}');
});

test('expand() keeps the blanks of what it takes in, beside secrets', () => {
  const blank = { parts: [{ field: 'status.podIP' as const }] };
  const expanded = expand('$(SECRET)@$(IP):80', name => (name === 'IP' ? blank : values.get(name)));
  assert.ok(!isSealed(expanded) && typeof expanded === 'object');
  assert.deepEqual(fieldsIn(expanded), ['status.podIP']);
  assert.deepEqual(secretsIn(expanded), ['hush']);
  assert.equal(JSON.stringify(expanded), '{"parts":["***","@",{"field":"status.podIP"},":80"]}');
});
