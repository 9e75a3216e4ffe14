import type { Machine } from './machine.ts';
import type { Must } from './pods.ts';

/** Whoever keeps pods on a machine, with a Podman and a systemd of its own. */
export interface Keeper {
  readonly title: string;
  /** Runs a command as a service of this keeper's systemd. */
  readonly must: Must;
  readonly systemctl: Must;
  /** Absolute path of the manifests. */
  readonly manifests: string;
  /** Absolute path that pods may write logs to. */
  readonly logs: string;
  /** What stays of this keeper on the disk of a host whose Debian is upgraded, and is not of a package. */
  readonly kept: readonly string[];
}

/** @param on the machine at the time of asking */
export function root(on: () => Machine): Keeper {
  return {
    title: 'root',
    must: (...argv) => on().must(...argv),
    systemctl: (...argv) => on().systemctl(...argv),
    manifests: '/etc/podstead/manifests',
    logs: '/srv/log',
    kept: ['/var/lib/containers', '/var/lib/podstead', '/etc/containers/networks', '/etc/podstead', '/srv'],
  };
}

/** The user whose systemd runs from boot on. */
export function someone(on: () => Machine): Keeper {
  const as = ['runuser', '--user=someone', '--', 'env', 'XDG_RUNTIME_DIR=/run/user/1000'];
  const home = '/home/someone';
  return {
    title: 'a user who lingers',
    must: (...argv) =>
      on().must(...as, 'systemd-run', '--user', '--quiet', '--pipe', '--wait', '--collect', '--', ...argv),
    systemctl: (...argv) => on().must(...as, 'systemctl', '--user', ...argv),
    manifests: `${home}/.config/podstead/manifests`,
    logs: `${home}/logs`,
    kept: [home],
  };
}
