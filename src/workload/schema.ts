/**
 * The shape of one entry of `workloads:` in a scenario: what is asked, of which model, in which
 * language. When it is asked is the business of `load`, which is why `load:` is added there.
 *
 * Descriptions become hints when a value is wrong, and the documentation of
 * `spillway schema scenario`.
 */

import Type, { type Static } from 'typebox';

import { durationSchema } from '../time/duration.ts';

const closed = { additionalProperties: false } as const;

const durations = Type.Union([durationSchema, Type.Tuple([durationSchema, durationSchema])], {
  description: 'Pause before each turn but the first: `1 s`, or a range such as `[1 s, 2 s]`',
  expected: 'a duration such as 1 s, or a range such as [1 s, 2 s]',
});

const counts = (what: string) => {
  const count = Type.Integer({ minimum: 1, maximum: 200_000 });
  return Type.Union([count, Type.Tuple([count, count])], {
    description: `${what}: a whole number, or a range such as \`[40, 60]\``,
    expected: 'a whole number from 1 to 200000, or a range such as [40, 60]',
  });
};

const scriptedTurn = Type.Object(
  {
    prompt: Type.Optional(
      Type.String({ minLength: 1, description: 'What the user says, word for word' }),
    ),
    promptTokens: Type.Optional(counts('Length of a prompt written for you, in tokens')),
    answerTokens: counts('Length the answer is asked to have, in tokens'),
    think: Type.Optional(durations),
  },
  closed,
);

const profile = Type.Union(
  [
    Type.Literal('chat'),
    Type.Literal('office-rag'),
    Type.Literal('private-miner'),
    Type.Literal('agent-tools'),
    Type.Literal('scripted'),
  ],
  { description: 'Whose habits the sessions have; `scripted` follows `script`' },
);

/** The fields of an entry, without `load`. */
export const workloadFields = {
  name: Type.String({
    pattern: '^[a-z0-9][a-z0-9-]*$',
    expected: 'a name of small letters, digits and hyphens',
    description: 'Small letters, digits and hyphens; names the workload in every report',
  }),
  profile,
  language: Type.Optional(
    Type.Union([Type.Literal('ja'), Type.Literal('en')], {
      description: 'Language of prompts and answers; `ja` unless said otherwise',
    }),
  ),
  model: Type.String({ minLength: 1, description: 'A model of the system file' }),
  key: Type.Optional(
    Type.String({ minLength: 1, description: 'Name of the key of the system file it asks with' }),
  ),
  priority: Type.Optional(
    Type.Union([Type.Literal('interactive'), Type.Literal('background')], {
      description: 'Whether somebody is waiting for the answers',
    }),
  ),
  residency: Type.Optional(
    Type.Literal('local-only', {
      description: 'Marks each request `local-only`, whatever the key allows',
    }),
  ),
  documents: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'Folder of .md and .txt files, relative to this file; for `private-miner`',
    }),
  ),
  script: Type.Optional(
    Type.Array(scriptedTurn, {
      minItems: 1,
      maxItems: 200,
      description: 'The turns of a `scripted` session, one after another',
    }),
  ),
  turns: Type.Optional(
    counts('Turns of a session; a script is begun again or cut until it has as many'),
  ),
  promptTokens: Type.Optional(counts('Length of each prompt, in tokens')),
  answerTokens: Type.Optional(counts('Length each answer is asked to have, in tokens')),
  think: Type.Optional(durations),
} as const;

const workload = Type.Object(workloadFields, closed);

/** An entry of `workloads:` as read, without its load. */
export type WorkloadSpec = Static<typeof workload>;

/** One turn of a `script:`. */
export type ScriptedTurn = Static<typeof scriptedTurn>;

/** A whole number or a range of them, both ends included. */
export type Counts = NonNullable<WorkloadSpec['turns']>;

/** A duration as written, or a range of them. */
export type Durations = NonNullable<WorkloadSpec['think']>;
