import { spawn } from 'node:child_process';
import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type After, run } from '../e2e/host.ts';

let count = 0;

/** A file system of the test's own, which can be filled up. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves no byte free. */
  fill(): Promise<void>;
  /** Gives back what `fill` took. */
  free(): Promise<void>;
}

/**
 * Makes an ext4 of its own from a file, mounted with a loop device, and takes it away after the test: the file has no name
 * once it is mounted, and the device goes with the mount.
 *
 * @param megabytes of the file; about a tenth is the file system's own
 */
export async function smallDisk(t: After, megabytes: number): Promise<SmallDisk> {
  const image = join(tmpdir(), `pdk-${process.pid}-${++count}.img`);
  await must('truncate', '-s', `${megabytes}M`, image);
  await must('mkfs.ext4', '-q', '-m', '0', '-N', '20000', image);
  const path = await mounted(t, '-o', 'loop', image);
  await rm(image);
  const ballast = join(path, 'ballast');
  return {
    path,
    fill: async () => {
      // Blocks first, then what is left of them: each write that finds no room ends it.
      for (const block of ['1M', '1k']) {
        const write = `exec 3>>"$1"; while head -c ${block} /dev/zero >&3 2>/dev/null; do :; done; sync -f "$1"`;
        await run('sh', ['-c', write, 'sh', ballast]);
      }
    },
    free: () => rm(ballast, { force: true }),
  };
}

/** Makes a disk in memory that has so many kilobytes, where the last write that finds room may be cut short. */
export async function tinyDisk(t: After, kilobytes: number): Promise<string> {
  return mounted(t, '-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs');
}

/**
 * Mounts something in a directory of its own until the test is over. That it goes is certain: a shell unmounts it as soon as
 * its pipe from this process breaks, whatever that ended by.
 */
async function mounted(t: After, ...what: readonly string[]): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pdk-'));
  await must('mount', ...what, path);
  const unmount = `read _; for each in $(grep -o ' ${path}[^ ]*' /proc/mounts | sort -r); do umount -l "$each"; done`;
  const guard = spawn('sh', ['-c', unmount], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  t.after(async () => {
    const ended = new Promise(resolve => guard.once('exit', resolve));
    guard.stdin.end();
    await ended;
    await rmdir(path);
  });
  return path;
}

async function must(file: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await run(file, args);
  if (code !== 0) throw new Error(`Cannot make a small disk: "${file} ${args.join(' ')}" failed: ${stderr}`);
}
