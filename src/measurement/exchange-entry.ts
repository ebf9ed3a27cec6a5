/**
 * From what the client saw to what the log keeps: chunk timings encoded, numbered tokens as runs,
 * schemas checked, and the words of the answer left behind.
 */

import type { FunctionTool, TextFormat } from '../protocol/responses.ts';
import Value from 'typebox/value';

import type { TurnRecord } from '../client/exchange-recorder.ts';
import type { PlayedTurn } from '../client/session-player.ts';
import { encodeChunks } from '../log/chunk-code.ts';
import type { Exchange } from '../log/entry.ts';
import { numberedRuns } from './integrity.ts';

/** What the client does not know about who asked. */
export interface ExchangeContext {
  /** Name of the key, never the key. */
  readonly key?: string;
  readonly isLocalOnly: boolean;
}

/** The log entry of a turn; the run's arm is added by the receiver. */
export const exchangeEntry = (
  { question, scheduledAt, record }: PlayedTurn,
  { key, isLocalOnly }: ExchangeContext,
): Omit<Exchange, 'arm'> => {
  const { chunks, text, toolCalls: _, ...seen } = record;
  const integrity = numberedRuns(text);
  const isSchemaMet = meetsSchema(record, question);
  return {
    kind: 'exchange',
    ...seen,
    workload: question.workload,
    ...(key === undefined ? {} : { key }),
    isLocalOnly,
    session: question.session,
    turn: question.turn,
    model: question.model,
    scheduledAt,
    ...(question.previousResponseId === undefined
      ? {}
      : { previousResponseId: question.previousResponseId }),
    promptTokens: question.promptTokens,
    wantedTokens: question.wantedTokens,
    ...(chunks.length > 0 ? { chunks: encodeChunks(chunks) } : {}),
    textChars: text.length,
    ...(integrity === undefined ? {} : { integrity }),
    ...(isSchemaMet === undefined ? {} : { isSchemaMet }),
  };
};

/**
 * Whether a whole answer obeys the schema it was asked to: that of the tool it calls, or that of
 * the output. Undefined where there is no whole answer, or no schema.
 */
export const meetsSchema = (
  record: Pick<TurnRecord, 'outcome' | 'text' | 'toolCalls'>,
  asked: { readonly tools?: readonly FunctionTool[]; readonly format?: TextFormat },
): boolean | undefined => {
  if (record.outcome !== 'completed') return undefined;
  if (record.toolCalls.length > 0)
    return record.toolCalls.every((call) => {
      const tool = asked.tools?.find(({ name }) => name === call.name);
      return tool !== undefined && obeys(call.arguments, tool.parameters ?? {});
    });

  return asked.format?.type === 'json_schema' ? obeys(record.text, asked.format.schema) : undefined;
};

const obeys = (text: string, schema: Readonly<Record<string, unknown>>): boolean => {
  try {
    return Value.Check(schema, JSON.parse(text));
  } catch {
    return false;
  }
};
