import { execFile } from 'node:child_process';
import { type SystemctlOptions, SystemdError, systemctl } from './systemctl.ts';

/** How long systemd may take to answer, in milliseconds. */
const answerMs = 30_000;

/**
 * Has systemd start a service once, after so many milliseconds, by a transient timer `NAME-due.timer` (systemd-run(1)).
 * It takes the place of the one that was set before; undefined only takes that away.
 *
 * @param service with its suffix: `podstead-pass.service`
 * @throws SystemdError where systemd does not take the timer
 */
export async function wakeIn(service: string, ms: number | undefined, opts: SystemctlOptions): Promise<void> {
  const name = `${service.replace(/\.service$/, '')}-due`;
  // A transient unit is gone once it is stopped; one that is not there is no fault. The service of a timer that has fired since
  // waits for this very pass to end, which makes it needless.
  await systemctl(['stop', `${name}.timer`, `${name}.service`], opts).catch((error: unknown) => {
    if (!(error instanceof SystemdError)) throw error;
  });
  if (ms === undefined) return;
  const user = opts.user ? ['--user'] : [];
  const args = [
    ...[...user, '--quiet', '--collect', `--unit=${name}`, `--on-active=${Math.ceil(ms)}ms`],
    '--timer-property=AccuracySec=100ms',
    // A service that is under way cannot be started: while its own start has not ended, this waits.
    `--property=After=${service}`,
    ...['--', 'systemctl', ...user, 'start', '--no-block', service],
  ];
  return new Promise((resolve, reject) => {
    execFile('systemd-run', args, { signal: opts.signal, timeout: answerMs }, (error, _, stderr) => {
      if (error === null) return resolve();
      if (error.name === 'AbortError') return reject(error);
      const message = `Cannot run 'systemd-run ${args.join(' ')}': ${stderr.trim() || error.message}`;
      reject(new SystemdError(message, { hint: 'The next regular pass does what is due', cause: error }));
    });
  });
}
