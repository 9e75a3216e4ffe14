/** What a server answered, as far as a probe asks. */
export interface Answer {
  readonly status: number;
  readonly location: string | undefined;
}

/** Reads one answer from the pieces in which it comes. */
export interface AnswerReader {
  /**
   * Takes the next piece, one character a byte; what is returned once the answer is whole stays the answer.
   *
   * @throws Error for what is no HTTP
   */
  take(piece: string): Answer | undefined;
  /** The connection has ended: an answer whose body ends with it is whole now. */
  end(): Answer | undefined;
}

/** Longest head of an answer, trailers and sizes of chunks included, as Go takes it by default (net/http, DefaultMaxHeaderBytes). */
const headBytes = 2 ** 20;

/** What is read next: a line of some sort, or so many bytes of the body; Infinity is until the connection ends. */
type State =
  | 'status'
  | 'field'
  | 'size'
  | 'chunkEnd'
  | 'trailer'
  | { readonly left: number; readonly next: 'size' | 'whole' };

/**
 * Reads an answer by RFC 9112: status line, fields, and a body that ends by its length, by its last chunk or with the
 * connection. Lines may end in a bare line feed (section 2.2); answers of 1xx are passed over (RFC 9110, section 15.2).
 * Each byte is looked at once, whatever a server sends.
 *
 * A reader of our own, as probes are hundreds a second: `node:http` takes more than twice the CPU for each.
 *
 * @param bodyBytes of a body are enough: then the answer counts as whole
 */
export function answerReader(bodyBytes: number): AnswerReader {
  let state: State | 'whole' = 'status';
  let head = newHead(0, '1.1');
  let rest = '';
  let searched = 0;
  let headLeft = headBytes;
  let bodyLeft = bodyBytes;

  /** Takes a whole line; returns what comes next. */
  const line = (text: string): State | 'whole' => {
    switch (state) {
      case 'status':
        head = statusLine(text);
        return 'field';
      case 'size':
        return sized(chunkSize(text));
      case 'chunkEnd':
        if (text !== '') throw new Error('a chunk is longer than it says');
        return 'size';
      case 'trailer':
        return text === '' ? 'whole' : 'trailer';
      default:
        if (text !== '') {
          addField(head, text);
          return 'field';
        }
        return isInterim(head.status) ? 'status' : bodyOf(head);
    }
  };
  const sized = (size: number): State => (size === 0 ? 'trailer' : { left: size, next: 'size' });

  /** Takes bytes of the body from a piece; returns how many. */
  const body = (available: number, { left, next }: Exclude<State, string>): number => {
    const taken = Math.min(available, left);
    bodyLeft -= taken;
    if (bodyLeft <= 0) state = 'whole';
    else if (taken < left) state = { left: left - taken, next };
    else state = next === 'size' ? 'chunkEnd' : 'whole';
    return taken;
  };

  const take = (piece: string): Answer | undefined => {
    const text = rest + piece;
    let at = 0;
    while (state !== 'whole') {
      if (typeof state === 'object') {
        if (at === text.length) break;
        at += body(text.length - at, state);
        continue;
      }
      const end = text.indexOf('\n', at + searched);
      const read = (end < 0 ? text.length : end + 1) - at;
      if (read > headLeft) throw new Error('a head of more than 1 MiB');
      searched = end < 0 ? read : 0;
      if (end < 0) break;
      headLeft -= read;
      state = line(text.slice(at, text[end - 1] === '\r' && end > at ? end - 1 : end));
      at = end + 1;
    }
    rest = text.slice(at);
    return state === 'whole' ? answerOf(head) : undefined;
  };

  const end = (): Answer | undefined => {
    if (typeof state === 'object' && state.left === Number.POSITIVE_INFINITY) state = 'whole';
    return state === 'whole' ? answerOf(head) : undefined;
  };

  return { take, end };
}

interface Head {
  readonly status: number;
  readonly version: string;
  /** Values by lowercase name; of fields that are given more than once, joined by commas (RFC 9110, section 5.3). */
  readonly fields: Map<string, string>;
  last: string;
}

function newHead(status: number, version: string): Head {
  return { status, version, fields: new Map(), last: '' };
}

function statusLine(line: string): Head {
  const found = /^HTTP\/(\d\.\d) (\d{3})(?: |$)/.exec(line);
  if (found === null) throw new Error('what came is not HTTP');
  const [, version = '', status] = found;
  return newHead(Number(status), version);
}

/** Fields that are asked for. */
const wanted: ReadonlySet<string> = new Set(['location', 'content-length', 'transfer-encoding']);

function addField(head: Head, line: string): void {
  const { fields } = head;
  // A line that begins with white space goes on with the field before it (RFC 9112, section 5.2).
  if (line[0] === ' ' || line[0] === '\t') {
    const before = fields.get(head.last);
    if (before !== undefined) fields.set(head.last, `${before} ${line.trim()}`);
    return;
  }
  const colon = line.indexOf(':');
  if (colon <= 0) throw new Error('a field of the head has no name');
  head.last = line.slice(0, colon).toLowerCase();
  if (!wanted.has(head.last)) return;
  const before = fields.get(head.last);
  const value = line.slice(colon + 1).trim();
  fields.set(head.last, before === undefined ? value : `${before}, ${value}`);
}

/** How the body ends (RFC 9112, section 6.3). */
function bodyOf({ status, version, fields }: Head): State | 'whole' {
  if (status < 200 || status === 204 || status === 304) return 'whole';
  const coding = fields.get('transfer-encoding');
  // There were none before 1.1, whatever a server says (section 6.1).
  if (coding !== undefined && version !== '1.0') {
    if (coding.toLowerCase() === 'chunked') return 'size';
    throw new Error(`transfer coding "${coding.slice(0, 40)}" is not known`);
  }
  const length = fields.get('content-length');
  if (length === undefined) return { left: Number.POSITIVE_INFINITY, next: 'whole' };
  const [first = '', ...others] = length.split(',').map(text => text.trim());
  const isOne = /^\d{1,15}$/.test(first) && others.every(other => other === first);
  if (!isOne) throw new Error(`Content-Length "${length.slice(0, 40)}" is no length`);
  return Number(first) === 0 ? 'whole' : { left: Number(first), next: 'whole' };
}

/** What follows a semicolon extends the size, and asks nothing of us (RFC 9112, section 7.1.1). */
function chunkSize(line: string): number {
  const digits = /^([0-9a-f]+)[ \t]*(?:;|$)/i.exec(line)?.[1]?.replace(/^0+/, '');
  if (digits === undefined || digits.length > 12) throw new Error('a chunk has no size');
  return digits === '' ? 0 : Number.parseInt(digits, 16);
}

/** 101 ends the speaking of HTTP: nothing else follows. */
function isInterim(status: number): boolean {
  return status < 200 && status !== 101;
}

function answerOf({ status, fields }: Head): Answer {
  return { status, location: fields.get('location') };
}
