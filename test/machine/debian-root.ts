import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from '../e2e/host.ts';

const cache = resolve(import.meta.dirname, '../../.cache');

/** The release whose Podman and systemd the machine runs: the oldest that we support. */
const release = 'bookworm';

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

/** Nobody reads them there, and unpacking them would take a third of the time. */
const leftOut = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'];

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
 * A tar of a small Debian with systemd and Podman, ready to boot: made once, which takes most of a minute, and kept.
 *
 * @throws Error with mmdebstrap's last words
 */
export async function debianRoot(): Promise<string> {
  const recipe = createHash('sha256').update(JSON.stringify([release, packages, leftOut, files, setUp]));
  const tar = join(cache, `machine-${release}-${recipe.digest('hex').slice(0, 12)}.tar`);
  if (existsSync(tar)) return tar;
  await mkdir(cache, { recursive: true });
  const making = `${tar}.${process.pid}.tar`;
  const script = `${making}.sh`;
  try {
    await writeFile(script, hook(), { mode: 0o755 });
    const options = [
      '--quiet',
      '--mode=root',
      '--variant=essential',
      `--include=${packages.join(',')}`,
      ...leftOut.map(path => `--dpkgopt=path-exclude=${path}`),
      `--customize-hook=${script}`,
    ];
    const made = await run('mmdebstrap', [...options, release, making, await mirror()]);
    if (made.code !== 0)
      throw new Error(`Cannot make a Debian root: ${made.stderr.trim().split('\n').slice(-5).join('\n')}`);
    await rename(making, tar);
    return tar;
  } finally {
    await rm(making, { force: true });
    await rm(script, { force: true });
  }
}

/** The mirror that this host itself uses. */
async function mirror(): Promise<string> {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian', 'Component: main'];
  const { stdout } = await run('apt-get', ['indextargets', ...format]);
  const found = stdout.split('\n').find(uri => /\/debian\/?$/.test(uri));
  if (found === undefined)
    throw new Error('Cannot make a Debian root: apt knows no mirror of Debian; run apt-get update');
  return found;
}

/**
 * What differs from a Debian as it is installed. In nspawn on a host with cgroup v1, version 2 has no controllers, so that
 * no limit may be asked for; and default limits above the hard ones fail without CAP_SYS_RESOURCE.
 */
const files: Readonly<Record<string, string>> = {
  '/etc/hostname': 'machine\n',
  '/etc/resolv.conf': '',
  // For a user's Podman. Not the host's own nodes: these may be opened by everybody.
  '/etc/tmpfiles.d/devices.conf': 'c! /dev/fuse 0666 root root - 10:229\nc! /dev/net/tun 0666 root root - 10:200\n',
  '/etc/containers/containers.conf': [
    '[containers]',
    'pids_limit = 0',
    'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
    '[engine]',
    'runtime = "runc"',
    '',
  ].join('\n'),
};

const setUp: readonly string[] = [
  // Nothing else may start pods or look at them.
  'systemctl --root="$1" disable podman-restart.service podman-auto-update.timer podman-auto-update.service',
  'systemctl --root="$1" enable podman.socket',
  'systemctl --root="$1" mask systemd-modules-load.service',
  // A user whose systemd runs from boot on, as loginctl enable-linger has it, with Podman's socket.
  'chroot "$1" useradd --create-home --uid 1000 --shell /bin/bash someone',
  'mkdir -p "$1/var/lib/systemd/linger" && touch "$1/var/lib/systemd/linger/someone"',
  'systemctl --root="$1" --global enable podman.socket',
];

function hook(): string {
  const writes = Object.entries(files).map(([path, text]) => `rm -f "$1${path}"\nprintf '%s' '${text}' >"$1${path}"`);
  return ['#!/bin/sh', 'set -e', ...writes, ...setUp, ''].join('\n');
}
