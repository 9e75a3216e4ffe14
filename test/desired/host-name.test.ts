import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredOf } from '../plan/scenario.ts';

const cases: readonly (readonly [string, string, string | undefined, string | undefined])[] = [
  ['a subdomain', 'subdomain: nets', 'web', 'web.nets.shop.svc.cluster.local'],
  ['a subdomain and a host name', 'hostname: front, subdomain: nets', 'front', 'front.nets.shop.svc.cluster.local'],
  [
    'the full name as host name',
    'subdomain: a, setHostnameAsFQDN: true',
    'web.a.shop.svc.cluster.local',
    'web.a.shop.svc.cluster.local',
  ],
  ['setHostnameAsFQDN without a subdomain', 'setHostnameAsFQDN: true', 'web', undefined],
  ['an override, which leaves no full name', 'subdomain: a, hostnameOverride: b.c', 'b.c', undefined],
  ["the host's network, which has names of its own", 'subdomain: a, hostNetwork: true', 'web', undefined],
];
for (const [name, fields, hostname, fqdn] of cases) {
  test(`resolve() of ${name}`, () => {
    const { desired } = desiredOf(podWith(fields));
    const sandbox = desired.pods.get('Pod/shop/web')?.sandbox;
    assert.deepEqual([sandbox?.hostname, sandbox?.fqdn], [hostname, fqdn]);
  });
}

test('resolve() refuses a full name that the kernel does not take', () => {
  const long = 'x'.repeat(40);
  const { desired, problems } = desiredOf(podWith(`hostname: ${long}, subdomain: nets, setHostnameAsFQDN: true`));
  assert.equal(desired.pods.size, 0);
  assert.match(problems.map(({ code, message }) => `${code} ${message}`).join(), /FIELD_VALUE .*has 68 characters/);
});

function podWith(fields: string): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
spec: { ${fields}, containers: [{ name: main, image: a:1 }] }`;
}
