import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dialNetwork, type NetworkDial } from './dial.ts';
import type { ProbeResult } from './fold.ts';
import { eachLine } from './lines.ts';

/**
 * The helper inside the network namespace of rootless pods: takes dials as lines of JSON on standard input, answers
 * each by its `id` on standard output, and ends with its input.
 */
export function serve(): Promise<void> {
  let outgoing = '';
  const answer = (id: number, result: ProbeResult): void => {
    if (outgoing === '') {
      setImmediate(() => {
        process.stdout.write(outgoing);
        outgoing = '';
      });
    }
    outgoing += `${JSON.stringify({ id, ...result })}\n`;
  };
  eachLine(process.stdin, line => {
    const { id, ...dial } = JSON.parse(line) as NetworkDial & { readonly id: number };
    if (!isNear(dial.host)) {
      answer(id, { ok: undefined, message: 'no network of this namespace has its address' });
      // 4.3 takes the namespace down with its last pod, and makes another for the next: that one needs another helper.
      if (near.count === 0) setImmediate(() => process.exit(0));
      return;
    }
    void dialNetwork(dial).then(result => answer(id, result));
  });
  return new Promise(resolve => process.stdin.on('end', resolve));
}

/** How long the list of networks is believed, in milliseconds. */
const listMs = 1000;
let near = { networks: new BlockList(), count: 0, readMs: Number.NEGATIVE_INFINITY };

/** Whether an address is on a network right here: what is further away is another's that happens to have it. */
function isNear(ip: string): boolean {
  const family = isIPv6(ip) ? 'ipv6' : 'ipv4';
  if (performance.now() < near.readMs + listMs && near.networks.check(ip, family)) return true;
  near = readNetworks();
  return near.networks.check(ip, family);
}

function readNetworks(): typeof near {
  const found = Object.values(networkInterfaces())
    .flat()
    .flatMap(each => (each?.cidr && !each.internal ? [each.cidr] : []));
  const networks = new BlockList();
  for (const cidr of found) {
    const [base = '', length] = cidr.split('/');
    networks.addSubnet(base, Number(length), isIPv6(base) ? 'ipv6' : 'ipv4');
  }
  return { networks, count: found.length, readMs: performance.now() };
}
