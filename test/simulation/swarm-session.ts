/** Draws who asks what, when, how, and with what manners. */

import { integerBetween, pick } from '../../src/random/distribution.ts';
import type { Random } from '../../src/random/random.ts';
import type { ModelSystem, ResidencyRule, System } from '../../src/system/system.ts';
import type { SessionPlan, TurnPlan } from '../../src/workload/session.ts';
import { turnMark } from '../../src/workload/session.ts';
import { type Manner, plainManner, socketOddities } from './reader.ts';
import { chance } from './swarm-fault.ts';
import { type ThreadKind, threadKinds } from './thread.ts';

export interface SwarmSession {
  readonly plan: SessionPlan;
  readonly model: string;
  readonly startsAt: number;
  readonly key: { readonly name: string; readonly residency: ResidencyRule };
  readonly thread: ThreadKind;
  /** One for each turn of the plan. */
  readonly manners: readonly Manner[];
}

/** Draws the sessions that begin before everything is mended. */
export const drawSessions = (random: Random, system: System, until: number): SwarmSession[] => {
  const count = integerBetween(random, 2, 9);
  // Many at once, or each by itself.
  const starts = random.fork('starts');
  const apartMs = chance(starts, 0.3) ? until / integerBetween(starts, 1, 3) : undefined;
  const startOf = (at: number): number =>
    apartMs === undefined ? at : Math.floor(at / apartMs) * apartMs;
  const mix = {
    tools: drawRatio(random),
    json: drawRatio(random),
    long: drawRatio(random) / 2,
    localOnly: drawRatio(random),
    localKey: drawRatio(random),
    whole: drawRatio(random),
    leave: drawRatio(random) / 2,
    slow: drawRatio(random) / 2,
    cut: drawRatio(random) / 2,
    background: drawRatio(random),
    named: drawRatio(random) / 2,
    odd: drawRatio(random),
  };
  return Array.from({ length: count }, (_, at): SwarmSession => {
    const draw = random.fork(`session ${at + 1}`);
    const thread = chance(draw, 0.5) ? 'chain' : pick(draw, threadKinds);
    const model = pick(draw, system.models);
    const turnCount = integerBetween(draw, 1, 4);
    const turns = Array.from({ length: turnCount }, (__, turn) =>
      drawTurn(draw.fork(`turn ${turn + 1}`), {
        session: at + 1,
        turn: turn + 1,
        // A call that is left open would stay in a conversation.
        mix: thread === 'conversation' ? { ...mix, tools: 0 } : mix,
      }),
    );
    return {
      plan: { workload: 'swarm', number: at + 1, turns },
      model: model.name,
      thread,
      startsAt: startOf(draw.next() * until),
      key: chance(draw, mix.localKey)
        ? { name: 'confidential', residency: 'local-only' }
        : { name: 'office', residency: 'local-first' },
      manners: turns.map((___, turn) =>
        drawManner(draw.fork(`manner ${turn + 1}`), { mix, thread, model }),
      ),
    };
  });
};

type Mix = Readonly<
  Record<
    | 'tools'
    | 'json'
    | 'long'
    | 'localOnly'
    | 'localKey'
    | 'whole'
    | 'leave'
    | 'slow'
    | 'cut'
    | 'background'
    | 'named'
    | 'odd',
    number
  >
>;

/** Nothing of it, a little, or a lot. */
const drawRatio = (random: Random): number => pick(random, [0, 0, 0.1, 0.5]);

const drawTurn = (
  random: Random,
  { session, turn, mix }: { session: number; turn: number; mix: Mix },
): TurnPlan => {
  const wantedTokens = integerBetween(random, 2, 18);
  const words = chance(random, mix.long) ? 'word '.repeat(integerBetween(random, 600, 3200)) : '';
  const isTools = chance(random, mix.tools);
  const isJson = !isTools && chance(random, mix.json);
  const isCut = !isJson && !isTools && chance(random, mix.cut);
  return {
    prompt: `${turnMark(session, turn)}\n${words}Answer in ${wantedTokens} tokens.`,
    promptTokens: 10 + words.length / 5,
    thinkMs: pick(random, [0, 300, 2500, 6000]),
    wantedTokens,
    maxOutputTokens: isCut ? 16 : 2 * wantedTokens + 512,
    ...(isTools ? { tools: [lookUp], toolResult: '{"found":3}', toolRounds: 1 } : {}),
    ...(isJson ? { format: report } : {}),
  };
};

const lookUp = {
  type: 'function',
  name: 'look_up',
  parameters: {
    type: 'object',
    properties: { id: { type: 'string' } },
    required: ['id'],
    additionalProperties: false,
  },
} as const;

const report = {
  type: 'json_schema',
  name: 'report',
  schema: {
    type: 'object',
    properties: { count: { type: 'integer' }, title: { type: 'string' } },
    required: ['count', 'title'],
    additionalProperties: false,
  },
} as const;

const drawManner = (
  random: Random,
  { mix, thread, model }: { mix: Mix; thread: ThreadKind; model: ModelSystem },
): Manner => {
  const named = pick(random, model.candidates).backend;
  const isNamed = chance(random, mix.named);
  return {
    isStream: thread === 'socket' || !chance(random, mix.whole),
    isLocalOnly: chance(random, mix.localOnly),
    ...(chance(random, mix.leave) ? { leavesAfterMs: random.next() * 3000 } : {}),
    ...(chance(random, mix.slow)
      ? { pauses: { afterFrames: integerBetween(random, 1, 12), ms: pick(random, [50, 8000]) } }
      : {}),
    ...(thread === 'chain' && chance(random, mix.background)
      ? { background: pick(random, ['comes-back', 'comes-back', 'cancels'] as const) }
      : {}),
    ...(thread === 'items' && chance(random, 0.2) ? { isCompacting: true } : {}),
    ...(isNamed && chance(random, 0.5) ? { pin: named } : isNamed ? { forbid: named } : {}),
    ...(chance(random.fork('odd'), mix.odd) ? drawOddity(random.fork('oddity'), thread) : {}),
  };
};

/** What few clients do, each in its own kind of thread. */
const drawOddity = (random: Random, thread: ThreadKind): Partial<Manner> => {
  switch (thread) {
    case 'chain':
      return pick(random, [{ isBranching: true }, { isDoubled: true }, { isTruncating: true }]);
    case 'conversation':
      return { knocksAfterMs: pick(random, [0, random.next() * 1500]) };
    case 'socket':
      return { onSocket: pick(random, socketOddities) };
    case 'items':
    case 'chat':
      return {};
  }
};

/** The recovery's turns: the first may find the model cold and have it loaded. */
const recoveryTurns = 5;

/** Asks for a model once everything is mended. */
export const recoverySession = ({ name }: ModelSystem, number: number): SwarmSession => ({
  plan: {
    workload: 'swarm',
    number,
    turns: Array.from({ length: recoveryTurns }, (_, at) => ({
      prompt: `${turnMark(number, at + 1)}\nAnswer in 3 tokens.`,
      promptTokens: 10,
      // Together long enough for the larger model to be loaded, each too short for it to go cold.
      thinkMs: 3000,
      wantedTokens: 3,
      maxOutputTokens: 512,
    })),
  },
  model: name,
  thread: 'chain',
  startsAt: 0,
  key: { name: 'rescue', residency: 'local-first' },
  manners: Array.from({ length: recoveryTurns }, () => plainManner),
});
