/** The scanner reads along: every byte comes back, and marks do not depend on how bytes arrive. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ndjsonTokenScan, sseTokenScan } from '../../../src/protocol/token-scan.ts';
import { HttpScan, type Piece } from '../../../src/target/fault/http-scan.ts';

const framing = fc.constantFrom('chunked' as const, 'length' as const, 'close' as const);

/** A response whose body is `frames`, each in an HTTP chunk of its own or cut across two. */
const responseOf = (frames: readonly string[], how: 'chunked' | 'length' | 'close'): string => {
  const body = frames.join('');
  if (how === 'length')
    return `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  if (how === 'close') return `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${body}`;
  const chunks = frames.map((it) => `${Buffer.byteLength(it).toString(16)}\r\n${it}\r\n`);
  return `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`;
};

const sliced = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
};

const isFilled = (piece: Piece): boolean => piece.mark !== undefined || piece.bytes.length > 0;

/** The offset in the stream at which each marked piece ends. */
const marksOf = (pieces: readonly Piece[]): string[] => {
  let at = 0;
  return pieces.flatMap(({ bytes, mark }) => {
    at += bytes.length;
    return mark ? [`${mark} ${at}`] : [];
  });
};

const ollamaLine = fc.oneof(
  fc.string().map((content) => ({ message: { role: 'assistant', content }, done: false })),
  fc.string().map((thinking) => ({ message: { content: '', thinking }, done: false })),
  fc.constant({ message: { content: '' }, done: true }),
);

test('an NDJSON stream has the same tokens however it is cut and framed', () => {
  fc.assert(
    fc.property(
      fc.array(ollamaLine, { minLength: 1, maxLength: 8 }),
      framing,
      fc.array(fc.nat(2000)),
      (lines, how, cuts) => {
        const frames = lines.map((line) => `${JSON.stringify(line)}\n`);
        const bytes = Buffer.from(responseOf(frames, how));
        const scan = new HttpScan('response', ndjsonTokenScan);
        const pieces = sliced(bytes, cuts).flatMap((slice) => scan.push(slice));
        const wanted = lines.filter(
          ({ message }) => message.content !== '' || ('thinking' in message && message.thinking),
        ).length;
        expect(pieces.filter(({ mark }) => mark === 'token')).toHaveLength(wanted);
        expect(Buffer.concat(pieces.map((it) => it.bytes)).equals(bytes)).toBe(true);
        expect(marksOf(pieces)).toEqual(
          marksOf(new HttpScan('response', ndjsonTokenScan).push(bytes)),
        );
      },
    ),
  );
});

test('an SSE stream has the same tokens however it is cut and framed', () => {
  const event = fc.constantFrom(
    'response.created',
    'response.output_text.delta',
    'response.function_call_arguments.delta',
    'response.completed',
  );
  const end = fc.constantFrom('\n', '\r\n');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(event, fc.string({ unit: 'binary', minLength: 1 })), {
        minLength: 1,
        maxLength: 8,
      }),
      end,
      framing,
      fc.array(fc.nat(3000)),
      (events, newline, how, cuts) => {
        const frames = events.map(
          ([type, delta]) =>
            `event: ${type}${newline}data: ${JSON.stringify({ type, delta })}${newline}${newline}`,
        );
        const bytes = Buffer.from(responseOf(frames, how));
        const scan = new HttpScan('response', sseTokenScan);
        const pieces = sliced(bytes, cuts).flatMap((slice) => scan.push(slice));
        const wanted = events.filter(([type]) => type.endsWith('.delta')).length;
        expect(pieces.filter(({ mark }) => mark === 'token')).toHaveLength(wanted);
        expect(Buffer.concat(pieces.map((it) => it.bytes)).equals(bytes)).toBe(true);
      },
    ),
  );
});

test('each token mark comes right after its frame', () => {
  const frames = ['a', 'b', 'c'].map((text) => `data: {"type":"x.delta","delta":"${text}"}\n\n`);
  const scan = new HttpScan('response', sseTokenScan);
  const pieces = scan.push(Buffer.from(responseOf(frames, 'length'))).filter(isFilled);
  expect(pieces.filter((it) => it.mark === 'token').map(({ bytes }) => bytes.toString())).toEqual(
    frames,
  );
});

test('requests that share a connection are told apart, bodies of any bytes included', () => {
  const request = fc.record({
    body: fc.uint8Array({ maxLength: 200 }),
    isChunked: fc.boolean(),
    span: fc.stringMatching(/^[0-9a-f]{16}$/),
  });
  fc.assert(
    fc.property(
      fc.array(request, { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(4000)),
      (requests, cuts) => {
        const bytes = Buffer.concat(
          requests.flatMap(({ body, isChunked, span }) => {
            const start = `POST /api/chat HTTP/1.1\r\nTraceParent: 00-${'a'.repeat(32)}-${span}-01\r\n`;
            return isChunked
              ? [
                  Buffer.from(`${start}Transfer-Encoding: chunked\r\n\r\n`),
                  ...(body.length > 0
                    ? [
                        Buffer.from(`${body.length.toString(16)};x=1\r\n`),
                        body,
                        Buffer.from('\r\n'),
                      ]
                    : []),
                  Buffer.from('0\r\ntrailer: 1\r\n\r\n'),
                ]
              : [Buffer.from(`${start}Content-Length: ${body.length}\r\n\r\n`), body];
          }),
        );
        const scan = new HttpScan('request');
        const pieces = sliced(bytes, cuts).flatMap((slice) => scan.push(slice));
        const heads = pieces.filter(({ mark }) => mark === 'head');
        expect(heads.map(({ head }) => head?.headers.get('traceparent')?.slice(36, 52))).toEqual(
          requests.map(({ span }) => span),
        );
        expect(pieces.filter(({ mark }) => mark === 'begin')).toHaveLength(requests.length);
        expect(pieces.filter(({ mark }) => mark === 'end')).toHaveLength(requests.length);
        expect(Buffer.concat(pieces.map((it) => it.bytes)).equals(bytes)).toBe(true);
      },
    ),
  );
});

test('what is not HTTP is given back all the same', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.array(fc.nat(500)), (noise, cuts) => {
      const bytes = Buffer.from(noise);
      const scan = new HttpScan('response', sseTokenScan);
      const pieces = sliced(bytes, cuts).flatMap((slice) => scan.push(slice));
      const given = Buffer.concat([...pieces.map((it) => it.bytes), scan.end()]);
      expect(given.equals(bytes)).toBe(true);
    }),
  );
});

test('a head is never given in part', () => {
  const scan = new HttpScan('response', sseTokenScan);
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
  for (const character of head.slice(0, -1))
    for (const { bytes } of scan.push(Buffer.from(character))) expect(bytes).toHaveLength(0);
  expect(marksOf(scan.push(Buffer.from('\n')))).toEqual([
    `head ${head.length}`,
    `end ${head.length}`,
  ]);
});

test('an interim response is not the answer', () => {
  const scan = new HttpScan('response', sseTokenScan);
  const pieces = scan.push(
    Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'),
  );
  expect(pieces.filter(({ mark }) => mark === 'head').map(({ head }) => head?.start)).toEqual([
    'HTTP/1.1 204 No Content',
  ]);
});
