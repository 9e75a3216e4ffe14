import { execFile } from 'node:child_process';
import { InvalidArgumentError } from 'commander';
import type { Version } from '../unit/quadlet-keys.ts';

/** How long a program may take to say its version, in milliseconds. */
const answerMs = 30_000;

/** Of Debian 12: what it lacks is left out where no systemd is there to be asked. */
export const oldestSystemd = 252;

/** The Podman of this host, from `podman --version`; undefined where there is none. */
export async function podmanVersion(signal: AbortSignal): Promise<Version | undefined> {
  const found = /\b(\d+)\.(\d+)\.\d/.exec(await printed('podman', signal));
  return found === null ? undefined : `${Number(found[1])}.${Number(found[2])}`;
}

/** The systemd of this host, from `systemctl --version`; undefined where there is none. */
export async function systemdVersion(signal: AbortSignal): Promise<number | undefined> {
  const found = /^systemd (\d+)/.exec(await printed('systemctl', signal));
  return found === null ? undefined : Number(found[1]);
}

function printed(program: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, ['--version'], { signal, timeout: answerMs }, (error, stdout) => {
      if (signal.aborted) reject(error);
      else resolve(error === null ? stdout : '');
    });
  });
}

/** Reads `5.4` or `5.4.2`, of which the last number does not matter. */
export function parseVersion(text: string): Version {
  const [, major, minor] = /^(\d+)\.(\d+)(?:\.\d+)?$/.exec(text) ?? [];
  if (major === undefined || minor === undefined)
    throw new InvalidArgumentError(`expected a version like 5.4, got "${text}"`);
  return `${Number(major)}.${Number(minor)}`;
}
