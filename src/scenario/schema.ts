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

const count = (description: string) => Type.Integer({ minimum: 1, maximum: 10_000, description });

const suite = Type.Object(
  {
    loud: Type.Optional(count('Repetitions of a row that announces itself (60)')),
    silent: Type.Optional(count('Repetitions of a row that only a deadline finds (20)')),
    deadlineScale: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description: 'Factor on the deadlines of production that the system file is written with',
      }),
    ),
    lanes: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 64,
        description: 'Trials side by side, each with a proxy and backends of its own (1)',
      }),
    ),
    straight: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Model of the system file that has the fallback alone, to compare with',
      }),
    ),
    patience: Type.Optional(durationSchema),
    settleEvery: Type.Optional(durationSchema),
    settleFor: Type.Optional(durationSchema),
  },
  { ...closed, description: 'Plays each fault as a row of many trials, armed for one exchange' },
);

/** What an entry of `faults:` says of itself as a row of a suite. */
const rowFields = {
  row: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9][a-z0-9-]{0,99}$',
      expected: 'a name of at most 100 small letters, digits and hyphens',
      description: 'What the row of the suite is called',
    }),
  ),
  expect: Type.Optional(
    Type.Union(
      [
        Type.Literal('transparent'),
        Type.Literal('continued'),
        Type.Literal('unaffected'),
        Type.Literal('error'),
      ],
      {
        description:
          'What a proxy that survives it shows its reader; a clean error in place of `continued` ' +
          'where `midStream: fail`',
      },
    ),
  ),
  catalogue: Type.Optional(
    Type.Array(
      Type.String({
        pattern: '^[NHRBS][0-9]{2}$',
        expected: 'an id of the catalogue such as N10, or of failoverbench such as S08',
      }),
      { description: 'Its ids in the catalogue of faults, and in failoverbench' },
    ),
  ),
  deadline: Type.Optional(
    Type.Union([Type.Literal('connectMs'), Type.Literal('firstTokenMs'), Type.Literal('stallMs')], {
      description: 'The deadline of the backend that finds it, where nothing announces it',
    }),
  ),
  fresh: Type.Optional(
    Type.Union([Type.Literal('before'), Type.Literal('after')], {
      description:
        'When another proxy begins: `after` the trial, for what rightly takes long to heal, or ' +
        '`before` it as well, so that nothing is connected',
    }),
  ),
  workload: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'The workload it is asked with; the first if absent',
    }),
  ),
};

/** One entry of `faults:`, which may be a row of a suite. */
export const rowSchema = Type.Object(
  { ...faultSchema.properties, ...rowFields },
  { ...closed, description: 'One thing that goes wrong: in a window, at a turn, or as a row' },
);

export type RowSpec = Static<typeof rowSchema>;

const peer = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://[^@]+$',
      expected: 'an address such as http://127.0.0.1:4201/v1',
      description: 'Where it listens, with /v1; you start it',
    }),
    product: Type.String({ minLength: 1, description: 'Name and version: `LiteLLM 1.106.2`' }),
    tuning: Type.Union([Type.Literal('defaults'), Type.Literal('tuned')], {
      description: 'As its documents say by default, or tuned for this task',
    }),
    config: Type.String({
      minLength: 1,
      description: 'The file it was started with, shown in the report without its keys',
    }),
  },
  { ...closed, description: 'A proxy of others in place of Spillway; in a suite' },
);

const variant = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9][a-z0-9.-]*$',
      expected: 'a name of small letters, digits, dots and hyphens',
      description: 'What the arm is called in the report',
    }),
    proxy: Type.Optional(
      Type.Literal('naive-retry', {
        description: 'In place of Spillway: a relay that retries, as a yardstick; in a suite',
      }),
    ),
    peer: Type.Optional(peer),
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
    faults: Type.Optional(Type.Array(rowSchema, { description: 'What goes wrong, and when' })),
    suite: Type.Optional(suite),
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
