/** NDJSON survives any chunking, and is bounded. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { FrameTooLongError } from '../../src/protocol/line-splitter.ts';
import { encodeNdjson, NdjsonParser } from '../../src/protocol/ndjson.ts';

const parse = (chunks: readonly Uint8Array[]): string[] => {
  const parser = new NdjsonParser();
  return [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()];
};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test('values survive the round trip, cut after every byte or not at all', () => {
  fc.assert(
    fc.property(fc.array(fc.json()), fc.integer({ min: 1, max: 9 }), (values, stepBytes) => {
      const bytes = bytesOf(values.map((it) => encodeNdjson(JSON.parse(it))).join(''));
      const chunks = Array.from({ length: Math.ceil(bytes.length / stepBytes) }, (_, index) =>
        bytes.subarray(index * stepBytes, (index + 1) * stepBytes),
      );
      const expected = values.map((it) => JSON.parse(it));
      expect(parse(chunks).map((line) => JSON.parse(line))).toEqual(expected);
      expect(parse([bytes]).map((line) => JSON.parse(line))).toEqual(expected);
    }),
  );
});

test('hostile bytes never throw, and any chunking gives the same lines', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (chunks) => {
      expect(parse(chunks)).toEqual(parse([Buffer.concat(chunks)]));
    }),
  );
});

test('the last line needs no line break; blank lines are nothing', () => {
  expect(parse([bytesOf('{"a":1}\r\n\n  \n{"b":2}')])).toEqual(['{"a":1}', '{"b":2}']);
});

test('a chunk that is reused by its owner does not change what was held', () => {
  const parser = new NdjsonParser();
  const chunk = bytesOf('{"a":');
  parser.push(chunk);
  chunk.fill(0);
  expect(parser.push(bytesOf('1}\n'))).toEqual(['{"a":1}']);
});

test('a line above the bound is refused before it ends', () => {
  const parser = new NdjsonParser(10);
  expect(parser.push(bytesOf('0123456789\n'))).toEqual(['0123456789']);
  expect(() => parser.push(bytesOf('01234567890'))).toThrow(FrameTooLongError);
});
