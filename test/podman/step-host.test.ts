import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepHostOf } from '../../src/cli/step-flags.ts';
import { stepQuery } from '../../src/podman/step-host.ts';

// As `podman --remote build` of 4.3.1 sent it, seen by a proxy: this host's engine runs steps without cgroups, so that no
// build can show what became of these.
test("stepQuery() says all of it as podman's own command does", () => {
  const host = stepHostOf({
    ...{ memory: 67108864, memorySwap: -1, cpuPeriod: 100000, cpuQuota: 50000, cpuShares: 300, shmSize: 1048576 },
    ...{ cpusetCpus: '0-1', cpusetMems: '0', ulimit: ['nofile=100:200'], capAdd: ['net_admin', 'ALL'] },
    ...{ capDrop: ['CAP_CHOWN'], dns: ['9.9.9.9'], dnsSearch: ['x.test'], dnsOption: ['ndots:3'] },
    ...{ addHost: ['a.test:1.2.3.4'], network: 'none' },
  });
  const query = Object.entries(stepQuery(host ?? {})).map(([key, value]) => `${key}=${value}`);
  assert.deepEqual(query.toSorted(), [
    'addcaps=["CAP_NET_ADMIN","ALL"]',
    'cpuperiod=100000',
    'cpuquota=50000',
    'cpusetcpus=0-1',
    'cpusetmems=0',
    'cpushares=300',
    'dnsoptions=["ndots:3"]',
    'dnssearch=["x.test"]',
    'dnsservers=["9.9.9.9"]',
    'dropcaps=["CAP_CHOWN"]',
    'extrahosts=["a.test:1.2.3.4"]',
    'memory=67108864',
    'memswap=-1',
    'networkmode=1',
    'nsoptions=[{"Name":"network","Host":false,"Path":""},{"Name":"user","Host":true,"Path":""}]',
    'shmsize=1048576',
    'ulimits=["nofile=100:200"]',
  ]);
});

test('stepQuery() leaves the network to the engine where nothing is said, and gives one by its name', () => {
  const namespaces = (network?: string): unknown => stepQuery(network === undefined ? {} : { network }).nsoptions;
  assert.equal(namespaces(), '[{"Name":"user","Host":true,"Path":""}]');
  assert.match(String(namespaces('private')), /"network","Host":false,"Path":""/);
  assert.match(String(namespaces('host')), /"network","Host":true,"Path":""/);
  assert.match(String(namespaces('lab')), /"network","Host":false,"Path":"lab"/);
  assert.equal(stepHostOf({}), undefined);
});
