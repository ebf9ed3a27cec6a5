/**
 * A request to make a response: parsed once at the edge, trusted from there on.
 *
 * Every refusal names the parameter and speaks as OpenAI does. Tools of kinds we cannot run are
 * dropped knowingly, because agents offer them to every server and expect no quarrel.
 */

import type { FunctionTool, TextFormat, ToolChoice } from '../../protocol/responses.ts';
import {
  type ApiError,
  badRequest,
  missingParameter,
  unsupported,
  wrongType,
  wrongValue,
} from './api-error.ts';
import {
  choiceField,
  fieldsOf,
  flagField,
  integerField,
  listOf,
  numberField,
  requiredString,
  stringField,
} from './field.ts';
import { type JsonObject, asRecord } from './json.ts';
import { type InputItem, parseInput } from './request-item.ts';

/** A request as the heart works with it. */
export interface ResponseRequest {
  readonly model: string;
  readonly input: readonly InputItem[];
  readonly instructions: string | undefined;
  readonly tools: readonly FunctionTool[];
  readonly toolChoice: ToolChoice;
  readonly isParallelToolCalls: boolean;
  readonly format: TextFormat;
  readonly reasoningEffort: string | undefined;
  readonly reasoningSummary: string | undefined;
  readonly maxOutputTokens: number | undefined;
  readonly maxToolCalls: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly presencePenalty: number | undefined;
  readonly frequencyPenalty: number | undefined;
  readonly topLogprobs: number | undefined;
  readonly isStream: boolean;
  readonly isStored: boolean;
  /** The work goes on without a client; the response is fetched later. */
  readonly isBackground: boolean;
  readonly previousResponseId: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** The request demands that nothing of it leaves the house. */
  readonly isLocalOnly: boolean;
  readonly truncation: 'auto' | 'disabled';
  readonly serviceTier: string;
  readonly safetyIdentifier: string | undefined;
  readonly promptCacheKey: string | undefined;
}

const any = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;
const penalty = { min: -2, max: 2 } as const;

/** Reads the body of `POST /v1/responses`; throws an `ApiError` that names what is wrong. */
export const parseRequest = (body: unknown): ResponseRequest => {
  const fields = fieldsOf(body, 'body');
  refuseUnsupported(fields);
  const model = requiredString(fields, 'model');
  if (model === '') throw missingParameter('model');
  const previousResponseId = stringField(fields, 'previous_response_id');
  const input = fields['input'] ?? undefined;
  if (input === undefined && previousResponseId === undefined) throw missingParameter('input');
  const tools = parseTools(fields['tools'] ?? []);
  const reasoning = fieldsOf(fields['reasoning'] ?? {}, 'reasoning');
  const metadata = parseMetadata(fieldsOf(fields['metadata'] ?? {}, 'metadata'));

  return {
    model,
    input: input === undefined ? [] : parseInput(input),
    instructions: stringField(fields, 'instructions'),
    tools,
    toolChoice: parseToolChoice(fields['tool_choice'] ?? 'auto', tools),
    isParallelToolCalls: flagField(fields, 'parallel_tool_calls') ?? true,
    format: parseFormat(fieldsOf(fields['text'] ?? {}, 'text')['format']),
    reasoningEffort: stringField(reasoning, 'effort', 'reasoning.effort'),
    reasoningSummary: stringField(reasoning, 'summary', 'reasoning.summary'),
    maxOutputTokens: integerField(fields, 'max_output_tokens', { ...any, min: 1 }),
    maxToolCalls: integerField(fields, 'max_tool_calls', { ...any, min: 1 }),
    temperature: numberField(fields, 'temperature', { min: 0, max: 2 }),
    topP: numberField(fields, 'top_p', { min: 0, max: 1 }),
    presencePenalty: numberField(fields, 'presence_penalty', penalty),
    frequencyPenalty: numberField(fields, 'frequency_penalty', penalty),
    topLogprobs: integerField(fields, 'top_logprobs', { min: 0, max: 20 }),
    isStream: flagField(fields, 'stream') ?? false,
    isStored: flagField(fields, 'store') ?? true,
    isBackground: parseBackground(fields),
    previousResponseId,
    metadata,
    isLocalOnly: metadata['residency'] === 'local-only',
    truncation: choiceField(fields, 'truncation', ['auto', 'disabled']) ?? 'disabled',
    serviceTier: stringField(fields, 'service_tier') ?? 'default',
    safetyIdentifier: stringField(fields, 'safety_identifier'),
    promptCacheKey: stringField(fields, 'prompt_cache_key'),
  };
};

/** What we would have to ignore to answer, and the answer would be to another question. */
const refuseUnsupported = (fields: JsonObject): void => {
  if ((fields['conversation'] ?? undefined) !== undefined)
    throw unsupported('conversation', "Use 'previous_response_id' instead.");
  if ((fields['prompt'] ?? undefined) !== undefined)
    throw unsupported('prompt', "Send 'instructions' and 'input' instead.");
};

/** What nobody keeps, nobody can fetch. */
const parseBackground = (fields: JsonObject): boolean => {
  const isBackground = flagField(fields, 'background') ?? false;
  if (isBackground && flagField(fields, 'store') === false)
    throw badRequest("Background mode requires 'store' to be true.", 'background', 'invalid_value');
  return isBackground;
};

const parseTools = (value: unknown): readonly FunctionTool[] =>
  listOf(value, 'tools').flatMap((tool, at) => {
    const param = `tools[${at}]`;
    const fields = fieldsOf(tool, param);
    if (requiredString(fields, 'type', `${param}.type`) !== 'function') return [];
    const parameters = fields['parameters'] ?? undefined;
    const strict = fields['strict'] ?? undefined;
    if (strict !== undefined && typeof strict !== 'boolean')
      throw wrongType(`${param}.strict`, 'a boolean', strict);
    return {
      type: 'function',
      name: requiredString(fields, 'name', `${param}.name`),
      description: stringField(fields, 'description', `${param}.description`) ?? null,
      parameters: parameters === undefined ? null : fieldsOf(parameters, `${param}.parameters`),
      strict: strict ?? null,
    };
  });

const modes = ['none', 'auto', 'required'] as const;

const parseToolChoice = (value: unknown, tools: readonly FunctionTool[]): ToolChoice => {
  if (typeof value === 'string') {
    const mode = modes.find((it) => it === value);
    if (mode === undefined) throw wrongValue('tool_choice', value, modes);
    // Required of nothing: the tools were of kinds that are dropped.
    return mode === 'required' && tools.length === 0 ? 'auto' : mode;
  }
  const fields = fieldsOf(value, 'tool_choice');
  const type = requiredString(fields, 'type', 'tool_choice.type');
  if (type === 'function') {
    const name = requiredString(fields, 'name', 'tool_choice.name');
    if (!tools.some((tool) => tool.name === name))
      throw badRequest(
        `Tool choice '${name}' not found in 'tools' parameter.`,
        'tool_choice',
        'invalid_value',
      );
    return { type, name };
  }
  if (type !== 'allowed_tools') return 'auto';
  const mode = choiceField(fields, 'mode', ['auto', 'required'], 'tool_choice.mode') ?? 'auto';
  const allowed = listOf(fields['tools'] ?? [], 'tool_choice.tools').flatMap((tool) => {
    const name = asRecord(tool)?.['name'];
    return typeof name === 'string' ? { type: 'function' as const, name } : [];
  });
  return { type, mode, tools: allowed };
};

const parseFormat = (value: unknown): TextFormat => {
  const fields = fieldsOf(value ?? { type: 'text' }, 'text.format');
  const types = ['text', 'json_object', 'json_schema'] as const;
  const type = choiceField(fields, 'type', types, 'text.format.type');
  if (type === undefined) throw missingParameter('text.format.type');
  if (type !== 'json_schema') return { type };
  const schema = fields['schema'] ?? undefined;
  if (schema === undefined) throw missingParameter('text.format.schema');
  const description = stringField(fields, 'description', 'text.format.description');
  return {
    type,
    name: requiredString(fields, 'name', 'text.format.name'),
    schema: fieldsOf(schema, 'text.format.schema'),
    strict: typeof fields['strict'] === 'boolean' ? fields['strict'] : null,
    ...(description === undefined ? {} : { description }),
  };
};

/** OpenAI's bounds: 16 pairs, keys of 64 characters, values of 512. */
const parseMetadata = (fields: JsonObject): Readonly<Record<string, string>> => {
  const pairs = Object.entries(fields);
  if (pairs.length > 16)
    throw invalid('metadata', `expected at most 16 pairs, got ${pairs.length}`);
  const metadata: Record<string, string> = {};
  for (const [key, value] of pairs) {
    const param = `metadata.${key}`;
    if (typeof value !== 'string') throw wrongType(param, 'a string', value);
    if (key.length > 64)
      throw invalid('metadata', `expected keys of at most 64 characters, got '${key}'`);
    if (value.length > 512) throw invalid(param, 'expected a value of at most 512 characters');
    metadata[key] = value;
  }
  // A demand that is misspelt would otherwise be a leak.
  const residency = metadata['residency'];
  if (residency !== undefined && residency !== 'local-only' && residency !== 'local-first')
    throw wrongValue('metadata.residency', residency, ['local-only', 'local-first']);
  return metadata;
};

const invalid = (param: string, problem: string): ApiError =>
  badRequest(`Invalid '${param}': ${problem}.`, param, 'invalid_value');
