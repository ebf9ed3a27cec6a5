/**
 * The shape of `load:` in a scenario: when sessions begin. With it, an entry of `workloads:` is
 * whole.
 */

import Type, { type Static } from 'typebox';

import { durationSchema } from '../time/duration.ts';
import { workloadFields } from '../workload/schema.ts';

const closed = { additionalProperties: false } as const;

const arrivals = Type.Union(
  [
    Type.Object({ kind: Type.Literal('constant') }, closed),
    Type.Object({ kind: Type.Literal('poisson') }, closed),
    Type.Object(
      {
        kind: Type.Literal('gamma'),
        cv: Type.Optional(
          Type.Number({
            exclusiveMinimum: 0,
            maximum: 20,
            description:
              'Coefficient of variation of the gaps: 1 is Poisson, above 1 comes in bursts',
          }),
        ),
      },
      closed,
    ),
  ],
  { description: 'The law of the gaps between sessions; gamma with a cv of 1.2 unless said' },
);

const open = Type.Object(
  {
    kind: Type.Literal('open'),
    sessionsPerSecond: Type.Number({
      exclusiveMinimum: 0,
      maximum: 10_000,
      description: 'Sessions that begin per second, whether or not earlier ones have ended',
    }),
    arrivals: Type.Optional(arrivals),
    inFlightMax: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Sessions at once; a session that would exceed it is dropped and counted',
      }),
    ),
  },
  closed,
);

const closedLoop = Type.Object(
  {
    kind: Type.Literal('closed'),
    concurrentSessions: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'Virtual users, each of whom runs one session after another',
    }),
  },
  closed,
);

const scripted = Type.Object(
  {
    kind: Type.Literal('scripted'),
    sessions: Type.Integer({ minimum: 1, maximum: 100_000, description: 'How many sessions' }),
    every: durationSchema,
  },
  closed,
);

/** `load:` of one workload. */
const loadSchema = Type.Union([open, closedLoop, scripted], {
  description: 'When sessions begin: `open`, `closed` or `scripted`',
});

export type LoadSpec = Static<typeof loadSchema>;

/** One entry of `workloads:`, whole: what is asked, and when. */
export const workloadSchema = Type.Object({ ...workloadFields, load: loadSchema }, closed);
