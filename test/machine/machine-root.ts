import { existsSync, readFileSync } from 'node:fs';
import { debianRoot } from './debian-root.ts';

/** A Debian that machines run. */
export interface Release {
  /** As tests name it. */
  readonly title: string;
  /** Debian's name of it. */
  readonly name: 'bookworm' | 'trixie';
  /** Besides those that every machine has. */
  readonly packages: readonly string[];
  /** Lines of containers.conf below `[engine]`. */
  readonly engine: readonly string[];
}

/** The oldest Podman that we support. Its crun refuses the control groups of a machine on a host with version 1. */
export const debian12: Release = {
  title: 'Debian 12 with Podman 4.3',
  name: 'bookworm',
  packages: [],
  engine: ['runtime = "runc"'],
};

/** The newest, with the runtime that it chooses itself; runc is for containers that came with the store of an older one. */
export const debian13: Release = {
  title: 'Debian 13 with Podman 5.4',
  name: 'trixie',
  packages: ['crun', 'nftables', 'passt'],
  engine: [],
};

const packages = [
  'systemd-sysv',
  'dbus',
  'iproute2',
  'podman',
  'runc',
  'netavark',
  'aardvark-dns',
  'catatonit',
  'iptables',
  'busybox-static',
  'libstdc++6',
  'procps',
  // For a user's own Podman and systemd.
  'uidmap',
  'slirp4netns',
  'fuse-overlayfs',
  'dbus-user-session',
  'libpam-systemd',
];

/**
 * Says why this host cannot make and boot a machine; undefined where it can.
 */
export function whyNoMachine(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, to boot a machine';
  if (!hasSysAdmin()) return 'needs CAP_SYS_ADMIN, to boot a machine';
  for (const file of [
    '/usr/bin/systemd-nspawn',
    '/usr/bin/mmdebstrap',
    '/usr/bin/nsenter',
    '/dev/fuse',
    '/dev/net/tun',
  ])
    if (!existsSync(file)) return `needs ${file}, to make and boot a machine`;
  if (!existsSync('/usr/share/keyrings/debian-archive-keyring.gpg')) return 'needs the keys of the Debian archive';
  return undefined;
}

/** Bit 21 of the effective set, capabilities(7). */
function hasSysAdmin(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> 21n) & 1n) === 1n;
}

/**
 * What differs from a Debian as it is installed. In nspawn on a host with cgroup v1, version 2 has no controllers, so that
 * no limit may be asked for; and default limits above the hard ones fail without CAP_SYS_RESOURCE.
 */
const files = ({ engine }: Release): Readonly<Record<string, string>> => ({
  '/etc/hostname': 'machine\n',
  '/etc/resolv.conf': '',
  // For a user's Podman. Not the host's own nodes: these may be opened by everybody.
  '/etc/tmpfiles.d/devices.conf': 'c! /dev/fuse 0666 root root - 10:229\nc! /dev/net/tun 0666 root root - 10:200\n',
  '/etc/containers/containers.conf': [
    '[containers]',
    'pids_limit = 0',
    'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
    '[engine]',
    ...engine,
    '',
  ].join('\n'),
});

const setUp: readonly string[] = [
  // As Debian has it, whoever installs podman: ours must do beside them.
  'systemctl --root="$1" enable podman-restart.service podman-auto-update.service podman-auto-update.timer',
  'systemctl --root="$1" enable podman.socket',
  'systemctl --root="$1" mask systemd-modules-load.service',
  // They look for disks, consoles and a kernel's words, which no machine has, and run anew at each reload: a fifth of all the time.
  'mkdir -p "$1/etc/systemd/system-generators"',
  'for each in "$1"/usr/lib/systemd/system-generators/systemd-*; do ln -s /dev/null "$1/etc/systemd/system-generators/${each##*/}"; done',
  // A user whose systemd runs from boot on, as loginctl enable-linger has it, with Podman's socket.
  'chroot "$1" useradd --create-home --uid 1000 --shell /bin/bash someone',
  'mkdir -p "$1/var/lib/systemd/linger" && touch "$1/var/lib/systemd/linger/someone"',
  'systemctl --root="$1" --global enable podman.socket',
];

/** The tar of a Debian with systemd and Podman, ready to boot. */
export function machineRoot(release: Release): Promise<string> {
  return debianRoot({
    name: 'machine',
    release: release.name,
    variant: 'essential',
    packages: [...packages, ...release.packages],
    files: files(release),
    setUp,
  });
}
