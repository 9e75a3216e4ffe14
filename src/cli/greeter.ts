import type { Log } from '../log.ts';
import type { Desired, DesiredPort } from '../model/desired.ts';
import type { Event } from '../model/event.ts';
import type { Key } from '../model/key.ts';
import type { Plan } from '../model/plan.ts';

/**
 * Says once, when nothing is left to do for the first time, what runs, where it can be reached, and what does not run.
 * `command` is how this program was called.
 */
export function greeter(log: Log, command: string): (event: Event, desired: Desired | undefined) => void {
  let greeted = false;
  let plan: Plan | undefined;
  // What the plan still waited for, and has come since.
  const come = new Set<Key>();
  return (event, desired) => {
    if (greeted) return;
    if (event.type === 'planned') {
      plan = event.plan;
      come.clear();
    }
    if (event.type === 'settled' && event.failure === undefined && event.skipped === undefined) come.add(event.key);
    if (event.type !== 'idle' || plan === undefined || desired === undefined) return;
    greeted = true;
    const lacking = plan.changes.filter(({ op, key }) => op !== 'keep' && !come.has(key));
    const running = [...desired.pods.values()].filter(pod => !lacking.some(({ key }) => key === pod.key));
    for (const { key, why } of lacking) log.warn(`${key} is not as declared`, { why });
    log.info(`${count(running.length, desired.pods.size)}; look with \`${command} status\``);
    for (const pod of running) {
      for (const port of pod.sandbox.ports) log.info(`open ${address(port)}`, { pod: pod.key });
    }
  };
}

function count(running: number, all: number): string {
  if (all === 0) return 'no pod is declared: nothing runs';
  if (running === all) return `all as declared: ${all} ${all === 1 ? 'pod' : 'pods'}`;
  return `${running} of ${all} pods as declared`;
}

/** Ports that usually speak HTTP: a terminal makes such an address clickable. */
const webPorts: readonly number[] = [80, 3000, 8000, 8080];

function address({ hostIp, hostPort, containerPort, protocol }: DesiredPort): string {
  const host = hostIp === undefined || hostIp === '0.0.0.0' || hostIp === '::' ? '127.0.0.1' : hostIp;
  const where = `${host.includes(':') ? `[${host}]` : host}:${hostPort}`;
  return webPorts.includes(containerPort) && protocol === 'tcp' ? `http://${where}` : `${where} (${protocol})`;
}
