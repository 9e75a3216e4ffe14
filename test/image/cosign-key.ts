import { type KeyObject, randomBytes, scryptSync } from 'node:crypto';
import nacl from 'tweetnacl';

/** How a key file is made. */
export interface KeyFileOptions {
  /** What its frame calls it; cosign's first version wrote COSIGN. */
  readonly frame?: 'SIGSTORE' | 'COSIGN';
  /** Scrypt's N. */
  readonly cost?: number;
  /** Takes the place of parts of the JSON. */
  readonly changed?: object;
}

/**
 * A private key as cosign writes it, made with another implementation of NaCl than ours: go-securesystemslib's
 * `encrypted`, over PKCS 8.
 */
export function cosignKeyFile(key: KeyObject, passphrase: string, opts: KeyFileOptions = {}): string {
  const { frame = 'SIGSTORE', cost = 65_536, changed = {} } = opts;
  const [salt, nonce] = [randomBytes(32), randomBytes(24)];
  const secret = scryptSync(passphrase, salt, 32, {
    cost,
    blockSize: 8,
    parallelization: 1,
    maxmem: 256 * 1024 * 1024,
  });
  const sealed = nacl.secretbox(new Uint8Array(key.export({ format: 'der', type: 'pkcs8' })), nonce, secret);
  const document = {
    kdf: { name: 'scrypt', params: { N: cost, r: 8, p: 1 }, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(sealed).toString('base64'),
    ...changed,
  };
  const body = Buffer.from(JSON.stringify(document)).toString('base64').replaceAll(/.{64}/g, '$&\n');
  return `-----BEGIN ENCRYPTED ${frame} PRIVATE KEY-----\n${body}\n-----END ENCRYPTED ${frame} PRIVATE KEY-----\n`;
}
