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
    if (!isNear(dial.host))
      return answer(id, { ok: undefined, message: 'no network of this namespace has its address' });
    void dialNetwork(dial).then(result => answer(id, result));
  });
  return new Promise(resolve => process.stdin.on('end', resolve));
}

let near = new BlockList();

/** Whether an address is on a network right here: what is further away is another's that happens to have it. */
function isNear(ip: string): boolean {
  const family = isIPv6(ip) ? 'ipv6' : 'ipv4';
  if (near.check(ip, family)) return true;
  // A bridge may have come since.
  near = new BlockList();
  for (const each of Object.values(networkInterfaces()).flat()) {
    const [base, length] = each?.cidr?.split('/') ?? [];
    if (base !== undefined && !each?.internal) near.addSubnet(base, Number(length), isIPv6(base) ? 'ipv6' : 'ipv4');
  }
  return near.check(ip, family);
}
