import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDurably } from '../durable.ts';
import { reasonOf } from '../model/file-fault.ts';
import type { Access } from './access.ts';
import { diskFault } from './disk.ts';
import { ImageError } from './failure.ts';
import type { Manifest } from './manifest.ts';
import type { Repository } from './repository.ts';
import { attachSignatures } from './signature-attach.ts';
import { cosignSignatures } from './signature-attached.ts';
import { cosignNotes } from './signature-cosign.ts';
import {
  directorySignatures,
  formatSignature,
  lookasideBase,
  mostSignatures,
  numberedFiles,
  type Signature,
  signatureName,
} from './signature-store.ts';
import { formatPlace, type Place } from './transport.ts';

type Signed = Pick<Manifest, 'digest'>;

/** Where the signatures of a place are kept, and new ones go. */
export interface SignatureKeeper {
  /** Refuses what it cannot hold. @throws ImageError `NOT_CONVERTIBLE` */
  check(signatures: readonly Pick<Signature, 'kind'>[]): Promise<void>;
  /** Those of a kind that are there. */
  kept(kind: Signature['kind'], image: Signed): Promise<readonly Signature[]>;
  /**
   * Adds those that are not there yet. None that is there goes: it may be somebody else's.
   *
   * @param isTop it is what the place names
   */
  add(signatures: readonly Signature[], image: Signed, isTop: boolean): Promise<void>;
  /**
   * Does what looks for signatures and adds some, while nobody of this process who shares the keeper's repository does: the
   * last of those that add at once would leave but its own.
   */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** In the directory of an image, which may be in the making. */
export function directoryKeeper(path: string, inMaking: boolean): SignatureKeeper {
  const kept = async (image: Signed): Promise<readonly Signature[]> =>
    inMaking ? [] : directorySignatures(path, image);
  return {
    check: async () => undefined,
    kept: async (kind, image) => (await kept(image)).filter(each => each.kind === kind),
    add: async (signatures, image, isTop) => {
      const name = signatureName(image, isTop);
      await addFiles(number => join(path, name(number)), withoutKnown(signatures, await kept(image)));
    },
    alone: work => work(),
  };
}

type RegistryPlace = Extract<Place, { transport: 'docker' }>;

/** Simple signatures in the lookaside storage of a registry, those of sigstore beside the image. */
export function registryKeeper(place: RegistryPlace, repository: Repository, access: Access): SignatureKeeper {
  const storage = () => access.trust.storage(place.name);
  const pathFor = async (image: Signed): Promise<(number: number) => string> => {
    const base = lookasideBase((await storage()).staging, image);
    return number => fileURLToPath(new URL(`${base}/signature-${number}`));
  };
  const kept: SignatureKeeper['kept'] = async (kind, image) => {
    if (kind === 'sigstore') return cosignSignatures(repository, image);
    return (await numberedFiles(await pathFor(image))).filter(each => each.kind === kind);
  };
  return {
    check: async signatures => {
      const { staging, attachments } = await storage();
      const isAttached = signatures.some(({ kind }) => kind === 'sigstore');
      if (isAttached && attachments === false) {
        throw refused(place, 'registries.d has "use-sigstore-attachments: false" for it', 'Set it to true there');
      }
      if (signatures.some(({ kind }) => kind !== 'sigstore') && protocolOf(staging) !== 'file:') {
        const hint = 'Name a directory of this host in registries.d: lookaside-staging: file:///PATH';
        throw refused(place, `nothing can be written to ${staging}`, hint);
      }
    },
    kept,
    add: async (signatures, image) => {
      const attached = signatures.filter(each => each.kind === 'sigstore');
      const others = signatures.filter(each => each.kind !== 'sigstore');
      if (others.length > 0) {
        const path = await pathFor(image);
        await addFiles(path, withoutKnown(others, await numberedFiles(path)));
      }
      if (attached.length === 0) return;
      const known = await kept('sigstore', image);
      await attachSignatures(repository, image, withoutKnown(attached, known));
    },
    alone: work => work(),
  };
}

function refused(place: Place, found: string, hint: string): ImageError {
  const message = `Cannot keep signatures of ${formatPlace(place)}: ${found}`;
  return new ImageError('NOT_CONVERTIBLE', message, { hint: `${hint}, or leave them out with --remove-signatures` });
}

function protocolOf(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).protocol : undefined;
}

function withoutKnown<S extends Signature>(signatures: readonly S[], known: readonly Signature[]): readonly S[] {
  const there = new Set(known.map(keyOf));
  return signatures.filter(each => !there.has(keyOf(each)));
}

/** The same signature may be written in several ways, with more or fewer annotations. */
function keyOf(signature: Signature): string {
  if (signature.kind !== 'sigstore') return Buffer.from(formatSignature(signature)).toString('base64');
  const { payload, annotations } = signature;
  return `${annotations[cosignNotes.signature]} ${Buffer.from(payload).toString('base64')}`;
}

/** Each under the first number that is free, also where somebody else adds some at the same time. */
async function addFiles(pathOf: (number: number) => string, signatures: readonly Signature[]): Promise<void> {
  let number = 0;
  for (const signature of signatures) {
    do {
      number++;
      if (number > mostSignatures) throw tooMany(pathOf(number));
    } while (!(await isMade(pathOf(number), formatSignature(signature))));
  }
}

function tooMany(path: string): ImageError {
  const message = `Cannot write the signature "${path}": of one image only ${mostSignatures} are ever read`;
  return new ImageError('NOT_CONVERTIBLE', message, { hint: 'Remove those that nobody needs' });
}

async function isMade(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await createDurably(path, bytes);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    const fault = diskFault(path, cause);
    if (fault?.code === 'DISK_FULL') throw fault;
    const why = reasonOf(cause);
    const hint = 'Give the user that runs podstead write access, or name another lookaside-staging in registries.d';
    throw new ImageError('NOT_CONVERTIBLE', `Cannot write the signature "${path}": ${why}`, { hint, cause });
  }
}
