/** Which bytes break a text, and which do not. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import { TextWatch } from '../../../src/target/proxy/text-watch.ts';

const text = (value: string): GenerationEvent => ({ kind: 'text', text: value });
const kindsOf = (events: readonly GenerationEvent[]) => events.map(({ kind }) => kind);

test('text is let through, however its characters are cut', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.infiniteStream(fc.integer({ min: 1, max: 3 })),
      (said, steps) => {
        const bytes = Buffer.from(said.toWellFormed());
        const watch = new TextWatch();
        for (let at = 0; at < bytes.length;) {
          const step = steps.next().value ?? 1;
          const events = [text('\uFFFD')];
          expect(watch.checked(bytes.subarray(at, at + step), events)).toBe(events);
          at += step;
        }
      },
    ),
  );
});

test.each([
  ['a character without its end', [0xe3, 0x81, 0x20]],
  ['an end without its character', [0x81]],
  ['a byte that begins none', [0xff]],
])('%s breaks the text it is in, and nothing before', (_, bytes) => {
  const watch = new TextWatch();
  const said = watch.checked(Buffer.from(bytes), [text('p1 '), text('\uFFFDp2 '), text('p3 ')]);
  expect(kindsOf(said)).toEqual(['text', 'failure']);
  expect(kindsOf(watch.checked(undefined, [text('\uFFFD')]))).toEqual(['failure']);
});

test('bytes that reach no text harm nobody', () => {
  const events = [text('p1 ')];
  expect(new TextWatch().checked(Buffer.from([0xff]), events)).toBe(events);
});
