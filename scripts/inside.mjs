// Another Debian to run tests in: its files, with this repository, the host's devices and control groups, and a network,
// mounts and processes of its own. Nothing of it is left when the last of its processes ends but the directory.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Run in new namespaces with the root, the repository and the command as arguments. */
const enter = `
set -e
root=$1 repository=$2
shift 2
ip link set lo up
mount --bind "$root" "$root"
cd "$root"
mount --rbind /sys sys
mount --rbind /dev dev
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount --bind "$repository" repository
mkdir run/lock old
pivot_root . old
cd /repository
umount -l /old
rmdir /old
unset NODE_EXTRA_CA_CERTS
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec "$@"`;

/**
 * Unpacks the root of `npm run test:matrix`.
 *
 * @param repository absolute path of this repository
 * @returns the words that go before a command to run it there, in `/repository`, and what takes the root away
 */
export function openRoot(repository) {
  const making = ['--import', 'tsx', 'test/machine/matrix-root.ts'];
  const tar = execFileSync(process.execPath, making, { cwd: repository, stdio: ['ignore', 'pipe', 2] });
  const dir = mkdtempSync(join(tmpdir(), 'podstead-matrix-'));
  const root = join(dir, 'root');
  mkdirSync(root);
  const unpacking = ['--extract', '--numeric-owner', '--file', tar.toString().trim(), '--directory', root];
  execFileSync('tar', unpacking, { stdio: ['ignore', 2, 2] });
  copyFileSync(process.execPath, join(root, 'usr/bin/node'));
  mkdirSync(join(root, 'repository'));
  const namespaces = ['--net', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
  const words = ['unshare', ...namespaces, 'sh', '-c', enter, 'enter', root, repository];
  const { stdout } = spawnSync(words[0], [...words.slice(1), 'podman', '--version'], { encoding: 'utf8' });
  process.stdout.write(`Inside: ${stdout?.trim() || 'no Podman'}\n`);
  return { words, close: () => rmSync(dir, { recursive: true, force: true }) };
}
