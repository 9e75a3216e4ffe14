import { Option } from 'commander';
import type { AccessFlags, TrustFlags } from './image-flags.ts';

/** Who signs, and as what. */
export interface SignerFlags {
  readonly signBy?: string;
  readonly signByKey?: string;
  readonly signBySigstorePrivateKey?: string;
  readonly signPassphraseFile?: string;
  readonly signIdentity?: string;
}

/** What becomes of signatures in a copy. */
export interface CarryFlags extends SignerFlags {
  readonly removeSignatures?: boolean;
}

export interface SignFlags extends SignerFlags, AccessFlags, Pick<TrustFlags, 'registries.d'> {
  readonly manifest?: string;
  readonly reference?: string;
  readonly signature?: string;
}

/** For commands that sign. */
export function signerOptions(): readonly Option[] {
  return [
    new Option('--sign-by-key <FILE>', 'make a simple signature with the secret key of OpenPGP in this file'),
    new Option('--sign-by <FINGERPRINT>', 'which key of that file, where it has several'),
    new Option('--sign-by-sigstore-private-key <FILE>', 'make a signature as cosign does, with the private key there'),
    new Option('--sign-passphrase-file <FILE>', 'the first line of this file opens the key'),
  ];
}

/** For commands that sign one image. */
export function identityOption(): Option {
  return new Option(
    '--sign-identity <NAME>',
    'the name that the signature gives the image, with a tag; its own if left out',
  );
}

/** For commands that copy. */
export function removeOption(): Option {
  return new Option('--remove-signatures', 'leave the signatures of the source behind');
}

/** For what is signed or verified as files alone. */
export function fileOptions(): readonly Option[] {
  return [
    new Option('--manifest <FILE>', 'in place of IMAGE: the manifest in this file'),
    new Option('--reference <NAME>', 'with --manifest: the name that the signature gives it, with a tag'),
    new Option('--signature <FILE>', 'with --manifest: the file of the signature'),
  ];
}
