import { ImageError } from './failure.ts';
import { list, record, text } from './json.ts';

interface Row {
  readonly code: RegExp;
  readonly image: 'REGISTRY_UNREACHABLE' | 'REGISTRY_INVALID';
  readonly transient: boolean;
  readonly hint: string;
}

/** Codes of Node and OpenSSL where no answer came. */
const rows: readonly Row[] = [
  {
    code: /WRONG_VERSION_NUMBER|^EPROTO$|PACKET_LENGTH_TOO_LONG/,
    image: 'REGISTRY_UNREACHABLE',
    transient: false,
    hint: 'It speaks plain HTTP, it seems: give --tls-verify=false where that is meant',
  },
  {
    code: /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_(TLS|SSL)/,
    image: 'REGISTRY_UNREACHABLE',
    transient: false,
    hint: 'Give the registry a certificate that this host trusts, or give --tls-verify=false',
  },
  {
    code: /^HPE_/,
    image: 'REGISTRY_INVALID',
    transient: false,
    hint: 'See that a registry answers there, and nothing else',
  },
  {
    code: /^ERR_PROXY$/,
    image: 'REGISTRY_UNREACHABLE',
    transient: false,
    hint: 'See that the proxy of HTTPS_PROXY or HTTP_PROXY lets this host through, or name the registry in NO_PROXY',
  },
  {
    code: /^ENOTFOUND$/,
    image: 'REGISTRY_UNREACHABLE',
    transient: false,
    hint: "Correct the registry's name, or see that this host finds names",
  },
  {
    code: /^E[A-Z_]+$/,
    image: 'REGISTRY_UNREACHABLE',
    transient: true,
    hint: 'See that the registry answers from this host',
  },
];

/** The failure behind an error of a request; undefined where it is none of the network. */
export function networkFailure(what: string, error: unknown): ImageError | undefined {
  if (error instanceof ImageError || !(error instanceof Error)) return undefined;
  const code = codeOf(error);
  const row = rows.find(row => row.code.test(code));
  if (row === undefined) return undefined;
  const { image, hint, transient } = row;
  return new ImageError(image, `Cannot ${what}: ${reasonOf(error)}`, { hint, transient, cause: error });
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** A host with several addresses fails with one error for each, and with no words of its own. */
function reasonOf(error: Error): string {
  const first = error instanceof AggregateError ? error.errors.find(each => each instanceof Error) : undefined;
  const message = first?.message ?? (error.message || codeOf(error));
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined;
  // OpenSSL says it among addresses and places in its source.
  const said = reason ?? /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1];
  return said ?? plainer[message] ?? message;
}

/** What Node says of connections that end. */
const plainer: Readonly<Record<string, string>> = {
  aborted: 'the connection broke off',
  'socket hang up': 'the connection was closed without an answer',
};

/** An answer that is a failure. */
interface Refusal {
  readonly status: number;
  /** The registry's own words are in it. */
  readonly body: Uint8Array;
  readonly retryAfterMs: number | undefined;
  /** What proved who asked, without its value; undefined where anybody asked. */
  readonly asker: string | undefined;
}

/** The failure that a registry tells (distribution-spec, "Error codes"). */
export function answerFailure(what: string, { status, body, retryAfterMs, asker }: Refusal): ImageError {
  const words = wordsOf(body);
  const isRefused = status === 401 || status === 403;
  const to = isRefused && asker !== undefined ? ` to ${asker}` : '';
  const message = `Cannot ${what}: the registry answers ${status}${to}${words === '' ? '' : `, ${words}`}`;
  if (status === 404) return new ImageError('IMAGE_NOT_FOUND', message, { hint: 'Correct the name or the tag' });
  if (isRefused) return new ImageError('REGISTRY_REFUSED', message, { hint: accessHint(status, asker) });
  if (status === 429) {
    const hint = 'Wait, or log in: the registry limits how often it is asked';
    return new ImageError('REGISTRY_REFUSED', message, { hint, transient: true, retryAfterMs });
  }
  if (status >= 500 || status === 408) {
    const hint = 'See that the registry is well; its log may say more';
    return new ImageError('REGISTRY_UNREACHABLE', message, { hint, transient: true, retryAfterMs });
  }
  return new ImageError('REGISTRY_REFUSED', message, { hint: hintOf(status) });
}

function accessHint(status: number, asker: string | undefined): string {
  if (asker === undefined) return 'Log in with "podstead image login", or ask for the right to do this';
  return status === 401
    ? 'Correct what was refused, or log in anew with "podstead image login"'
    : 'Ask for the right to do this, or log in as somebody who has it, with "podstead image login"';
}

function hintOf(status: number): string | undefined {
  return status === 405
    ? 'See that the registry allows it, as deleting in the configuration of distribution'
    : undefined;
}

/** More of it helps nobody, in characters. */
const longestWords = 300;

/** What the registry says, on one line: it is somebody else's text, and goes to a terminal. */
function wordsOf(body: Uint8Array): string {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return '';
  }
  const said = list(record(document).errors)
    .map(record)
    .map(({ code, message }) => text(message) || text(code) || '');
  const words = said.length > 0 ? said.join('; ') : (text(record(document).details) ?? '');
  return words
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, longestWords);
}
