import { type FileHandle, open } from 'node:fs/promises';
import { reasonOf } from '../model/file-fault.ts';
import { ImageError } from './failure.ts';

/** Keys and passphrases are small. In bytes. */
const largestSecret = 1024 * 1024;

/**
 * Reads a private key or a passphrase. A file that everybody on the host can read is refused: what is in it is no secret.
 *
 * @param what for messages: `the key`, `the passphrase`
 * @throws ImageError `KEY_INVALID`
 */
export async function readSecret(path: string, what: string): Promise<Buffer> {
  const file = await open(path, 'r').catch((cause: Error) => {
    throw unreadable(path, what, cause);
  });
  try {
    // Of the very file that is read then, whatever its name leads to by now.
    const facts = await file.stat();
    if (facts.isFile() && (facts.mode & 0o004) !== 0) {
      const message = `Cannot use ${what} "${path}": everybody on this host can read it`;
      throw new ImageError('KEY_INVALID', message, { hint: `Run "chmod 600 ${path}"` });
    }
    return await readAtMost(file, path, what);
  } finally {
    await file.close();
  }
}

async function readAtMost(file: FileHandle, path: string, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      size += chunk.length;
      if (size > largestSecret) throw new Error(`it has more than ${largestSecret} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw unreadable(path, what, cause);
  }
  return Buffer.concat(chunks);
}

/** The first line of a file, as skopeo takes it. @throws ImageError `KEY_INVALID` */
export async function readPassphrase(path: string): Promise<string> {
  const [line = ''] = (await readSecret(path, 'the passphrase')).toString('utf8').split(/\r?\n/, 1);
  return line;
}

function unreadable(path: string, what: string, cause: unknown): ImageError {
  const why = reasonOf(cause);
  const hint = 'Check the path and its permissions';
  return new ImageError('KEY_INVALID', `Cannot read ${what} "${path}": ${why}`, { hint, cause });
}
