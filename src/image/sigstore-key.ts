import { createPrivateKey, type KeyObject, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { ImageError } from './failure.ts';
import { parseJson, record, text } from './json.ts';
import { readSecret } from './secret-file.ts';
import type { KeyFile } from './signer.ts';

/** The frame of cosign's key files; the second is that of its first version. */
const cosignFrame =
  /-----BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END ENCRYPTED \1 PRIVATE KEY-----/;

/**
 * Reads a private key: as `cosign generate-key-pair` writes it, or as PEM of PKCS 8, of ECDSA, RSA or Ed25519.
 *
 * @throws ImageError `KEY_INVALID`
 */
export async function readSigstoreKey({ path, passphrase }: KeyFile): Promise<KeyObject> {
  const pem = (await readSecret(path, 'the key')).toString('latin1');
  const body = cosignFrame.exec(pem)?.[2];
  if (body === undefined) return checkKind(path, readPem(path, pem, passphrase));
  if (passphrase === undefined) throw locked(path);
  const der = await openBox(path, Buffer.from(body, 'base64'), passphrase);
  try {
    return checkKind(path, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  } catch {
    throw refused(path, 'what is locked in it is no key', 'Make a new pair of keys');
  } finally {
    der.fill(0);
  }
}

function readPem(path: string, pem: string, passphrase: string | undefined): KeyObject {
  const isLocked = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem);
  if (isLocked && passphrase === undefined) throw locked(path);
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
  } catch {
    if (isLocked) throw wrongPassphrase(path);
    const hint = 'Give one that cosign generate-key-pair wrote, or PEM of PKCS 8';
    throw refused(path, 'expected a private key', hint);
  }
}

function checkKind(path: string, key: KeyObject): KeyObject {
  if (['ec', 'rsa', 'ed25519'].includes(key.asymmetricKeyType ?? '')) return key;
  throw refused(path, `found ${key.asymmetricKeyType}`, 'Use a key of ECDSA, RSA or Ed25519');
}

/** How a key was made of a passphrase (RFC 7914), and what was locked with it. */
interface Box {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
  readonly nonce: Buffer;
  readonly sealed: Buffer;
}

/** Cosign writes N = 32768 or 65536, r = 8, p = 1. More memory than this no key file may ask for, in bytes. */
const mostMemory = 256 * 1024 * 1024;

/** JSON of go-securesystemslib, `encrypted`: scrypt for the key, and the secretbox of NaCl. */
async function openBox(path: string, json: Buffer, passphrase: string): Promise<Buffer> {
  const { cost, blockSize, parallelization, salt, nonce, sealed } = readBox(path, json);
  const { xsalsa20poly1305 } = await import('./sigstore-library.ts');
  const options = { cost, blockSize, parallelization, maxmem: 2 * mostMemory };
  const key = await promisify<string, Buffer, number, object, Buffer>(scrypt)(passphrase, salt, 32, options);
  try {
    const { buffer, byteOffset, length } = xsalsa20poly1305(key, nonce).decrypt(sealed);
    // The same memory, so that whoever has read the key can wipe it.
    return Buffer.from(buffer, byteOffset, length);
  } catch {
    throw wrongPassphrase(path);
  } finally {
    key.fill(0);
  }
}

function readBox(path: string, json: Buffer): Box {
  const { kdf, cipher, ciphertext } = record(parsed(json));
  const { N: cost, r: blockSize, p: parallelization } = record(record(kdf).params);
  const bytes = (value: unknown): Buffer => Buffer.from(text(value) ?? '', 'base64');
  const box = { salt: bytes(record(kdf).salt), nonce: bytes(record(cipher).nonce), sealed: bytes(ciphertext) };
  const isKnown = record(kdf).name === 'scrypt' && record(cipher).name === 'nacl/secretbox';
  const isWhole = isPower(cost) && isCount(blockSize) && isCount(parallelization) && parallelization <= 16;
  if (!isKnown || !isWhole || box.nonce.length !== 24 || 128 * cost * blockSize > mostMemory) {
    const found = 'it is locked in a way that cosign does not use';
    throw refused(path, found, 'Make a pair of keys with "cosign generate-key-pair"');
  }
  return { cost, blockSize, parallelization, ...box };
}

function parsed(json: Buffer): unknown {
  try {
    return parseJson(json, 'the key');
  } catch {
    return undefined;
  }
}

function isPower(value: unknown): value is number {
  return isCount(value) && value > 1 && Number.isInteger(Math.log2(value));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function locked(path: string): ImageError {
  return refused(path, 'it has a passphrase', 'Give the file that has it with --sign-passphrase-file');
}

function wrongPassphrase(path: string): ImageError {
  const hint = 'See what --sign-passphrase-file has as its first line';
  return refused(path, 'the passphrase does not open it', hint);
}

function refused(path: string, found: string, hint: string): ImageError {
  return new ImageError('KEY_INVALID', `Cannot use the key "${path}": ${found}`, { hint });
}
