/** The shape of a scenario file: one experiment, one question. */

import Type, { type Static } from 'typebox';

import { workloadSchema } from '../load/schema.ts';
import { faultSchema } from '../target/fault/schema.ts';
import { durationSchema } from '../time/duration.ts';

const closed = { additionalProperties: false } as const;

const phases = Type.Object(
  {
    warmup: Type.Optional(durationSchema),
    steady: Type.Optional(durationSchema),
    cooldown: Type.Optional(durationSchema),
  },
  closed,
);

const variant = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9][a-z0-9.-]*$',
      expected: 'a name of small letters, digits, dots and hyphens',
      description: 'What the arm is called in the report',
    }),
    set: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'What differs: `system.midStream: continue`, `workloads.chat.model: …`',
      }),
    ),
  },
  closed,
);

/** The whole file. */
export const scenarioSchema = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9][a-z0-9-]*$',
      expected: 'a name of small letters, digits and hyphens',
      description: 'Names the run folder',
    }),
    question: Type.String({ minLength: 1, description: 'What the experiment is to answer' }),
    system: Type.Optional(
      Type.String({ description: 'The system file, relative to this file; --system overrides it' }),
    ),
    seed: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, description: 'Start of all chance' }),
    ),
    workloads: Type.Array(workloadSchema, { minItems: 1, description: 'What is asked' }),
    thinkScale: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description: 'Factor on think time: 0.1 makes pauses ten times shorter',
      }),
    ),
    limits: Type.Optional(
      Type.Record(Type.String(), durationSchema, {
        description: 'Limits per request that goodput counts against, by metric id',
      }),
    ),
    phases: Type.Optional(phases),
    faults: Type.Optional(Type.Array(faultSchema, { description: 'What goes wrong, and when' })),
    variants: Type.Optional(
      Type.Array(variant, { minItems: 1, description: 'Arms of one run, in one run folder' }),
    ),
    objectives: Type.Optional(
      Type.Array(Type.String(), { description: 'What must hold, such as `ttfo p50 < 3 s`' }),
    ),
  },
  {
    ...closed,
    $id: 'spillway-scenario',
    title: 'Spillway scenario',
    description: 'One experiment: load, faults and what must hold',
  },
);

export type ScenarioFile = Static<typeof scenarioSchema>;
