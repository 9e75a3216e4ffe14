import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a file or a directory that is kept, where it is not there yet. Whoever asks meanwhile, in whichever process, waits
 * for it.
 *
 * @param make is given the path to make it at, which becomes the right one when it is whole
 */
export async function madeOnce(path: string, make: (making: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const making = `${path}.${process.pid}`;
  const unlock = await locked(`${path}.lock`);
  try {
    if (existsSync(path)) return path;
    await make(making);
    await rename(making, path);
    return path;
  } finally {
    await rm(making, { recursive: true, force: true });
    await rm(`${path}.lock`, { force: true });
    await unlock();
  }
}

/** Node has no locks: a child holds it, until it is told or this process ends. */
async function locked(file: string): Promise<() => Promise<void>> {
  const child = spawn('flock', [file, 'sh', '-c', 'echo; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>(done => child.once('close', () => done()));
  await new Promise<void>((has, fails) => {
    child.stdout.once('data', () => has());
    child.once('error', fails).once('exit', code => fails(new Error(`Cannot lock ${file}: flock ended with ${code}`)));
  });
  return async () => {
    child.stdin.end();
    await ended;
  };
}
