/**
 * A request to make a response: parsed once at the edge, trusted from there on.
 *
 * Every refusal names the parameter and speaks as OpenAI does. Tools of kinds we cannot run are
 * dropped knowingly, because agents offer them to every server and expect no quarrel.
 */

import type { ClientToolChoice, TextFormat, Tool, Verbosity } from '../../protocol/responses.ts';
import { badRequest, missingParameter, outOfBounds, unsupported, wrongType } from './api-error.ts';
import {
  boundedText,
  choiceField,
  fieldsOf,
  flagField,
  integerField,
  listOf,
  numberField,
  requiredString,
  schemaOf,
  stringField,
} from './field.ts';
import type { JsonObject } from './json.ts';
import { type InputItem, parseInput } from './request-item.ts';
import { type OfferedTool, offeredTools, parseToolChoice, parseTools } from './request-tool.ts';

/** What a request may demand of its own way, in its metadata or by a header. */
export const residencyRules = ['local-only', 'local-first'] as const;

/** A request as the heart works with it. */
export interface ResponseRequest {
  readonly model: string;
  readonly input: readonly InputItem[];
  readonly instructions: string | undefined;
  /** The tools that are kept, as the client described them. */
  readonly tools: readonly Tool[];
  /** The same as functions, as a model is offered them. */
  readonly offered: readonly OfferedTool[];
  readonly toolChoice: ClientToolChoice;
  readonly isParallelToolCalls: boolean;
  readonly format: TextFormat;
  readonly verbosity: Verbosity | undefined;
  readonly reasoningEffort: string | undefined;
  readonly reasoningSummary: string | undefined;
  /** The client keeps the conversation, and wants reasoning in a form that it can send back. */
  readonly isReasoningSealed: boolean;
  readonly maxOutputTokens: number | undefined;
  readonly maxToolCalls: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly presencePenalty: number | undefined;
  readonly frequencyPenalty: number | undefined;
  readonly topLogprobs: number | undefined;
  /** The client wants to be told how likely each token was. */
  readonly areLogprobsAsked: boolean;
  /** Texts that end the answer. The Responses API has no such thing; chat completions have. */
  readonly stop: readonly string[];
  /** What the same answer is to be drawn from again; of chat completions as well. */
  readonly seed: number | undefined;
  readonly isStream: boolean;
  readonly isStored: boolean;
  /** The work goes on without a client; the response is fetched later. */
  readonly isBackground: boolean;
  readonly previousResponseId: string | undefined;
  /** A conversation that the request goes on with, and is added to. */
  readonly conversationId: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** The request demands that nothing of it leaves the house. */
  readonly isLocalOnly: boolean;
  readonly truncation: 'auto' | 'disabled';
  readonly serviceTier: string;
  readonly safetyIdentifier: string | undefined;
  readonly promptCacheKey: string | undefined;
  readonly user: string | undefined;
}

const any = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;
const penalty = { min: -2, max: 2 } as const;

/** Reads the body of `POST /v1/responses`; throws an `ApiError` that names what is wrong. */
export const parseRequest = (body: unknown): ResponseRequest => {
  const fields = fieldsOf(body, 'body');
  refuseUnsupported(fields);
  checkIgnored(fields);
  const model = requiredString(fields, 'model');
  if (model === '') throw missingParameter('model');
  const previousResponseId = stringField(fields, 'previous_response_id');
  const conversationId = parseConversation(fields);
  const input = fields['input'] ?? undefined;
  if (input === undefined && previousResponseId === undefined && conversationId === undefined)
    throw missingParameter('input');
  const tools = parseTools(fields['tools'] ?? []);
  const offered = offeredTools(tools);
  const metadata = parseMetadata(fieldsOf(fields['metadata'] ?? {}, 'metadata'));
  const include = listOf(fields['include'] ?? [], 'include');

  return {
    model,
    input: input === undefined ? [] : parseInput(input),
    instructions: stringField(fields, 'instructions'),
    tools,
    offered,
    toolChoice: parseToolChoice(fields['tool_choice'] ?? 'auto', offered),
    isParallelToolCalls: flagField(fields, 'parallel_tool_calls') ?? true,
    ...parseText(fieldsOf(fields['text'] ?? {}, 'text')),
    ...parseReasoning(fieldsOf(fields['reasoning'] ?? {}, 'reasoning')),
    isReasoningSealed: include.includes('reasoning.encrypted_content'),
    areLogprobsAsked: include.includes('message.output_text.logprobs'),
    ...parseSampling(fields),
    maxOutputTokens: integerField(fields, 'max_output_tokens', { ...any, min: 1 }),
    maxToolCalls: integerField(fields, 'max_tool_calls', { ...any, min: 1 }),
    stop: [],
    seed: undefined,
    isStream: flagField(fields, 'stream') ?? false,
    isStored: flagField(fields, 'store') ?? true,
    isBackground: parseBackground(fields),
    previousResponseId,
    conversationId,
    metadata,
    isLocalOnly: metadata['residency'] === 'local-only',
    truncation: parseTruncation(fields),
    serviceTier: choiceField(fields, 'service_tier', serviceTiers) ?? 'default',
    safetyIdentifier: boundedField(fields, 'safety_identifier', 128),
    promptCacheKey: boundedField(fields, 'prompt_cache_key', 64),
    user: stringField(fields, 'user'),
  };
};

/** A name that a backend would refuse for its length. */
const boundedField = (fields: JsonObject, key: string, charsMax: number): string | undefined => {
  const text = stringField(fields, key);
  return text === undefined ? undefined : boundedText(text, key, charsMax);
};

const serviceTiers = ['auto', 'default', 'flex', 'priority', 'scale', 'fast', 'ultrafast'] as const;
const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra'] as const;
const summaries = ['auto', 'concise', 'detailed'] as const;

type Sampling = Pick<
  ResponseRequest,
  'temperature' | 'topP' | 'presencePenalty' | 'frequencyPenalty' | 'topLogprobs'
>;

const parseSampling = (fields: JsonObject): Sampling => ({
  temperature: numberField(fields, 'temperature', { min: 0, max: 2 }),
  topP: numberField(fields, 'top_p', { min: 0, max: 1 }),
  presencePenalty: numberField(fields, 'presence_penalty', penalty),
  frequencyPenalty: numberField(fields, 'frequency_penalty', penalty),
  topLogprobs: integerField(fields, 'top_logprobs', { min: 0, max: 20 }),
});

const parseText = (text: JsonObject): Pick<ResponseRequest, 'format' | 'verbosity'> => ({
  format: parseFormat(text['format']),
  verbosity: choiceField(text, 'verbosity', ['low', 'medium', 'high'], 'text.verbosity'),
});

/** `generate_summary` is the former name of `summary`. */
const parseReasoning = (
  reasoning: JsonObject,
): Pick<ResponseRequest, 'reasoningEffort' | 'reasoningSummary'> => ({
  reasoningEffort: choiceField(reasoning, 'effort', efforts, 'reasoning.effort'),
  reasoningSummary:
    choiceField(reasoning, 'summary', summaries, 'reasoning.summary') ??
    choiceField(reasoning, 'generate_summary', summaries, 'reasoning.generate_summary'),
});

/**
 * What is understood and needs no doing: no padding is sent.
 */
const checkIgnored = (fields: JsonObject): void => {
  const options = fieldsOf(fields['stream_options'] ?? {}, 'stream_options');
  const padding = options['include_obfuscation'] ?? false;
  if (typeof padding !== 'boolean')
    throw wrongType('stream_options.include_obfuscation', 'a boolean', padding);
};

/** What we would have to ignore to answer, and the answer would be to another question. */
const refuseUnsupported = (fields: JsonObject): void => {
  if ((fields['prompt'] ?? undefined) !== undefined)
    throw unsupported('prompt', "Send 'instructions' and 'input' instead.");
  if ((fields['moderation'] ?? undefined) !== undefined)
    throw unsupported('moderation', 'Ask a moderation service before and after.');
};

/**
 * To have the context managed is to prefer a shortened conversation to a refusal. It is shortened
 * where no model has room for it, not at a threshold: until then nothing need be lost.
 */
const parseTruncation = (fields: JsonObject): 'auto' | 'disabled' => {
  const managed = listOf(fields['context_management'] ?? [], 'context_management');
  for (const [at, it] of managed.entries()) {
    const param = `context_management[${at}]`;
    const rule = fieldsOf(it, param);
    choiceField(rule, 'type', ['compaction'], `${param}.type`);
  }
  const truncation = choiceField(fields, 'truncation', ['auto', 'disabled']);
  return truncation ?? (managed.length > 0 ? 'auto' : 'disabled');
};

/** By its id, or as an object that has one. */
const parseConversation = (fields: JsonObject): string | undefined => {
  const value = fields['conversation'] ?? undefined;
  if (value === undefined) return undefined;
  if ((fields['previous_response_id'] ?? undefined) !== undefined)
    throw badRequest(
      'Mutually exclusive parameters. Ensure you are only providing one of: ' +
        "'previous_response_id' or 'conversation'.",
      'conversation',
      'mutually_exclusive_parameters',
    );
  if (typeof value === 'string') return value;
  return requiredString(fieldsOf(value, 'conversation'), 'id', 'conversation.id');
};

/** What nobody keeps, nobody can fetch. */
const parseBackground = (fields: JsonObject): boolean => {
  const isBackground = flagField(fields, 'background') ?? false;
  if (isBackground && flagField(fields, 'store') === false)
    throw badRequest("Background mode requires 'store' to be true.", 'background', 'invalid_value');
  return isBackground;
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
    schema: schemaOf(schema, 'text.format.schema'),
    strict: typeof fields['strict'] === 'boolean' ? fields['strict'] : null,
    ...(description === undefined ? {} : { description }),
  };
};

/** OpenAI's bounds: 16 pairs, keys of 64 characters, values of 512. */
export const parseMetadata = (fields: JsonObject): Readonly<Record<string, string>> => {
  const pairs = Object.entries(fields);
  if (pairs.length > 16)
    throw outOfBounds(
      'metadata',
      'too many properties',
      'an object with at most 16 properties',
      `an object with ${pairs.length} properties`,
    );
  const read = pairs.map(([key, value]) => {
    const param = `metadata.${key}`;
    if (typeof value !== 'string') throw wrongType(param, 'a string', value);
    boundedText(key, 'metadata', 64);
    return [key, boundedText(value, param, 512)] as const;
  });
  // Whatever the keys are: `__proto__` cannot be assigned.
  const metadata: Readonly<Record<string, string>> = Object.fromEntries(read);
  // A demand that is misspelt would otherwise be a leak.
  choiceField(metadata, 'residency', residencyRules, 'metadata.residency');
  return metadata;
};
