/** The events of a response, held to the grammar that clients enforce. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { ResponseEvent, ResponseResource } from '../../../src/protocol/responses.ts';
import type { Piece } from '../../../src/target/backend/cooperative-model.ts';
import { blankResource, ResponsesAnswer } from '../../../src/target/backend/responses-answer.ts';

const usage = {
  input_tokens: 1,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 1,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 2,
};
const blank: ResponseResource = { ...blankResource, id: 'resp_1' };

const eventsOf = (pieces: readonly Piece[], isCut: boolean, showsReasoning: boolean) => {
  let minted = 0;
  const answer = new ResponsesAnswer(blank, (prefix) => `${prefix}_${++minted}`, showsReasoning);
  const events = [
    ...answer.begin(),
    ...pieces.flatMap((piece) => answer.piece(piece)),
    ...answer.end(isCut ? 'length' : 'stop', usage, 7),
  ];
  return { events, resource: answer.resource };
};

/** The grammar that OpenAI's own client enforces, told of the first breach. */
const breachOf = (events: readonly ResponseEvent[]): string | undefined => {
  const items: { id: string; isDone: boolean; text: string }[] = [];
  for (const [at, event] of events.entries()) {
    if (event.sequence_number !== at) return `sequence ${event.sequence_number} at ${at}`;
    if ((event.type === 'response.created') !== (at === 0)) return `${event.type} at ${at}`;
    const index = event['output_index'];
    if (typeof index !== 'number') continue;
    const item = items[index];
    if (event.type === 'response.output_item.added') {
      const { id }: { id: string } = JSON.parse(JSON.stringify(event['item']));
      if (item || index !== items.length) return `output_index ${index} again, or skipped`;
      if (items.some((it) => it.id === id || !it.isDone)) return `${id} before the last was done`;
      items.push({ id, isDone: false, text: '' });
      continue;
    }
    if (!item || item.isDone) return `${event.type} outside its item`;
    if (event.type === 'response.output_item.done') {
      item.isDone = true;
      continue;
    }
    if (event['item_id'] !== item.id) return `${event.type} names ${String(event['item_id'])}`;
    if (event.type.endsWith('.delta')) item.text += String(event['delta']);
    const whole = event['text'] ?? event['arguments'];
    if (whole !== undefined && whole !== item.text) return `${event.type} says otherwise`;
  }
  return items.every(({ isDone }) => isDone) ? undefined : 'an item was never done';
};

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.string().map((text): Piece => ({ kind: 'text', text })),
  fc.string().map((text): Piece => ({ kind: 'thinking', text })),
);
const call = fc.array(fc.string(), { minLength: 1 }).map((parts) => {
  const pieces: Piece[] = [{ kind: 'call', index: 0, name: 'f' }];
  for (const text of parts) pieces.push({ kind: 'arguments', index: 0, text });
  return pieces;
});
const pieces = fc
  .array(
    fc.oneof(
      piece.map((it) => [it]),
      call,
    ),
  )
  .map((groups) => groups.flat());

test('whatever is said, the events obey the grammar', () => {
  fc.assert(
    fc.property(pieces, fc.boolean(), fc.boolean(), (pieces, isCut, showsReasoning) => {
      const { events, resource } = eventsOf(pieces, isCut, showsReasoning);
      expect(breachOf(events)).toBeUndefined();
      expect(events.at(-1)?.type).toBe(isCut ? 'response.incomplete' : 'response.completed');
      const done = events.filter(({ type }) => type === 'response.output_item.done');
      expect(resource.output).toEqual(done.map((event) => event['item']));
    }),
  );
});

test('reasoning is told in words only if a summary was asked for', () => {
  const pieces: Piece[] = [
    { kind: 'thinking', text: 't1 ' },
    { kind: 'text', text: 'p1' },
  ];
  const types = (showsReasoning: boolean) =>
    eventsOf(pieces, false, showsReasoning).events.map(({ type }) => type);
  expect(types(false).some((type) => type.includes('reasoning'))).toBe(false);
  expect(types(true)).toContain('response.reasoning_summary_text.delta');
});

test('what the limit cut is incomplete, and says why', () => {
  const { resource } = eventsOf([{ kind: 'text', text: 'p1 ' }], true, false);
  expect(resource).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    output: [{ status: 'incomplete', content: [{ text: 'p1 ' }] }],
  });
});
