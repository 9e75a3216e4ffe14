import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DesiredSandbox } from '../../src/model/desired.ts';
import { parseResolver, type Resolver, resolverOf } from '../../src/podman/resolver.ts';
import { pod } from '../e2e/desired.ts';

const host: Resolver = { servers: ['10.0.0.53', '10.0.0.54'], searches: ['example'], options: ['rotate'] };
const around = { host, gateway: '10.88.1.1', forwards: false };
const given: Resolver = { servers: ['10.0.0.1', '10.0.0.2', '10.0.0.3'], searches: ['own'], options: ['ndots:3'] };
const none: Resolver = { servers: [], searches: [], options: [] };

function sandbox(policy: 'cluster' | 'host' | 'none', of: Resolver, hostNetwork = false): DesiredSandbox {
  return pod('web', { sandbox: { hostNetwork, dns: { policy, ...of } } }).sandbox;
}

const cases: readonly (readonly [string, DesiredSandbox, Partial<typeof around>, Partial<Resolver>])[] = [
  [
    'the namespace with options alone',
    sandbox('cluster', { ...none, options: ['a'] }),
    {},
    { ...none, options: ['a'] },
  ],
  [
    "the namespace before a pod's own",
    sandbox('cluster', given),
    {},
    { servers: ['10.88.1.1', '10.0.0.1', '10.0.0.2'], searches: ['dns.podman', 'own'] },
  ],
  ['an engine that forwards', sandbox('cluster', given), { forwards: true }, { servers: given.servers }],
  ['the host', sandbox('host', none), {}, host],
  ['a host without domains', sandbox('host', none), { host: { ...host, searches: [] } }, { searches: ['.'] }],
  [
    'nobody',
    sandbox('none', { ...none, servers: ['10.0.0.1'] }),
    {},
    { servers: ['10.0.0.1'], searches: ['.'], options: [] },
  ],
  [
    "the namespace on the host's network",
    sandbox('cluster', none, true),
    {},
    { servers: ['10.88.1.1', '10.0.0.53', '10.0.0.54'], searches: ['dns.podman', 'example'] },
  ],
];
for (const [name, of, more, want] of cases) {
  test(`resolverOf() asks ${name}`, () => {
    const found = resolverOf(of, { ...around, ...more });
    assert.deepEqual({ ...found, ...want }, found);
  });
}

test('resolverOf() leaves out a network that the pod cannot reach', () => {
  assert.deepEqual(resolverOf(sandbox('cluster', none, true), { host, gateway: undefined, forwards: false }), host);
});

test('parseResolver() reads what resolv.conf(5) says, and passes over the rest', () => {
  const conf =
    '# a\nnameserver 10.0.0.1\n nameserver\t::1 \ndomain old\nsearch a b\noptions ndots:2 rotate\noptions edns0\n';
  assert.deepEqual(parseResolver(conf), {
    servers: ['10.0.0.1', '::1'],
    searches: ['a', 'b'],
    options: ['ndots:2', 'rotate', 'edns0'],
  });
});
