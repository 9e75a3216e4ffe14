import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reasonOf } from '../model/file-fault.ts';
import { digestOf, digestParts } from './digest.ts';
import { ImageError } from './failure.ts';
import { type Http, readAll } from './http.ts';
import { isRecord, parseJson, text } from './json.ts';
import type { Manifest } from './manifest.ts';
import type { SignatureStorage } from './registries-d.ts';

/** A signature as cosign makes it. */
export interface SigstoreSignature {
  readonly mediaType: string;
  readonly payload: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A signature of either kind: of OpenPGP as a message, or of sigstore. */
export type Signature =
  | { readonly kind: 'simple'; readonly message: Uint8Array }
  | ({ readonly kind: 'sigstore' } & SigstoreSignature)
  /** Of a kind that nobody here knows. */
  | { readonly kind: 'other'; readonly name: string; readonly bytes: Uint8Array };

/** A signature is a few kilobytes. In bytes. */
export const largestSignature: number = 4 * 1024 * 1024;
/** Whoever lists signatures without end is left. */
export const mostSignatures = 128;

/** Beside an image in `dir:`: `signature-1` and so on, of an index's image `HEX.signature-1`. */
export async function directorySignatures(
  path: string,
  image: Pick<Manifest, 'digest'>,
): Promise<readonly Signature[]> {
  const top = await readFile(join(path, 'manifest.json'));
  const name = signatureName(image, digestOf(top) === image.digest);
  return numberedFiles(number => join(path, name(number)));
}

/** How the files of a manifest's signatures are called in a directory, its own or that of an index. */
export function signatureName({ digest }: Pick<Manifest, 'digest'>, isTop: boolean): (number: number) => string {
  return number => `${isTop ? '' : `${digestParts(digest).hex}.`}signature-${number}`;
}

/** In a lookaside storage: `REPOSITORY@sha256=HEX/signature-1` and so on. @throws ImageError */
export async function lookasideSignatures(
  http: Http,
  { lookaside }: SignatureStorage,
  image: Pick<Manifest, 'digest'>,
): Promise<readonly Signature[]> {
  const base = lookasideBase(lookaside, image);
  return numbered(async number => {
    const at = `${base}/signature-${number}`;
    const url = URL.canParse(at) ? new URL(at) : undefined;
    if (url?.protocol === 'file:') return readOptional(fileURLToPath(url));
    if (url?.protocol === 'http:' || url?.protocol === 'https:') return fetchOptional(http, url);
    const hint = 'Name it in registries.d as file://, http:// or https://';
    throw new ImageError('TRUST_INVALID', `Cannot read signatures at "${at}": expected an address`, { hint });
  });
}

/**
 * Whether a lookaside storage may have signatures of a repository, as far as this host knows: of one elsewhere nobody is
 * asked, and it may.
 */
export async function mayHaveLookaside({ lookaside }: SignatureStorage): Promise<boolean> {
  if (!URL.canParse(lookaside) || new URL(lookaside).protocol !== 'file:') return true;
  const path = fileURLToPath(new URL(lookaside));
  const names = await readdir(dirname(path)).catch(({ code }: NodeJS.ErrnoException) =>
    // What cannot be listed may still be read.
    code === 'ENOENT' || code === 'ENOTDIR' ? [] : undefined,
  );
  return names?.some(name => name.startsWith(`${basename(path)}@`)) ?? true;
}

/** The address below which a lookaside storage has the signatures of an image. */
export function lookasideBase(repository: string, { digest }: Pick<Manifest, 'digest'>): string {
  return `${repository}@${digest.replace(':', '=')}`;
}

/** The signatures in files that are numbered from 1 on. @throws ImageError `TRUST_INVALID` */
export function numberedFiles(pathOf: (number: number) => string): Promise<readonly Signature[]> {
  return numbered(number => readOptional(pathOf(number)));
}

async function numbered(read: (number: number) => Promise<Uint8Array | undefined>): Promise<readonly Signature[]> {
  const found: Signature[] = [];
  for (let number = 1; number <= mostSignatures; number++) {
    const bytes = await read(number);
    if (bytes === undefined) break;
    found.push(parseSignature(bytes));
  }
  return found;
}

async function readOptional(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    const hint = 'Give the user that runs podstead read access';
    throw new ImageError('TRUST_INVALID', `Cannot read the signature "${path}": ${reasonOf(cause)}`, { hint, cause });
  });
}

async function fetchOptional(http: Http, url: URL): Promise<Uint8Array | undefined> {
  const what = `read the signature ${url.href}`;
  const answer = await http.send({ method: 'GET', url, accept: [404], what });
  if (answer.status !== 404) return readAll(answer, largestSignature, what);
  await answer.drop();
  return undefined;
}

/** A file of OpenPGP as it is; others begin with a zero byte and a line that names their kind (containers/image). */
export function parseSignature(bytes: Uint8Array): Signature {
  if (bytes[0] !== 0) return { kind: 'simple', message: bytes };
  const end = bytes.indexOf(0x0a);
  const name = Buffer.from(bytes.subarray(1, end < 0 ? undefined : end)).toString('latin1');
  const content = bytes.subarray(end + 1);
  if (name === 'simple-signing') return { kind: 'simple', message: content };
  return (name === 'sigstore-json' && sigstoreOf(content)) || { kind: 'other', name: name.slice(0, 50), bytes };
}

function sigstoreOf(content: Uint8Array): Signature | undefined {
  const document = parseJson(content, 'a signature');
  if (!isRecord(document) || !isRecord(document.annotations)) return undefined;
  const [mediaType, payload] = [text(document.mimeType), text(document.payload)];
  if (mediaType === undefined || payload === undefined) return undefined;
  const annotations = Object.entries(document.annotations).filter((each): each is [string, string] => !!text(each[1]));
  return {
    kind: 'sigstore',
    mediaType,
    payload: Buffer.from(payload, 'base64'),
    annotations: Object.fromEntries(annotations),
  };
}

/** The bytes of a signature as a file: what `parseSignature` reads. Of OpenPGP as it is, which every reader knows. */
export function formatSignature(signature: Signature): Uint8Array {
  if (signature.kind === 'simple') return signature.message;
  if (signature.kind === 'other') return signature.bytes;
  const { mediaType: mimeType, payload, annotations } = signature;
  const document = { mimeType, payload: Buffer.from(payload).toString('base64'), annotations };
  return Buffer.from(`\0sigstore-json\n${JSON.stringify(document)}`);
}
