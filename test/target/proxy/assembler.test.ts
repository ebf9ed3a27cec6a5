import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { EndReason, GenerationEvent } from '../../../src/protocol/generation.ts';
import type { ResponseEvent } from '../../../src/protocol/responses.ts';
import { encodeSse, sseDone } from '../../../src/protocol/sse.ts';
import { seededIds } from '../../../src/random/id.ts';
import { seeded } from '../../../src/random/random.ts';
import { Assembler, type Finish } from '../../../src/target/proxy/assembler.ts';
import { parseRequest } from '../../../src/target/proxy/request.ts';
import { readStream } from '../../kit/response-grammar.ts';

const identity = {
  id: `resp_${'0'.repeat(44)}`,
  createdAt: 0,
  request: parseRequest({ model: 'm', input: 'Hello', stream: true }),
  isLocalOnly: false,
};

/** Everything written for these events and this end. */
const streamOf = (
  events: readonly GenerationEvent[],
  finish: (assembler: Assembler) => Finish,
): string => {
  const assembler = new Assembler(identity, seededIds(seeded(1)));
  const written: ResponseEvent[] = [...assembler.start()];
  for (const event of events) written.push(...assembler.accept(event));
  const finished = finish(assembler);
  written.push(...finished.closing, ...assembler.terminal(finished));
  return written.map((event) => encodeSse(event.type, event)).join('') + sseDone;
};

const ended = (reason: EndReason) => (assembler: Assembler) =>
  assembler.finish({
    reason,
    usage: { inputTokens: 1, outputTokens: 2 },
    completedAt: 1,
    notes: {},
  });

const failed = (assembler: Assembler): Finish =>
  assembler.fail({ message: 'broke', type: 'server_error', param: null, code: null }, {});

/** Any order of pieces; arguments only for calls that have begun. */
const anyEvents: fc.Arbitrary<readonly GenerationEvent[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('text', 'reasoning', 'refusal', 'tool-call', 'tool-arguments'),
      text: fc.string({ maxLength: 4 }),
      index: fc.nat(3),
    }),
    { maxLength: 30 },
  )
  .map((pieces) => {
    const begun = new Set<number>();
    return pieces.flatMap(({ kind, text, index }): GenerationEvent[] => {
      if (kind === 'tool-call') {
        if (begun.has(index)) return [];
        begun.add(index);
        return [{ kind, index, name: `f${index}` }];
      }
      if (kind === 'tool-arguments') return begun.has(index) ? [{ kind, index, text }] : [];
      return [{ kind: kind === 'reasoning' || kind === 'refusal' ? kind : 'text', text }];
    });
  });

const textOf = (events: readonly GenerationEvent[]): string =>
  events.map((event) => (event.kind === 'text' ? event.text : '')).join('');

test('whatever is generated, a whole answer obeys the grammar and loses no text', () => {
  const reasons = fc.constantFrom<EndReason>('stop', 'length', 'content-filter', 'tool-calls');
  fc.assert(
    fc.property(anyEvents, reasons, (events, reason) => {
      const { text, resource } = readStream(streamOf(events, ended(reason)));
      expect(text).toBe(textOf(events));
      const isCut = reason === 'length' || reason === 'content-filter';
      expect(resource.status).toBe(isCut ? 'incomplete' : 'completed');
    }),
  );
});

test('wherever it fails, the stream ends with an error, and what was said is kept', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const { text, types, resource } = readStream(streamOf(events, failed));
      expect(text).toBe(textOf(events));
      expect(types.slice(-2)).toEqual(['error', 'response.failed']);
      expect(resource.error).toEqual({ code: 'server_error', message: 'broke' });
    }),
  );
});

test('an answer cut short that then fails says of each item what the stream said', () => {
  fc.assert(
    fc.property(anyEvents, fc.constantFrom<EndReason>('stop', 'length'), (events, reason) => {
      const written: ResponseEvent[] = [];
      const stream = streamOf(events, (assembler) => {
        written.push(...ended(reason)(assembler).closing);
        const { closing, resource } = failed(assembler);
        return { closing: [...written, ...closing], resource };
      });
      // The grammar compares each finished item with the resource's.
      expect(readStream(stream).resource.status).toBe('failed');
    }),
  );
});

test('only plain text at the end can be gone on with', () => {
  const text = { kind: 'text', text: 'It' } as const;
  const call = { kind: 'tool-call', index: 0, name: 'f' } as const;
  const reasoning = { kind: 'reasoning', text: 'hm' } as const;
  const refusal = { kind: 'refusal', text: 'No' } as const;
  const isContinuable = (...events: readonly GenerationEvent[]): boolean => {
    const assembler = new Assembler(identity, seededIds(seeded(1)));
    for (const event of events) assembler.accept(event);
    return assembler.isContinuable;
  };
  expect(isContinuable(reasoning, text)).toBe(true);
  expect(isContinuable()).toBe(false);
  expect(isContinuable(text, reasoning)).toBe(false);
  expect(isContinuable(text, refusal)).toBe(false);
  expect(isContinuable(call, text)).toBe(false);
});
