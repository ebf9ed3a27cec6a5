import fc from 'fast-check';
import { expect, test } from 'vitest';

import { type Channel, type Chunk, decodeChunks, encodeChunks } from '../../src/log/chunk-code.ts';

const channel = fc.constantFrom<Channel>('text', 'reasoning', 'arguments', 'refusal');
const step = fc.record({ gapMs: fc.double({ min: 0, max: 400_000, noNaN: true }), channel });

/** Chunks at the sums of the gaps. */
const chunksOf = (
  firstAt: number,
  steps: readonly { gapMs: number; channel: Channel }[],
): Chunk[] => {
  let at = firstAt;
  return steps.map(({ gapMs, channel }) => ({ at: (at += gapMs), channel }));
};

test('chunks come back to 10 µs, however many there are', () => {
  const firstAt = fc.double({ min: 0, max: 1e7, noNaN: true });
  fc.assert(
    fc.property(firstAt, fc.array(step, { maxLength: 300 }), (origin, steps) => {
      const chunks = chunksOf(origin, steps);
      const back = decodeChunks(encodeChunks(chunks), chunks[0]?.at ?? 0);
      expect(back.map((it) => it.channel)).toEqual(chunks.map((it) => it.channel));
      // Half a unit of 10 µs, and what a double cannot tell apart at 1e8 ms.
      for (const [place, chunk] of chunks.entries())
        expect(Math.abs((back[place]?.at ?? NaN) - chunk.at)).toBeLessThan(0.005 + 1e-6);
    }),
  );
});

test('280 chunks of text fit into 1.2 kB', () => {
  const chunks = chunksOf(
    1234.5678,
    Array.from({ length: 280 }, (_, at) => ({ gapMs: 50 + (at % 7), channel: 'text' as const })),
  );
  expect(encodeChunks(chunks).length).toBe(748);
  const slow = chunks.map(({ channel }, at) => ({ at: at * 200, channel }));
  expect(encodeChunks(slow).length).toBe(1120);
});

test('a code that was cut or is garbage yields chunks, and does not throw', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (code) => {
      const chunks = decodeChunks(code, 0);
      expect(chunks.length).toBeLessThanOrEqual(code.length);
    }),
  );
});
