// Places to run tests in, so that they neither find nor leave networks, mounts and names of engines on the host: the host
// itself with a network of its own, and another Debian. Nothing of either is left when the last of its processes ends but
// the other's directory.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A network like a host's, whose way out leads nowhere. Pasta takes the interface of the default route for its model, and
 * without one any other: where that is a bridge without a container, it fails. The rules say at once that nothing is
 * reached by that route, where whoever asks a name server would wait for seconds.
 */
const network = `
ip link set lo up
ip link add host0 type veth peer name host1
ip link set host1 up
ip link set host0 up
ip address add 203.0.113.2/24 dev host0
ip route add default via 203.0.113.1
ip rule add pref 100 lookup main suppress_prefixlength 0
ip rule add pref 101 unreachable`;

/** Run in new namespaces with the command as arguments: without what rootful engines have in \`/run\`. */
const enterHost = `
set -e${network}
for dir in containers netns libpod crun runc; do
  mkdir -p /run/$dir
  mount -t tmpfs -o mode=755 tmpfs /run/$dir
done
exec "$@"`;

/** Run in new namespaces with the root, the repository and the command as arguments. */
const enterRoot = `
set -e${network}
root=$1 repository=$2
shift 2
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
 * The words that go before a command to run it on this host, with a network of its own. An ordinary user has none: the
 * tests that need root say so.
 *
 * @returns what `openRoot()` does
 */
export function openHost() {
  const words = ['unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-c', enterHost, 'enter'];
  return { words: process.getuid?.() === 0 ? words : [], close: () => {} };
}

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
  const words = ['unshare', ...namespaces, 'sh', '-c', enterRoot, 'enter', root, repository];
  const { stdout } = spawnSync(words[0], [...words.slice(1), 'podman', '--version'], { encoding: 'utf8' });
  process.stdout.write(`Inside: ${stdout?.trim() || 'no Podman'}\n`);
  return { words, close: () => rmSync(dir, { recursive: true, force: true }) };
}
