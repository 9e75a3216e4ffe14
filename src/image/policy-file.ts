import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../model/file-fault.ts';
import { ImageError } from './failure.ts';
import type { Policy } from './policy.ts';
import { readPolicy } from './policy-read.ts';

/** Where a policy is looked for. */
export interface PolicyPlaces {
  /** As given by `--policy`: then no other counts, and it must be there. */
  readonly file: string | undefined;
  /** HOME counts. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The policy of the host, where its user has none. */
const hostFile = '/etc/containers/policy.json';

/**
 * The policy that holds: the one that was given, the user's, or the host's. Undefined where there is none, which asks
 * for nothing (docs/decisions/0024).
 *
 * @throws ImageError `TRUST_INVALID`; a policy that cannot be read is not an absent one
 */
export async function findPolicy({ file, env }: PolicyPlaces): Promise<Policy | undefined> {
  const own = env.HOME ? [join(env.HOME, '.config/containers/policy.json')] : [];
  for (const path of file === undefined ? [...own, hostFile] : [file]) {
    const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (file === undefined && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) return undefined;
      const hint = 'Give the user that runs podstead read access, or name another with --policy';
      throw new ImageError('TRUST_INVALID', `Cannot read the policy "${path}": ${reasonOf(cause)}`, { hint, cause });
    });
    if (text !== undefined) return readPolicy(path, text);
  }
  return undefined;
}
