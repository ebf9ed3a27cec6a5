import fc from 'fast-check';
import { expect, test } from 'vitest';

import { EventEncoder } from '../../src/protocol/event-encoder.ts';
import type { ResponseEvent } from '../../src/protocol/responses.ts';
import { encodeSse } from '../../src/protocol/sse.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\u2028', '\ud800', '日本語', '"delta":"', '\n\ndata: x\n\n'),
);
const type = fc.constantFrom('response.output_text.delta', 'response.refusal.delta', 'a"b');
const index = fc.nat({ max: 1 });

/** Deltas of a few parts in any order, and events that are none. */
const event = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(type, index, index, text, fc.array(text, { maxLength: 1 })).map(textDelta),
  },
  { weight: 2, arbitrary: fc.tuple(index, index, text).map(summaryDelta) },
  { weight: 1, arbitrary: fc.jsonValue().map((item) => ({ type: 'response.done', item })) },
);

type Place = [string, number, number, string, string[]];

function textDelta([kind, output_index, content_index, delta, tokens]: Place) {
  const item_id = `msg_"${output_index}"`;
  const logprobs = tokens.map((token) => ({ token, logprob: -1 }));
  return { type: kind, output_index, item_id, content_index, delta, logprobs };
}

function summaryDelta([output_index, summary_index, delta]: [number, number, string]) {
  return { type: 'response.reasoning.delta', output_index, item_id: 'rs', summary_index, delta };
}

test('every event is encoded as JSON encodes it', () => {
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const encoder = new EventEncoder();
      for (const [sequence_number, { type: kind, ...fields }] of events.entries()) {
        const numbered: ResponseEvent = { type: kind, sequence_number, ...fields };
        expect(encoder.encode(numbered)).toBe(encodeSse(kind, numbered));
      }
    }),
  );
});
