import { writeFile } from 'node:fs/promises';
import { parseManifest } from '../image/manifest.ts';
import { readPassphrase } from '../image/secret-file.ts';
import { signImage, signManifest } from '../image/sign.ts';
import type { KeyFile, Signer } from '../image/signer.ts';
import { openPgpSigner } from '../image/signer-openpgp.ts';
import { sigstoreSigner } from '../image/signer-sigstore.ts';
import type { Signing } from '../image/signing.ts';
import { formatPlace, parsePlace } from '../image/transport.ts';
import { reasonOf } from '../model/file-fault.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { CommandError } from './error.ts';
import { accessOf } from './image-access.ts';
import { readManifest } from './image-look.ts';
import { filesOf, type SignatureFiles } from './image-sign-files.ts';
import type { CarryFlags, SignerFlags, SignFlags } from './image-sign-flags.ts';
import { version } from './version.ts';

/** `podstead image sign IMAGE`, or `--manifest FILE`, which asks nobody. */
export async function signOne(context: Context, image: string | undefined, flags: SignFlags): Promise<number> {
  const signers = await signersOf(context, flags);
  if (signers.length === 0) {
    throw new CommandError('Cannot sign: expected a private key', {
      hint: 'Give it with --sign-by-key FILE or --sign-by-sigstore-private-key FILE',
    });
  }
  const files = filesOf(image, flags);
  if (files !== undefined) return signFile(context, files, signers);
  const place = parsePlace(image ?? '');
  const signed = await signImage(place, accessOf(context, flags), { signers, reference: flags.signIdentity });
  await tell(context, { name: formatPlace(place), ...signed, signers });
  return 0;
}

/** What becomes of signatures in a copy; undefined where none goes along. */
export async function signingOf(context: Context, flags: CarryFlags): Promise<Signing | undefined> {
  const signers = await signersOf(context, flags);
  const keep = flags.removeSignatures !== true;
  return keep || signers.length > 0 ? { keep, signers, reference: flags.signIdentity } : undefined;
}

async function signersOf({ clock }: Context, flags: SignerFlags): Promise<readonly Signer[]> {
  const { signBy, signByKey, signBySigstorePrivateKey: cosignKey, signPassphraseFile: file } = flags;
  if (signBy !== undefined && signByKey === undefined) {
    throw new CommandError(`Cannot sign by "${signBy}": no key ring of GnuPG is asked for it`, {
      hint: `Run "gpg --armor --export-secret-keys ${signBy} > key.asc" with umask 077, and give --sign-by-key key.asc`,
    });
  }
  const passphrase = file === undefined ? undefined : await readPassphrase(file);
  const stamp = { creator: `podstead ${version}`, nowMs: clock.now() };
  const keyFile = (path: string): KeyFile => ({ path, passphrase });
  return [
    ...(signByKey === undefined ? [] : [await openPgpSigner(keyFile(signByKey), signBy, stamp)]),
    ...(cosignKey === undefined ? [] : [await sigstoreSigner(keyFile(cosignKey), stamp)]),
  ];
}

async function signFile(
  context: Context,
  { manifest, reference, signature: path }: SignatureFiles,
  [signer, ...more]: readonly Signer[],
): Promise<number> {
  if (signer === undefined || more.length > 0) {
    throw new CommandError('Cannot put two signatures into one file', {
      hint: 'Sign with one key, then with the other',
    });
  }
  const bytes = await readManifest(manifest);
  const signature = await signManifest(bytes, reference, signer);
  // Never over another file: it could be the only signature that there is.
  await writeFile(path, signature, { flag: 'wx' }).catch((cause: Error) => {
    throw new CommandError(`Cannot write the signature "${path}": ${reasonOf(cause)}`, { hint: 'Name another', cause });
  });
  const { digest } = parseManifest(bytes, undefined, `"${manifest}"`);
  await tell(context, { name: manifest, digest, reference, made: 1, signers: [signer] });
  return 0;
}

interface Told {
  readonly name: string;
  readonly digest: string;
  readonly reference: string;
  readonly made: number;
  readonly signers: readonly Signer[];
}

async function tell({ terminal, output, quiet }: Context, told: Told): Promise<void> {
  const { name, digest, reference, made, signers } = told;
  const keys = signers.map(signer => signer.name);
  if (output !== 'text') {
    return writeData(terminal, output, { Name: name, Digest: digest, Reference: reference, Made: made, Keys: keys });
  }
  if (quiet) return;
  terminal.err(made === 0 ? `${name} is signed already\n` : `Signed ${name} as ${reference}\n`);
  terminal.err(`  ${digest}\n`);
  for (const key of keys) terminal.err(`  by ${key}\n`);
}
