import type { RestartPolicy } from '../model/desired.ts';
import { quoteCommand } from './quote.ts';
import type { UnitEntry } from './unit-file.ts';

/**
 * The first systemd that lets the time between two restarts grow, and that can restart a service without failing what
 * waits for it (systemd.service(5), "RestartSteps=", "RestartMode=").
 */
export const stepsSince = 254;

/** As CrashLoopBackOff begins and ends, in seconds. */
const firstDelay = 10;
const longestDelay = 300;
/** From 10 s to 5 min in so many steps each is about twice the one before. */
const steps = 5;

/**
 * What has systemd start a service again that ended, as a pod's policy asks, for ever, with growing pauses where this
 * systemd can. Entries of [Unit] and of [Service].
 */
export function restartEntries(
  policy: RestartPolicy,
  systemd: number,
): { readonly unit: readonly UnitEntry[]; readonly service: readonly UnitEntry[] } {
  const growing: readonly UnitEntry[] =
    systemd < stepsSince
      ? []
      : [
          ['RestartSteps', String(steps)],
          ['RestartMaxDelaySec', String(longestDelay)],
        ];
  if (policy === 'Never') return { unit: [], service: [['Restart', 'no']] };
  return {
    // Without it systemd gives up after five starts in ten seconds.
    unit: [['StartLimitIntervalSec', '0']],
    service: [
      ['Restart', policy === 'Always' ? 'always' : 'on-failure'],
      ['RestartSec', String(firstDelay)],
      ...growing,
    ],
  };
}

/**
 * What lets a service begin only after others have: once what ran to its end has succeeded, and what goes on has started.
 * Theirs are restarts that {@link restartsUnseen} has.
 */
export function afterSuccess(
  units: readonly string[],
  { systemd, user }: { readonly systemd: number; readonly user: boolean },
): { readonly unit: readonly UnitEntry[]; readonly service: readonly UnitEntry[] } {
  if (units.length === 0) return { unit: [], service: [] };
  const names = units.join(' ');
  const after: UnitEntry = ['After', names];
  if (systemd >= stepsSince) return { unit: [['Requires', names], after], service: [] };
  // An older one lets go of what waits at the first failure, for good: so that tries by itself, and looks.
  const look = ['/usr/bin/systemctl', ...(user ? ['--user'] : []), 'is-active', '--quiet'];
  return {
    unit: [['Wants', names], after],
    service: units.map((unit): UnitEntry => ['ExecStartPre', quoteCommand([...look, unit])]),
  };
}

/** In a service that others wait for: its restarts do not count as a failure to them. */
export function restartsUnseen(systemd: number): readonly UnitEntry[] {
  return systemd < stepsSince ? [] : [['RestartMode', 'direct']];
}
