/** Sessions as their users play them, in virtual time. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { TurnRecord } from '../../src/client/exchange-recorder.ts';
import {
  type PlannedQuestion,
  type PlayedTurn,
  playSession,
} from '../../src/client/session-player.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import type { SessionPlan, TurnPlan } from '../../src/workload/session.ts';

const turn = (prompt: string, more: Partial<TurnPlan> = {}): TurnPlan => ({
  prompt,
  promptTokens: prompt.length,
  thinkMs: 1000,
  wantedTokens: 5,
  maxOutputTokens: 50,
  ...more,
});

const planOf = (...turns: readonly TurnPlan[]): SessionPlan => ({
  workload: 'chat',
  number: 4,
  instructions: 'be brief',
  turns,
});

interface Played {
  readonly turns: readonly PlayedTurn[];
  readonly endedAt: number;
}

/** Plays against a server that takes 300 ms for each answer; `answer` says what comes. */
const play = async (
  plan: SessionPlan,
  answer: (question: PlannedQuestion) => Partial<TurnRecord> = () => ({}),
  { startsAt = 0, abortAt = 1e9 } = {},
): Promise<Played> => {
  const clock = new VirtualClock();
  const turns: PlayedTurn[] = [];
  const stopping = new AbortController();
  clock.at(abortAt, () => stopping.abort());
  await clock.runUntil(
    playSession(plan, {
      clock,
      model: 'gpt-oss-120b',
      metadata: { run: 'test' },
      startsAt,
      countTokens: (text) => text.length,
      signal: stopping.signal,
      onExchange: (played) => turns.push(played),
      ask: async (question) => {
        const sentAt = clock.now();
        await clock.sleep(300);
        return {
          trace: `t${question.turn}`,
          sentAt,
          endedAt: clock.now(),
          outcome: 'completed',
          responseId: `resp_${question.turn}`,
          chunks: [],
          text: 'p1',
          toolCalls: [],
          ...answer(question),
        };
      },
    }),
    2e9,
  );
  return { turns, endedAt: clock.now() };
};

const chain = ({ turns }: Played): (string | undefined)[] =>
  turns.map(({ question }) => question.previousResponseId);

test('turns follow each other by what came before, after a pause', async () => {
  const played = await play(planOf(turn('a'), turn('b'), turn('c')), undefined, { startsAt: 50 });
  expect(played.turns.map((it) => it.scheduledAt)).toEqual([50, 1350, 2650]);
  expect(chain(played)).toEqual([undefined, 'resp_1', 'resp_2']);
  expect(played.turns[1]?.question).toMatchObject({
    workload: 'chat',
    session: 4,
    turn: 2,
    model: 'gpt-oss-120b',
    input: 'b',
    instructions: 'be brief',
    promptTokens: 1,
    wantedTokens: 5,
    maxOutputTokens: 50,
    metadata: { run: 'test' },
  });
});

test('after a failed turn the session goes on from the last good answer', async () => {
  const played = await play(planOf(turn('a'), turn('b'), turn('c')), ({ turn }) =>
    turn === 2 ? { outcome: 'failed', responseId: 'resp_bad' } : {},
  );
  expect(chain(played)).toEqual([undefined, 'resp_1', 'resp_1']);
});

test('a tool call is answered in a turn of its own', async () => {
  const call = { callId: 'call_1', name: 'find', arguments: '{}' };
  const played = await play(
    planOf(turn('a', { toolResult: '{"found":3}', toolRounds: 2 }), turn('b')),
    ({ turn }) => (turn === 1 ? { toolCalls: [call] } : {}),
  );
  expect(played.turns.map(({ question }) => question.turn)).toEqual([1, 2, 3]);
  expect(played.turns[1]?.question).toMatchObject({
    input: [{ type: 'function_call_output', call_id: 'call_1', output: '{"found":3}' }],
    previousResponseId: 'resp_1',
    promptTokens: 11,
  });
  // Nobody thinks before handing over a tool's result.
  expect(played.turns.map((it) => it.scheduledAt)).toEqual([0, 300, 1600]);
  expect(chain(played)[2]).toBe('resp_2');
});

test('a call left open is not gone on from', async () => {
  const call = { callId: 'call_1', name: 'find', arguments: '{}' };
  const played = await play(
    planOf(turn('a'), turn('b', { toolResult: '{}', toolRounds: 1 }), turn('c')),
    ({ turn }) => (turn === 2 || turn === 3 ? { toolCalls: [call] } : {}),
  );
  expect(chain(played)).toEqual([undefined, 'resp_1', 'resp_2', 'resp_1']);
});

test('a session that is stopped ends, also while its user thinks', async () => {
  const thinking = await play(planOf(turn('a'), turn('b')), undefined, { abortAt: 700 });
  expect(thinking).toMatchObject({ endedAt: 700 });
  expect(thinking.turns).toHaveLength(1);
  const asking = await play(planOf(turn('a'), turn('b')), undefined, { abortAt: 100 });
  expect(asking.turns).toHaveLength(1);
});

test('however answers fail, turns are numbered in order and never early', async () => {
  const outcome = fc.constantFrom(
    'completed' as const,
    'incomplete' as const,
    'failed' as const,
    'truncated' as const,
    'hung' as const,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { minLength: 1, maxLength: 6 }),
      fc.nat(5000),
      async (outcomes, thinkMs) => {
        const plan = planOf(...outcomes.map((_, index) => turn(`q${index}`, { thinkMs })));
        const played = await play(plan, ({ turn }) => {
          const outcome = outcomes[turn - 1];
          return outcome ? { outcome } : {};
        });
        expect(played.turns.map(({ question }) => question.turn)).toEqual(
          outcomes.map((_, index) => index + 1),
        );
        for (const [index, { scheduledAt, record }] of played.turns.entries()) {
          expect(record.sentAt).toBeGreaterThanOrEqual(scheduledAt);
          const before = played.turns[index - 1]?.record;
          const wasGood = before && ['completed', 'incomplete'].includes(before.outcome);
          // A user who saw an error pauses for a second before anything else.
          const pauseMs = before && !wasGood ? 1000 : 0;
          expect(scheduledAt).toBe((before?.endedAt ?? -thinkMs) + thinkMs + pauseMs);
          const lastGood = played.turns
            .slice(0, index)
            .findLast((it) => ['completed', 'incomplete'].includes(it.record.outcome));
          expect(played.turns[index]?.question.previousResponseId).toBe(
            lastGood?.record.responseId,
          );
        }
      },
    ),
    { numRuns: 40 },
  );
});
