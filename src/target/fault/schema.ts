/**
 * The part of a scenario file that says what goes wrong: one entry of `faults:`.
 *
 *     - { at: 60 s, for: 30 s, backend: spark, kind: reset, afterTokens: 20 }        a window
 *     - { at: 60 s, for: 2 s, every: 4 s, backend: spark, kind: refuse }             a square wave
 *     - { address: { session: 3, turn: 2, afterTokens: 20 }, backend: spark, kind: cut }
 */

import Type, { type Static } from 'typebox';

import { durationPattern, durationSchema } from '../../time/duration.ts';
import { faultKinds } from './kind/list.ts';

const closed = { additionalProperties: false } as const;

const tokens = (description: string) => Type.Integer({ minimum: 0, description });

const address = Type.Object(
  {
    workload: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Index of the workload, from 0; absent: any' }),
    ),
    session: Type.Integer({ minimum: 1, description: 'Number of the session, from 1' }),
    turn: Type.Integer({ minimum: 1, description: 'Number of the turn, from 1' }),
    afterTokens: Type.Optional(tokens('Tokens that pass before it acts on this turn')),
  },
  { ...closed, description: 'One turn of one session' },
);

const offsets = Type.Object(
  {
    from: Type.Integer({ minimum: 0 }),
    to: Type.Integer({ minimum: 0 }),
    step: Type.Optional(Type.Integer({ minimum: 1, description: 'By how much; 1 if absent' })),
  },
  { ...closed, description: 'Offsets, one for each act' },
);

const ramped = Type.Union(
  [Type.String({ pattern: durationPattern }), Type.Number({ minimum: 0 })],
  {
    description: 'A delay with its unit, or a token rate',
    expected: 'a duration such as 300 ms, or a number of tokens per second',
  },
);

const argv = (description: string) =>
  Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description });

/** When it happens, and to whom. */
const schedule = {
  backend: Type.Optional(Type.String({ minLength: 1, description: 'The backend it happens to' })),
  backends: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'Backends it happens to at the same instants, such as all on one box',
    }),
  ),
  path: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Which of its addresses, from 1; each if absent' }),
  ),
  at: Type.Optional(durationSchema),
  for: Type.Optional(durationSchema),
  every: Type.Optional(durationSchema),
  until: Type.Optional(durationSchema),
  phase: Type.Optional(
    Type.Literal('random', { description: 'Starts at an instant of the period drawn by the seed' }),
  ),
  address: Type.Optional(address),
  addresses: Type.Optional(Type.Array(address, { minItems: 1, description: 'Several turns' })),
  when: Type.Optional(
    Type.Union(
      [
        Type.Literal('connect'),
        Type.Literal('headers'),
        Type.Literal('first-token'),
        Type.Literal('mid-stream'),
      ],
      { description: 'Where in an attempt it acts' },
    ),
  ),
  afterTokens: Type.Optional(tokens('Tokens an attempt has forwarded before it acts')),
  afterBytes: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Bytes of the answer, head included, before it acts' }),
  ),
  sweep: Type.Optional(
    Type.Object(
      { afterTokens: Type.Optional(offsets), afterBytes: Type.Optional(offsets) },
      { ...closed, description: 'Acts once at each of many offsets, one attempt each' },
    ),
  ),
  probability: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description: 'Share of attempts it acts on, 0 to 1' }),
  ),
  times: Type.Optional(Type.Integer({ minimum: 1, description: 'How often it acts at most' })),
};

/** The words of the kinds; which kind has which is checked by `faultProblems`. */
const words = {
  delay: Type.Optional(durationSchema),
  jitter: Type.Optional(durationSchema),
  stall: Type.Optional(durationSchema),
  hold: Type.Optional(durationSchema),
  ramp: Type.Optional(
    Type.Object(
      { from: ramped, to: ramped },
      { ...closed, description: 'Goes from one value to another within `for`' },
    ),
  ),
  tokensPerSecond: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Token rate' })),
  bytesPerSecond: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Byte rate' })),
  slowdown: Type.Optional(
    Type.Number({ minimum: 1, description: 'How many times as long the work of a box takes' }),
  ),
  segmentBytes: Type.Optional(Type.Integer({ minimum: 1, description: 'Bytes of one segment' })),
  status: Type.Optional(
    Type.Integer({ minimum: 400, maximum: 599, description: 'HTTP status it answers' }),
  ),
  headers: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: 'Headers of that answer' }),
  ),
  body: Type.Optional(Type.String({ description: 'Body of that answer' })),
  preset: Type.Optional(Type.String({ description: 'An answer as a real server words it' })),
  form: Type.Optional(Type.String({ description: 'Which of several forms it takes' })),
  location: Type.Optional(Type.String({ minLength: 1, description: 'Where a redirect leads' })),
  command: Type.Optional(argv('Command and arguments that break something; no shell reads them')),
  heal: Type.Optional(argv('Command and arguments that mend it, run however the run ends')),
};

/** One entry of `faults:`. What depends on the kind is checked by `faultProblems`. */
export const faultSchema = Type.Object(
  {
    // The names are those of the list, which a type cannot say.
    kind: Type.Unsafe<string>(
      Type.Union(
        faultKinds.map(({ kind }) => Type.Literal(kind)),
        { description: 'What goes wrong' },
      ),
    ),
    ...schedule,
    ...words,
  },
  { ...closed, description: 'One thing that goes wrong: in a window, or at an addressed turn' },
);

export type FaultSpec = Static<typeof faultSchema>;
