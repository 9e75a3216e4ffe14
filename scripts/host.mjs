// What a host must have, found by looking for files: no process is started while nothing is missing.
// Plain JavaScript without dependencies: this runs before `npm ci`.
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const helperDirectories = [
  '/usr/lib/podman',
  '/usr/libexec/podman',
  '/usr/local/lib/podman',
  '/usr/local/libexec/podman',
];
const systemDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Debian's package, and the file that shows it is there. `from` is the first Debian release that needs it. */
const toRun = [
  { package: 'podman', file: 'podman' },
  { package: 'runc', file: 'runc' },
  { package: 'conmon', file: 'conmon' },
  { package: 'netavark', file: 'netavark' },
  { package: 'aardvark-dns', file: 'aardvark-dns' },
  { package: 'catatonit', file: 'catatonit' },
  { package: 'slirp4netns', file: 'slirp4netns' },
  { package: 'passt', file: 'passt', from: 13 },
  { package: 'fuse-overlayfs', file: 'fuse-overlayfs' },
  { package: 'uidmap', file: 'newuidmap' },
  { package: 'iptables', file: 'iptables' },
  { package: 'nftables', file: 'nft', from: 13 },
  { package: 'busybox-static', file: 'busybox', accept: isStatic },
];

const toTest = [
  { package: 'docker-registry', file: 'docker-registry' },
  { package: 'skopeo', file: 'skopeo' },
  { package: 'buildah', file: 'buildah' },
  { package: 'gnupg', file: 'gpg-agent' },
  { package: 'zstd', file: 'zstd' },
  { package: 'iproute2', file: 'ip' },
  { package: 'openssl', file: 'openssl' },
  { package: 'git', file: 'git' },
  { package: 'systemd', file: 'systemd-analyze' },
  { package: 'systemd-container', file: 'systemd-nspawn' },
  { package: 'mmdebstrap', file: 'mmdebstrap' },
];

/** Packages that this host lacks, in the order of the tables above. */
export function missingPackages({ tests }) {
  const release = debianRelease();
  return [...toRun, ...(tests ? toTest : [])]
    .filter(need => need.from === undefined || (release !== undefined && release >= need.from))
    .filter(need => !findFiles(need.file).some(need.accept ?? (() => true)))
    .map(need => need.package);
}

/** Every executable of that name, where a shell, root or the engine would look. */
export function findFiles(name) {
  const path = (process.env.PATH ?? '').split(delimiter).filter(directory => directory !== '');
  const candidates = new Set(
    [...path, ...systemDirectories, ...helperDirectories].map(directory => join(directory, name)),
  );
  return [...candidates].filter(isExecutable);
}

/** A program without an interpreter (ELF's PT_INTERP names the loader near the start) runs in an empty image. */
export function isStatic(file) {
  return !readFileSync(file).subarray(0, 4096).includes('/ld-');
}

/** The command that installs them, as a person would type it. */
export function installCommand(packages) {
  return `${process.getuid?.() === 0 ? '' : 'sudo '}apt-get install ${packages.join(' ')}`;
}

/** True when this is a host whose packages we know and may install. */
export function canInstall() {
  if (findFiles('apt-get').length === 0) return false;
  if (process.getuid?.() === 0) return true;
  if (findFiles('sudo').length === 0) return false;
  return process.stdin.isTTY === true || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
}

/** Installs Debian packages; refreshes the lists only where they do not know a package, or what they know is gone. */
export function install(packages) {
  const known = spawnSync('apt-cache', ['show', '--no-all-versions', ...packages], { stdio: 'ignore' }).status === 0;
  if (!known) apt(['update']);
  const ok = apt(['install', '--yes', '--no-install-recommends', ...packages]);
  return ok || (known && apt(['update']) && apt(['install', '--yes', '--no-install-recommends', ...packages]));
}

/** Debian's package starts the registry as a service on port 5000; the tests only need its program. */
export function keepRegistryStopped(packages) {
  if (!packages.includes('docker-registry') || !existsSync('/run/systemd/system')) return false;
  return asRoot('systemctl', ['mask', 'docker-registry.service']);
}

function apt(args) {
  return asRoot('apt-get', ['--quiet=2', '-o', 'Dpkg::Use-Pty=0', ...args], { DEBIAN_FRONTEND: 'noninteractive' });
}

function asRoot(command, args, env = {}) {
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const root = process.getuid?.() === 0;
  const words = root ? ['env', ...assignments, command, ...args] : ['sudo', 'env', ...assignments, command, ...args];
  // Standard output goes to standard error: what a script prints for machines stays alone on its own.
  return spawnSync(words[0], words.slice(1), { stdio: ['inherit', 2, 2] }).status === 0;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** 12 or 13; undefined where this is not Debian. Testing and unstable have no VERSION_ID and count as 13. */
function debianRelease() {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    if (!/^ID=debian$/m.test(text)) return undefined;
    return Number(/^VERSION_ID="?(\d+)/m.exec(text)?.[1] ?? 13);
  } catch {
    return undefined;
  }
}

/** Runs a command of ours with its output on standard error; throws when it fails. */
export function run(command, args, options = {}) {
  execFileSync(command, args, { stdio: ['inherit', 2, 2], ...options });
}
