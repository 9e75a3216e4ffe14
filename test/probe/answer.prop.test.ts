import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Answer, answerReader } from '../../src/probe/answer.ts';
import { property } from '../arbitraries/property.ts';

const enough = 10 * 1024;

/** An answer as it is sent, and what must be read of it. */
interface Sent {
  readonly text: string;
  readonly answer: Answer;
  /** So many characters are needed until it is whole; undefined where only the connection's end tells. */
  readonly whole: number | undefined;
}

const feed = fc.constantFrom('\r\n', '\r\n', '\n');
const words = fc.string({ unit: fc.constantFrom(...'abc:;,0 \t\x80\xff'), maxLength: 20 });
const other = fc
  .tuple(fc.constantFrom('Date', 'X-A', 'Content-Type', 'X-Content-Length', 'Locations'), words)
  .map(([name, value]) => `${name}: ${value}`);
const body = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0\r\nabc\x00\xff'), maxLength: 60 }),
  fc.nat({ max: 2 * enough }).map(length => 'x'.repeat(length)),
);
const interim = feed.chain(end =>
  fc.constantFrom('', `HTTP/1.1 100 Continue${end}${end}`, `HTTP/1.1 103 Early Hints${end}Location: /no${end}${end}`),
);

/** The body in chunks, of sizes in any spelling, with extensions and trailers. */
function chunked(text: string, end: string): fc.Arbitrary<string> {
  const size = fc.tuple(
    fc.integer({ min: 1, max: 4096 }),
    fc.constantFrom('', '0', '000'),
    fc.constantFrom('', ';a=b', ' ', ';"x;0"'),
  );
  const trailers = fc.array(other, { maxLength: 2 }).map(lines => lines.map(line => line + end).join(''));
  return fc.tuple(fc.array(size, { minLength: 1, maxLength: 8 }), trailers).map(([sizes, trailing]) => {
    let out = '';
    for (let at = 0, index = 0; at < text.length; index += 1) {
      const [most, zeros, extension] = sizes[index % sizes.length] ?? [4096, '', ''];
      const piece = text.slice(at, at + most);
      out += `${zeros}${piece.length.toString(16)}${extension}${end}${piece}${end}`;
      at += piece.length;
    }
    return `${out}0${end}${trailing}${end}`;
  });
}

const sent: fc.Arbitrary<Sent> = fc
  .record({
    before: interim,
    status: fc.constantFrom(101, 200, 204, 299, 302, 304, 404, 503),
    end: feed,
    others: fc.array(other, { maxLength: 4 }),
    location: fc.option(fc.constantFrom('/next', 'http://elsewhere/', '/a b\xff'), { nil: undefined }),
    framing: fc.constantFrom('length', 'chunks', 'connection'),
    content: body,
    odd: fc.constantFrom('', ' ', '\t '),
  })
  .chain(({ before, status, end, others, location, framing, content, odd }) => {
    const bare = status === 101 || status === 204 || status === 304;
    const fields = [
      ...others,
      ...(location === undefined ? [] : [`LOCATION:${odd}${location}${odd}`]),
      ...(framing === 'length' ? [`content-Length:${odd}${content.length}${odd}`] : []),
      ...(framing === 'chunks' ? [`Transfer-Encoding: ${odd}Chunked`] : []),
    ];
    const head = `${before}HTTP/1.1 ${status} Word${end}${fields.map(line => line + end).join('')}${end}`;
    const following = bare ? fc.constant('') : framing === 'chunks' ? chunked(content, end) : fc.constant(content);
    return following.map(rest => {
      const isShort = content.length < enough;
      const tells = bare || framing !== 'connection' || !isShort;
      const text = head + rest;
      const whole = tells ? (isShort || bare ? text.length : undefined) : undefined;
      return { text, answer: { status, location }, whole };
    });
  });

/** Cuts a text at some places. */
function cut(text: string, places: readonly number[]): readonly string[] {
  const at = [...new Set([0, ...places.map(place => place % (text.length + 1)), text.length])].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

function read(pieces: readonly string[]): { readonly answer: Answer | undefined; readonly ended: Answer | undefined } {
  const reader = answerReader(enough);
  let answer: Answer | undefined;
  for (const piece of pieces) answer ??= reader.take(piece);
  return { answer, ended: reader.end() };
}

const places = fc.array(fc.nat(40_000), { maxLength: 12 });

property(
  'an answer is read alike in any pieces, and is whole no sooner than its end',
  300,
  fc.property(sent, places, ({ text, answer, whole }, at) => {
    assert.deepEqual(read(cut(text, at)).ended, answer);
    if (whole === undefined) return;
    assert.deepEqual(read(cut(text, at)).answer, answer);
    assert.equal(read(cut(text.slice(0, whole - 1), at)).answer, undefined);
  }),
);

const noise = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .tuple(sent, fc.nat(), fc.string({ unit: fc.constantFrom(...'\r\n\t :;0-fx\x00'), maxLength: 6 }))
    .map(([{ text }, at, odd]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + odd + text.slice(place + odd.length);
    }),
);

property(
  'any bytes are an answer, or none, or refused in words',
  300,
  fc.property(noise, places, (text, at) => {
    try {
      const { answer } = read(cut(text, at));
      if (answer !== undefined) assert.ok(answer.status >= 101 && answer.status <= 999);
    } catch (error) {
      assert.ok(error instanceof Error && error.constructor === Error, String(error));
    }
  }),
);

test('lengths and sizes that are none, heads without an end and unknown codings are refused', () => {
  const heads = [
    'Content-Length: -5',
    'Content-Length: 5, 6',
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length: 0x5',
    'Content-Length:',
    'Transfer-Encoding: gzip, chunked',
    ': nameless',
    'without a colon',
  ];
  for (const head of heads) assert.throws(() => read([`HTTP/1.1 200 OK\r\n${head}\r\n\r\nabcde`]), Error, head);
  for (const size of ['', 'g', '-1', '0x5', 'fffffffffffff'])
    assert.throws(() => read([`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\nabcde`]), /no size/);
  assert.throws(
    () => read(['HTTP/1.1 200 OK\r\nX: ', ...Array.from({ length: 20 }, () => ' '.repeat(2 ** 16))]),
    /1 MiB/,
  );
  const long = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n';
  assert.throws(() => read([long]), /longer than it says/);
  const interims = Array.from({ length: 50 }, () => 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000));
  assert.throws(() => read(interims), /1 MiB/);
});

test('a length given twice alike is one, and a coding before 1.1 is none', () => {
  const twice = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok';
  assert.equal(read([twice]).answer?.status, 200);
  const old = 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\nok';
  assert.equal(read([old]).answer?.status, 200);
  const folded = 'HTTP/1.1 302 Found\r\nLocation: /a\r\n b\r\nContent-Length: 0\r\n\r\n';
  assert.deepEqual(read([folded]).answer, { status: 302, location: '/a b' });
});
