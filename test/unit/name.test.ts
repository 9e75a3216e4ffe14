import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyOf } from '../../src/model/key.ts';
import { escapeName, unitName } from '../../src/unit/name.ts';
import { check } from '../arbitraries/property.ts';

const names: readonly (readonly [key: `${string}/${string}/${string}`, owner: string, name: string])[] = [
  ['Pod/default/web', 'podstead', 'podstead-pod-web.service'],
  ['Pod/default/web-7d9f-0', 'podstead', 'podstead-pod-web-7d9f-0.service'],
  ['Pod/shop/web', 'podstead', 'podstead-pod-shop_web.service'],
  ['Pod/default/a.b', 'podstead', 'podstead-pod-a.b.service'],
  ['Pod/default/web', 'my-owner', 'my\\x2downer-pod-web.service'],
  ['Pod/default/web', '.é x', '\\x2e\\xc3\\xa9\\x20x-pod-web.service'],
];

for (const [key, owner, name] of names) {
  test(`unitName of ${key} and owner '${owner}' is ${name}`, () => assert.equal(unitName(key, owner), name));
}

test('unitName never gives two keys or owners one name, nor one that is too long', () => {
  const part = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$/);
  const whole = fc.tuple(part, part, fc.string({ maxLength: 20 }));
  check(
    fc.property(whole, whole, ([ns, name, owner], [ns2, name2, owner2]) => {
      const [one, two] = [unitName(keyOf('Pod', ns, name), owner), unitName(keyOf('Pod', ns2, name2), owner2)];
      assert.ok(one.length <= 220);
      assert.equal(one === two, ns === ns2 && name === name2 && owner === owner2);
    }),
  );
  assert.notEqual(unitName('Pod/default/b-pod-c', 'a'), unitName('Pod/default/c', 'a-pod-b'));
});

test('escapeName agrees with systemd-escape', t => {
  const texts = ['plain', 'a-b', 'with space', '.dot', 'é€', 'a:b_c.d', '%n"\\', 'a\tb'];
  let out: string;
  try {
    out = execFileSync('systemd-escape', ['--', ...texts], { encoding: 'utf8' });
  } catch {
    return t.skip('systemd-escape is not installed');
  }
  assert.deepEqual(
    texts.map(text => escapeName(text)),
    out.trimEnd().split(' '),
  );
});
