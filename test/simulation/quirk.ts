/**
 * Answers that go wrong in ways a relay cannot make, since it understands nothing: streams that end
 * as if they were whole, errors inside a success, servers that count wrong or hear nothing.
 */

import type { Failure, GenerationEvent } from '../../src/protocol/generation.ts';
import { isSemantic } from '../../src/protocol/generation.ts';
import type { Random } from '../../src/random/random.ts';
import type { Upstream } from '../../src/target/proxy/proxy.ts';
import type { Clock } from '../../src/time/clock.ts';

export const quirkKinds = [
  'silent-end', // a clean end without a terminal event
  'garbled', // not what the wire promises
  'in-band', // an error inside a 200
  'rate-limited', // Azure's 429 inside a 200, with a time to come back
  'request-fault', // the request is refused for what it says
  'prompt-cut', // the front of the prompt was dropped without a word
  'empty', // an answer without an answer
  'twice', // a tool call that begins twice
  'throws', // an adapter that breaks its promise
  'deaf', // nothing, for ever, and leaving is not heard
  'over-time', // more after the end
] as const;

export type QuirkKind = (typeof quirkKinds)[number];

/** One way in which a backend misbehaves for a time. */
export interface Quirk {
  readonly kind: QuirkKind;
  readonly backend: string;
  /** Only answers of this model are spoilt; of all where absent. */
  readonly model?: string;
  readonly from: number;
  readonly until: number;
  /** Events with content that pass before it. */
  readonly afterTokens: number;
  readonly probabilityRatio: number;
}

/** An answer was spoilt. */
export interface QuirkAct {
  readonly kind: QuirkKind;
  readonly backend: string;
  readonly trace: string;
  readonly at: number;
}

export interface QuirkParts {
  readonly quirks: readonly Quirk[];
  readonly clock: Clock;
  readonly random: Random;
  readonly note: (act: QuirkAct) => void;
}

/** The upstream, as it misbehaves. One quirk at most befalls an answer. */
export const quirky = (
  upstream: Upstream,
  { quirks, clock, random, note }: QuirkParts,
): Upstream => {
  const own = quirks.filter(({ backend }) => backend === upstream.name);
  if (own.length === 0) return upstream;
  let calls = 0;
  return {
    ...upstream,
    async *open(call, signal) {
      const chance = random.fork(`quirk ${upstream.name} ${++calls}`);
      const now = clock.now();
      const quirk = own.find(
        ({ from, until, probabilityRatio, model = call.candidate.model }) =>
          now >= from &&
          now < until &&
          model === call.candidate.model &&
          chance.next() < probabilityRatio,
      );
      if (!quirk) return yield* upstream.open(call, signal);
      const spoil = (): void =>
        note({ kind: quirk.kind, backend: upstream.name, trace: call.trace, at: clock.now() });
      yield* spoilt(upstream.open(call, signal), quirk, spoil);
    },
  };
};

async function* spoilt(
  chunks: AsyncIterable<readonly GenerationEvent[]>,
  { kind, afterTokens }: Quirk,
  spoil: () => void,
): AsyncGenerator<readonly GenerationEvent[]> {
  let tokens = 0;
  for await (const events of chunks)
    for (const event of events) {
      if (isDue(kind, event, tokens >= afterTokens)) {
        spoil();
        yield await spoilAt(kind, event);
        if (kind !== 'prompt-cut') return;
      } else yield [event];
      if (isSemantic(event)) tokens++;
    }
}

const isDue = (kind: QuirkKind, event: GenerationEvent, isLateEnough: boolean): boolean => {
  if (kind === 'prompt-cut') return event.kind === 'usage';
  return kind === 'over-time' ? event.kind === 'end' : isLateEnough;
};

/** What comes in place of an event, all at once. */
const spoilAt = async (
  kind: QuirkKind,
  event: GenerationEvent,
): Promise<readonly GenerationEvent[]> => {
  switch (kind) {
    case 'silent-end':
      return [
        failed({ reason: 'truncated', message: 'the stream ended without a terminal event' }),
      ];
    case 'garbled':
      return [failed({ reason: 'garbled', message: 'a line that is not JSON' })];
    case 'in-band':
      return [failed({ reason: 'in-band', message: 'an error was encountered while running' })];
    case 'rate-limited':
      return [failed({ reason: 'rate-limited', message: 'quota exceeded', retryAfterMs: 2500 })];
    case 'request-fault':
      return [failed({ reason: 'status', message: 'no', status: 400, isRequestFault: true })];
    case 'empty':
      return [{ kind: 'end', reason: 'stop' }];
    case 'twice':
      return [
        { kind: 'tool-call', index: 0, name: 'twice' },
        { kind: 'tool-call', index: 0, name: 'twice' },
      ];
    case 'throws':
      throw new Error('an adapter must not throw');
    case 'deaf':
      return new Promise(() => undefined);
    case 'prompt-cut':
      return [{ kind: 'usage', usage: { inputTokens: 100, outputTokens: 1 } }];
    case 'over-time':
      return [
        event,
        { kind: 'text', text: 'p1 ' },
        failed({ reason: 'reset', message: 'after the end' }),
      ];
  }
};

const failed = (failure: Omit<Failure, 'evidence'>): GenerationEvent => ({
  kind: 'failure',
  failure: { evidence: 'soft', ...failure },
});
