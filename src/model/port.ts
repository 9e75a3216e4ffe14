import type { DesiredPort } from './desired.ts';

/** Whether two ports cannot be published at once; no address, `0.0.0.0` and `::` mean all addresses. */
export function portsOverlap(one: DesiredPort, other: DesiredPort): boolean {
  const all = (ip: string | undefined): boolean => !ip || ip === '0.0.0.0' || ip === '::';
  const sameAddress = all(one.hostIp) || all(other.hostIp) || one.hostIp === other.hostIp;
  return one.hostPort === other.hostPort && one.protocol === other.protocol && sameAddress;
}
