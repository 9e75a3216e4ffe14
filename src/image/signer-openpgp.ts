import type { PrivateKey } from 'openpgp';
import { ImageError } from './failure.ts';
import { readSecret } from './secret-file.ts';
import { claimTypes, readClaim } from './signature-claim.ts';
import { openSigned } from './signature-openpgp.ts';
import { claimBytes, isSameClaim, type KeyFile, type Signer, type Stamp } from './signer.ts';

/**
 * Signs as simple signing has it, with a secret key of OpenPGP in a file: no keyring and no agent is asked.
 *
 * @param fingerprint which key of the file; undefined where it has but one
 * @throws ImageError `KEY_INVALID`
 */
export async function openPgpSigner(file: KeyFile, fingerprint: string | undefined, stamp: Stamp): Promise<Signer> {
  const key = await unlock(await chosen(file, fingerprint), file);
  const date = new Date(stamp.nowMs);
  const signingKeyIDs = [await signingId(key, date, file)];
  const print = key.getFingerprint().toUpperCase();
  return {
    kind: 'simple',
    name: `the key ${print}`,
    sign: async claim => {
      const { createMessage, sign } = await import('openpgp');
      const message = await createMessage({ binary: claimBytes('simple', claim, stamp), date });
      const signed = await sign({ message, signingKeys: key, signingKeyIDs, format: 'binary', date });
      return { kind: 'simple', message: signed };
    },
    made: async (signature, claim) => {
      if (signature.kind !== 'simple') return false;
      const opened = await openSigned(signature.message, [key.toPublic()], stamp.nowMs);
      return opened.why === undefined && isSameClaim(readClaim(opened.signed, claimTypes.simple), claim);
    },
  };
}

/** Binary or with armour; each block of a file counts. */
async function readFrom({ path }: KeyFile): Promise<readonly PrivateKey[]> {
  const { readPrivateKeys } = await import('openpgp');
  const bytes = await readSecret(path, 'the key');
  const text = bytes.toString('latin1');
  try {
    if (!text.includes('-----BEGIN PGP')) return await readPrivateKeys({ binaryKeys: bytes });
    const blocks = text.match(/-----BEGIN PGP PRIVATE[\s\S]*?-----END PGP[^\n]*/g) ?? [];
    return (await Promise.all(blocks.map(armoredKeys => readPrivateKeys({ armoredKeys })))).flat();
  } catch {
    // What the library says of bytes that are no key could be a part of them.
    return [];
  }
}

async function chosen(file: KeyFile, fingerprint: string | undefined): Promise<PrivateKey> {
  const keys = await readFrom(file);
  const prints = keys.map(key => key.getFingerprint().toUpperCase());
  if (keys.length === 0) {
    const hint = 'Export it with "gpg --armor --export-secret-keys FINGERPRINT", into a file of mode 0600';
    throw refused(file, 'expected a secret key of OpenPGP', hint);
  }
  const wanted = fingerprint?.replaceAll(/^0x|\s/gi, '').toUpperCase();
  if (wanted === undefined && keys.length > 1) {
    throw refused(file, `it has ${keys.length} keys`, `Choose one with --sign-by: ${prints.join(', ')}`);
  }
  // A short id can be made to fit another key.
  const key = keys.find((_, at) => wanted === undefined || prints[at] === wanted);
  if (key !== undefined) return key;
  throw refused(file, `it has no key ${fingerprint}`, `It has ${prints.join(', ')}; give a whole fingerprint`);
}

async function unlock(key: PrivateKey, file: KeyFile): Promise<PrivateKey> {
  if (key.isDecrypted()) return key;
  const { path, passphrase } = file;
  if (passphrase === undefined) {
    throw refused(file, 'it has a passphrase', 'Give the file that has it with --sign-passphrase-file');
  }
  const { decryptKey } = await import('openpgp');
  return decryptKey({ privateKey: key, passphrase }).catch(() => {
    const message = `Cannot use the key "${path}": the passphrase does not open it`;
    throw new ImageError('KEY_INVALID', message, { hint: 'See what --sign-passphrase-file has as its first line' });
  });
}

/** The primary key where it may sign: containers/image before its version 5.33 takes no other for the key of a policy. */
async function signingId(key: PrivateKey, date: Date, file: KeyFile): Promise<ReturnType<PrivateKey['getKeyID']>> {
  const primary = await key.getSigningKey(key.getKeyID(), date).catch(() => undefined);
  try {
    return (primary ?? (await key.getSigningKey(undefined, date))).getKeyID();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refused(file, `it cannot sign: ${why}`, 'Use a key that may sign, and has neither expired nor been revoked');
  }
}

function refused({ path }: KeyFile, found: string, hint: string): ImageError {
  return new ImageError('KEY_INVALID', `Cannot use the key "${path}": ${found}`, { hint });
}
