import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import { stoppedAt } from '../../../src/target/proxy/stop-text.ts';

/** The events, as many together as it says. */
async function* told(
  events: readonly GenerationEvent[],
  together: number,
): AsyncGenerator<readonly GenerationEvent[]> {
  for (let at = 0; at < events.length; at += together) yield events.slice(at, at + together);
}

const heard = async (stop: readonly string[], events: readonly GenerationEvent[], together = 1) => {
  const all: GenerationEvent[] = [];
  for await (const some of stoppedAt(stop, told(events, together))) all.push(...some);
  return all;
};

const text = (value: string): GenerationEvent => ({ kind: 'text', text: value });
const end: GenerationEvent = { kind: 'end', reason: 'length' };

test('the answer ends before the text, however it is cut into pieces', async () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
  const stop = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.array(letters), fc.array(stop, { minLength: 1 }), async (pieces, stops) => {
      const whole = pieces.join('');
      const at = stops.map((it) => whole.indexOf(it)).filter((it) => it >= 0);
      const events = await heard(stops, [...pieces.map((it) => text(it)), end]);
      const shown = events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
      const isFound = at.length > 0;
      // A text that ends sooner wins over one that begins sooner, as in a stream it must.
      expect(whole.startsWith(shown)).toBe(true);
      expect(stops.some((it) => whole.startsWith(it, shown.length))).toBe(isFound);
      expect(shown === whole).toBe(!isFound);
      expect(events.at(-1)).toEqual(isFound ? { kind: 'end', reason: 'stop' } : end);
      const together = await heard(stops, [...pieces.map((it) => text(it)), end], 3);
      expect(together).toEqual(events);
    }),
  );
});

test('what was held back is told before anything else, and a failure needs no more', async () => {
  const usage: GenerationEvent = { kind: 'usage', usage: { inputTokens: 1, outputTokens: 1 } };
  expect(await heard(['END'], [text('xE'), usage, end])).toEqual([
    text('x'),
    text('E'),
    usage,
    end,
  ]);
});
