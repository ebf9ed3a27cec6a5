/** The form in which the miner wants knowledge: a JSON schema that every backend can enforce. */

import type { TextFormat } from '../protocol/responses.ts';

const text = { type: 'string' } as const;

const objectOf = (properties: Readonly<Record<string, unknown>>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const listOf = (properties: Readonly<Record<string, unknown>>) => ({
  type: 'array',
  items: objectOf(properties),
});

/** Entities, facts, dates and owners of one document. */
export const extractionFormat: TextFormat = {
  type: 'json_schema',
  name: 'document_knowledge',
  strict: true,
  schema: objectOf({
    title: text,
    kind: {
      type: 'string',
      enum: ['minutes', 'manual', 'report', 'rule', 'complaint', 'plan', 'checklist', 'contract'],
    },
    entities: listOf({
      name: text,
      kind: { type: 'string', enum: ['person', 'department', 'organisation', 'equipment'] },
    }),
    facts: listOf({ statement: text, evidence: text }),
    dates: listOf({ date: text, event: text }),
    owners: listOf({ name: text, task: text, due: text }),
  }),
};
