import assert from 'node:assert/strict';
import { test } from 'node:test';
import { highest } from '../../src/podman/address.ts';
import { defaultInterface } from '../../src/podman/runtime-text.ts';

for (const [name, subnet, used, want] of [
  ['takes the last before the broadcast address', '10.89.0.0/24', [], '10.89.0.254'],
  ['leaves out what is used', '10.89.0.0/24', ['10.89.0.254', '10.89.0.253'], '10.89.0.252'],
  ['crosses bytes', '10.89.0.0/16', ['10.89.255.254'], '10.89.255.253'],
  ['finds nothing where all are used', '10.89.0.0/30', ['10.89.0.1', '10.89.0.2'], undefined],
  ['takes none of IPv6', 'fd00::/64', [], undefined],
] as const) {
  test(`highest() ${name}`, () => assert.equal(highest(subnet, new Set(used)), want));
}

test('defaultInterface() is that of the default route with the lowest metric', () => {
  const row = (name: string, destination: string, metric: number, mask: string) =>
    [name, destination, '010200C0', '0003', '0', '0', metric, mask, '0', '0', '0'].join('\t');
  const table = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    row('wlan0', '00000000', 600, '00000000'),
    row('eth1', '000200C0', 0, '00FFFFFF'),
    row('eth0', '00000000', 100, '00000000'),
  ];
  assert.equal(defaultInterface(table.join('\n')), 'eth0');
  assert.equal(defaultInterface(''), undefined);
});
