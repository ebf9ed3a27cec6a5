/** What the log keeps of a turn, and what it leaves behind. */

import { expect, test } from 'vitest';

import type { TurnRecord } from '../../src/client/exchange-recorder.ts';
import type { PlannedQuestion } from '../../src/client/session-player.ts';
import { decodeChunks } from '../../src/log/chunk-code.ts';
import { exchangeEntry, meetsSchema } from '../../src/measurement/exchange-entry.ts';

const question: PlannedQuestion = {
  workload: 'chat',
  session: 3,
  turn: 2,
  model: 'gpt-oss-120b',
  input: 'a secret question',
  promptTokens: 4,
  wantedTokens: 3,
  previousResponseId: 'resp_1',
};

const record: TurnRecord = {
  trace: '5b11'.padEnd(32, '0'),
  sentAt: 10.5,
  headersAt: 11,
  firstEventAt: 11,
  firstTokenAt: 12,
  firstTextAt: 12,
  lastTokenAt: 30,
  lastTextAt: 30,
  endedAt: 31,
  outcome: 'completed',
  status: 200,
  responseId: 'resp_2',
  backend: 'spark',
  attempts: 2,
  usage: { inputTokens: 100, outputTokens: 3 },
  chunks: [
    { at: 12, channel: 'text' },
    { at: 20, channel: 'text' },
    { at: 30, channel: 'text' },
  ],
  text: 'p1 p2 a3 ',
  toolCalls: [],
};

test('instants, timings and numbers are kept, words are not', () => {
  const entry = exchangeEntry(
    { question, scheduledAt: 10, record },
    { key: 'miner', isLocalOnly: false },
  );
  expect(entry).toMatchObject({
    kind: 'exchange',
    workload: 'chat',
    key: 'miner',
    isLocalOnly: false,
    session: 3,
    turn: 2,
    scheduledAt: 10,
    sentAt: 10.5,
    endedAt: 31,
    backend: 'spark',
    attempts: 2,
    previousResponseId: 'resp_1',
    promptTokens: 4,
    wantedTokens: 3,
    textChars: 9,
    integrity: 'p1-2 a3-3',
  });
  expect(decodeChunks(entry.chunks ?? '', 12)).toEqual(record.chunks);
  expect(JSON.stringify(entry)).not.toMatch(/secret|p1 p2|toolCalls/);
});

test('what did not happen is absent', () => {
  const entry = exchangeEntry(
    {
      question: { ...question, input: '' },
      scheduledAt: 10,
      record: {
        trace: record.trace,
        endedAt: 11,
        outcome: 'failed',
        chunks: [],
        text: '',
        toolCalls: [],
      },
    },
    { isLocalOnly: true },
  );
  for (const key of ['chunks', 'integrity', 'isSchemaMet', 'firstTokenAt', 'key', 'backend'])
    expect(entry).not.toHaveProperty(key);
});

const schema = {
  type: 'object',
  properties: {
    total: { type: 'integer', minimum: 0 },
    names: { type: 'array', items: { type: 'string' } },
  },
  required: ['total'],
  additionalProperties: false,
};

test.each([
  ['{"total":3,"names":["a"]}', true],
  ['{"total":-1}', false],
  ['{"names":[]}', false],
  ['{"total":3,"more":1}', false],
  ['{"total":3', false],
  ['sure: {"total":3}', false],
])('asked for a schema, %s obeys: %s', (text, isMet) => {
  const format = { type: 'json_schema', name: 'sum', schema } as const;
  expect(meetsSchema({ ...record, text }, { format })).toBe(isMet);
});

test('tool arguments are held against the schema of their tool', () => {
  const tools = [{ type: 'function', name: 'add', parameters: schema }] as const;
  const calling = (name: string, text: string) => ({
    ...record,
    toolCalls: [{ callId: 'c', name, arguments: text }],
  });
  expect(meetsSchema(calling('add', '{"total":1}'), { tools })).toBe(true);
  expect(meetsSchema(calling('add', '{"total":"1"}'), { tools })).toBe(false);
  expect(meetsSchema(calling('other', '{"total":1}'), { tools })).toBe(false);
  expect(meetsSchema(record, { tools })).toBeUndefined();
});

test('half an answer is not held against a schema', () => {
  const format = { type: 'json_schema', name: 'sum', schema } as const;
  expect(meetsSchema({ ...record, outcome: 'truncated' }, { format })).toBeUndefined();
});
