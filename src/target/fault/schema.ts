/**
 * The part of a scenario file that says what goes wrong: one entry of `faults:`.
 *
 *     - { at: 60 s, for: 30 s, backend: spark, kind: reset, afterTokens: 20 }        a window
 *     - { address: { session: 3, turn: 2, afterTokens: 20 }, backend: spark, kind: cut }
 */

import Type, { type Static } from 'typebox';

import { durationSchema } from '../../time/duration.ts';

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

/** One entry of `faults:`. What depends on the kind is checked by `faultProblems`. */
export const faultSchema = Type.Object(
  {
    kind: Type.Union(
      [
        Type.Literal('refuse'),
        Type.Literal('silent'),
        Type.Literal('delay'),
        Type.Literal('stall'),
        Type.Literal('slow'),
        Type.Literal('reset'),
        Type.Literal('cut'),
        Type.Literal('reject'),
      ],
      { description: 'What goes wrong' },
    ),
    backend: Type.String({ minLength: 1, description: 'The backend it happens to' }),
    at: Type.Optional(durationSchema),
    for: Type.Optional(durationSchema),
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
    probability: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'Share of attempts it acts on, 0 to 1' }),
    ),
    times: Type.Optional(Type.Integer({ minimum: 1, description: 'How often it acts at most' })),
    delay: Type.Optional(durationSchema),
    stall: Type.Optional(durationSchema),
    tokensPerSecond: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Token rate' })),
    bytesPerSecond: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Byte rate' })),
    status: Type.Optional(
      Type.Integer({ minimum: 400, maximum: 599, description: 'HTTP status it answers' }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'Headers of that answer' }),
    ),
    body: Type.Optional(Type.String({ description: 'Body of that answer' })),
  },
  { ...closed, description: 'One thing that goes wrong: in a window, or at an addressed turn' },
);

export type FaultSpec = Static<typeof faultSchema>;
