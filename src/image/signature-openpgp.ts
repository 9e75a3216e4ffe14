import type { Key, Message, verify as Verify } from 'openpgp';

/** Keys that may sign. */
export type Keyring = readonly Key[];

/** A claim is a few hundred bytes; a signature that unpacks to more is none. */
const largestClaim = 64 * 1024;

/** Reads public keys, as a keyring or as text with armour. @throws Error where there are none */
export async function readKeyring(bytes: Uint8Array): Promise<Keyring> {
  const { readKeys } = await import('openpgp');
  const text = Buffer.from(bytes).toString('latin1');
  if (!text.includes('-----BEGIN PGP')) return readKeys({ binaryKeys: bytes });
  // A file may have several blocks, of which the library reads one.
  const blocks = text.match(/-----BEGIN PGP[\s\S]*?-----END PGP[^\n]*/g) ?? [];
  return (await Promise.all(blocks.map(armoredKeys => readKeys({ armoredKeys })))).flat();
}

/** What was signed, by one of the keys; or why it was not, for people. */
export type Opened = { readonly signed: Uint8Array; readonly why?: undefined } | { readonly why: string };

/**
 * Opens a signed message of OpenPGP (RFC 9580, 10.3) that is signed once. The key must be good today too: gpg, by which
 * containers/image asks, refuses keys that have expired or were revoked since.
 */
export async function openSigned(message: Uint8Array, keyring: Keyring, nowMs: number): Promise<Opened> {
  const { readMessage, verify } = await import('openpgp');
  const date = new Date(nowMs);
  try {
    // A key whose end was moved since has a new self-signature alone, which tells nothing of the time of signing.
    const config = {
      maxDecompressedMessageSize: largestClaim,
      allowInsecureVerificationWithReformattedKeys: true,
    };
    const read: Message<Uint8Array> = await readMessage({ binaryMessage: message, config });
    const opened = await verify({ message: read, verificationKeys: [...keyring], format: 'binary', date, config });
    const [signature, ...more] = opened.signatures;
    if (signature === undefined || more.length > 0) return { why: `it has ${opened.signatures.length} signatures` };
    await signature.verified;
    await keyOf(signature, keyring)?.getSigningKey(signature.keyID, date);
    return { signed: opened.data };
  } catch (error) {
    return { why: `OpenPGP: ${error instanceof Error ? error.message : String(error)}` };
  }
}

type Found = Awaited<ReturnType<typeof Verify>>['signatures'][number];

function keyOf({ keyID }: Found, keyring: Keyring): Key | undefined {
  return keyring.find(key => key.getKeys(keyID).length > 0);
}
