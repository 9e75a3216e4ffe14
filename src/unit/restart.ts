import type { RestartPolicy } from '../model/desired.ts';
import type { UnitEntry } from './unit-file.ts';

/** The first systemd that lets the time between two restarts grow (systemd.service(5), "RestartSteps="). */
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
