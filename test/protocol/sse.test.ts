/** SSE survives any chunking, follows the standard where it matters, and is bounded. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { FrameTooLongError } from '../../src/protocol/line-splitter.ts';
import {
  encodeSse,
  sseComment,
  sseData,
  sseDone,
  type SseEvent,
  SseParser,
} from '../../src/protocol/sse.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Cuts bytes at the given places, in any order, repeats included. */
const cutAt = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const bounds = [0, ...places.map((at) => at % (bytes.length + 1)), bytes.length];
  const sorted = bounds.toSorted((a, b) => a - b);
  return sorted.slice(1).map((to, index) => bytes.subarray(sorted[index], to));
};

const parse = (chunks: readonly Uint8Array[]): SseEvent[] => {
  const parser = new SseParser();
  const events = chunks.flatMap((chunk) => parser.push(chunk));
  return [...events, ...parser.end()];
};

const places = fc.array(fc.nat(), { maxLength: 30 });
const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('data:', 'data: ', 'event: x', ':', '\n', '\r', '\r\n', '日本語', '😀'))
    .map((parts) => parts.join('')),
);

test('any chunking gives the same events', () => {
  fc.assert(
    fc.property(hostileText, places, (text, at) => {
      const bytes = bytesOf(text);
      expect(parse(cutAt(bytes, at))).toEqual(parse([bytes]));
    }),
  );
});

test('what is encoded is parsed again, cut anywhere', () => {
  const frame = fc.record({ event: fc.stringMatching(/^[a-z_.]{1,20}$/), data: fc.json() });
  fc.assert(
    fc.property(fc.array(frame), places, (frames, at) => {
      const text = frames
        .map(({ event, data }) => sseComment('ping') + encodeSse(event, JSON.parse(data)))
        .join('');
      const events = parse(cutAt(bytesOf(text + sseDone), at)).filter((it) => !it.isComment);
      expect(events.pop()).toEqual({ data: '[DONE]' });
      expect(events.map(({ event, data }) => ({ event, data: JSON.parse(data) }))).toEqual(
        frames.map(({ event, data }) => ({ event, data: JSON.parse(data) })),
      );
    }),
  );
});

test('hostile bytes never throw', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
      expect(() => parse(chunks)).not.toThrow();
    }),
  );
});

test.each([
  ['LF', 'event: a\ndata: 1\n\ndata: 2\n\n'],
  ['CR LF', 'event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n'],
  ['CR', 'event: a\rdata: 1\r\rdata: 2\r\r'],
  ['a byte order mark', '\uFEFFevent: a\ndata: 1\n\ndata: 2\n\n'],
  ['no space after the colon', 'event:a\ndata:1\n\ndata:2\n\n'],
  ['fields it does not know', 'id: 7\nevent: a\nretry: 5\nother\ndata: 1\n\ndata: 2\n\n'],
])('it understands %s', (_, text) => {
  expect(parse([bytesOf(text)])).toEqual([{ event: 'a', data: '1' }, { data: '2' }]);
});

test('data lines are joined, and only one space is taken off', () => {
  expect(parse([bytesOf('data:  a\ndata\ndata: b\n\n')])).toEqual([{ data: ' a\n\nb' }]);
});

test('a frame without data is nothing, and its name does not leak into the next', () => {
  expect(parse([bytesOf('event: a\n\ndata: 1\n\n')])).toEqual([{ data: '1' }]);
});

test('comments are reported as such', () => {
  expect(parse([bytesOf(': ping\n\n:\n')])).toEqual([
    { data: 'ping', isComment: true },
    { data: '', isComment: true },
  ]);
});

test('at the end, a whole line counts and a cut line does not', () => {
  expect(parse([bytesOf('data: [DONE]\n')])).toEqual([{ data: '[DONE]' }]);
  expect(parse([bytesOf('data: {"half":')])).toEqual([]);
});

test('a frame of our own gives its data back, and a comment none', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(sseData(encodeSse('x', value))).toBe(JSON.stringify(value));
    }),
  );
  expect(sseData(sseDone)).toBe('[DONE]');
  expect(sseData(sseComment('data: x'))).toBeUndefined();
});

const bounded = (text: string) => () => new SseParser(100).push(bytesOf(text));

test('a frame above the bound is refused, in one line or in many', () => {
  expect(bounded(`data: ${'x'.repeat(94)}\n\n`)).not.toThrow();
  expect(bounded(`data: ${'x'.repeat(95)}`)).toThrow(FrameTooLongError);
  expect(bounded('data: xxxxx\n'.repeat(10))).toThrow(FrameTooLongError);
  expect(bounded(': ping\n'.repeat(100))).not.toThrow();
});

test('a long frame in small chunks costs time in proportion to its length', () => {
  const parser = new SseParser();
  const piece = bytesOf('x'.repeat(1000));
  parser.push(bytesOf('data: '));
  for (let at = 0; at < 5000; at++) parser.push(piece);
  expect(parser.push(bytesOf('\n\n'))[0]?.data).toHaveLength(5_000_000);
});
