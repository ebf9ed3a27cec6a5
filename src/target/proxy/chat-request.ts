/**
 * `POST /v1/chat/completions` for older apps: the request, as one of the Responses API.
 *
 * It is translated and then read like any other, so both routes mean the same by the same words.
 * Nothing of it is stored: an app of this API sends its whole conversation each time.
 */

import {
  ApiError,
  badRequest,
  missingParameter,
  unsupported,
  wrongType,
  wrongValue,
} from './api-error.ts';
import { choiceField, fieldsOf, flagField, integerField, listOf, requiredString } from './field.ts';
import type { JsonObject } from './json.ts';
import { type ResponseRequest, parseRequest } from './request.ts';

export interface ChatRequest {
  readonly request: ResponseRequest;
  /** The stream ends with a chunk of the tokens used. */
  readonly isUsageAsked: boolean;
}

/** Reads the body; throws an `ApiError` that names what is wrong in the words of this API. */
export const parseChatRequest = (body: unknown): ChatRequest => {
  const fields = fieldsOf(body, 'body');
  refuseUnsupported(fields);
  const messages = listOf(fields['messages'] ?? missing('messages'), 'messages');
  if (messages.length === 0) throw missingParameter('messages');
  const translated = {
    ...samePassedOn(fields),
    input: messages.flatMap((message, at) => itemsOf(message, `messages[${at}]`)),
    max_output_tokens: outputLimit(fields),
    tools: listOf(fields['tools'] ?? [], 'tools').map((tool, at) => toolOf(tool, `tools[${at}]`)),
    tool_choice: choiceOf(fields['tool_choice']),
    text: { format: formatOf(fields['response_format']), verbosity: fields['verbosity'] },
    reasoning: { effort: fields['reasoning_effort'] },
    ...logprobsOf(fields),
    store: false,
  };
  const options = fieldsOf(fields['stream_options'] ?? {}, 'stream_options');
  return {
    request: {
      ...inOwnWords(() => parseRequest(translated)),
      stop: parseStop(fields['stop']),
      seed: integerField(fields, 'seed', anyInteger),
    },
    isUsageAsked: flagField(options, 'include_usage') ?? false,
  };
};

const anyInteger = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER } as const;

const missing = (param: string): never => {
  throw missingParameter(param);
};

const refuseUnsupported = (fields: JsonObject): void => {
  for (const name of ['functions', 'function_call'])
    if ((fields[name] ?? undefined) !== undefined)
      throw unsupported(name, "Use 'tools' and 'tool_choice' instead.");
  if ((fields['audio'] ?? undefined) !== undefined)
    throw unsupported('audio', 'Answers are text only.');
  integerField(fields, 'n', { min: 1, max: 1 });
};

/** What both APIs call by the same name. */
const samePassedOn = (fields: JsonObject): JsonObject => {
  const names = [
    'model',
    'stream',
    'temperature',
    'top_p',
    'presence_penalty',
    'frequency_penalty',
    'parallel_tool_calls',
    'metadata',
    'service_tier',
    'safety_identifier',
    'prompt_cache_key',
    'user',
  ];
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
};

/** Here the wish stands apart from the number of alternatives. */
const logprobsOf = (fields: JsonObject): JsonObject => {
  const top = fields['top_logprobs'] ?? undefined;
  if (flagField(fields, 'logprobs') === true)
    return { include: ['message.output_text.logprobs'], top_logprobs: top };
  if (top === undefined) return {};
  throw badRequest(
    "Invalid 'top_logprobs': expected 'logprobs' to be true.",
    'top_logprobs',
    'invalid_value',
  );
};

/** `max_tokens` is the older name. */
const outputLimit = (fields: JsonObject): number | undefined => {
  const bounds = { min: 1, max: Number.MAX_SAFE_INTEGER };
  return (
    integerField(fields, 'max_completion_tokens', bounds) ??
    integerField(fields, 'max_tokens', bounds)
  );
};

const parseStop = (value: unknown): readonly string[] => {
  const texts = typeof value === 'string' ? [value] : listOf(value ?? [], 'stop');
  if (texts.length > 4)
    throw badRequest("Invalid 'stop': expected at most 4 texts.", 'stop', 'invalid_value');
  return texts.map((text) => {
    if (typeof text !== 'string') throw wrongType('stop', 'a string or an array of strings', text);
    if (text === '')
      throw badRequest(
        "Invalid 'stop': expected texts, got an empty one.",
        'stop',
        'invalid_value',
      );
    return text;
  });
};

/** What the other API says of its `input` is said of `messages` here. */
const inOwnWords = <T>(parse: () => T): T => {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ApiError) || error.param?.startsWith('input') !== true) throw error;
    const { status, type, code } = error;
    const message = error.message.replaceAll(/\binput\[[^\s']*/g, 'messages');
    throw new ApiError({ status, type, code, message, param: 'messages' });
  }
};

const roles = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

const itemsOf = (value: unknown, param: string): readonly unknown[] => {
  const message = fieldsOf(value, param);
  const role = choiceField(message, 'role', roles, `${param}.role`);
  const content = message['content'] ?? undefined;
  switch (role) {
    case undefined:
      throw wrongValue(`${param}.role`, message['role'], roles);
    case 'system':
    case 'developer':
    case 'user':
      return [{ role, content: contentOf(content ?? missing(`${param}.content`), param) }];
    case 'assistant':
      return [...saidBy(message, param), ...callsOf(message, param)];
    case 'tool':
      return [
        {
          type: 'function_call_output',
          call_id: requiredString(message, 'tool_call_id', `${param}.tool_call_id`),
          output: contentOf(content ?? '', param),
        },
      ];
  }
};

const saidBy = (message: JsonObject, param: string): readonly unknown[] => {
  const content = contentOf(message['content'] ?? '', param);
  const parts = typeof content === 'string' ? [{ type: 'output_text', text: content }] : content;
  const refusal = message['refusal'];
  const said = [
    ...parts.filter((part) => part['text'] !== ''),
    ...(typeof refusal === 'string' ? [{ type: 'refusal', refusal }] : []),
  ];
  return said.length === 0 ? [] : [{ role: 'assistant', content: said }];
};

const callsOf = (message: JsonObject, param: string): readonly unknown[] =>
  listOf(message['tool_calls'] ?? [], `${param}.tool_calls`).map((value, at) => {
    const path = `${param}.tool_calls[${at}]`;
    const call = fieldsOf(value, path);
    const call_id = requiredString(call, 'id', `${path}.id`);
    const kind = choiceField(call, 'type', ['function', 'custom'], `${path}.type`) ?? 'function';
    const called = fieldsOf(call[kind], `${path}.${kind}`);
    const text = (key: string): string => requiredString(called, key, `${path}.${kind}.${key}`);
    return kind === 'function'
      ? { type: 'function_call', call_id, name: text('name'), arguments: text('arguments') }
      : { type: 'custom_tool_call', call_id, name: text('name'), input: text('input') };
  });

const contentOf = (value: unknown, param: string): string | readonly JsonObject[] => {
  const path = `${param}.content`;
  if (typeof value === 'string') return value;
  return listOf(value, path, 'a string or an array').map((part, at) =>
    partOf(fieldsOf(part, `${path}[${at}]`), `${path}[${at}]`),
  );
};

const partTypes = ['text', 'refusal', 'image_url', 'file'] as const;

const partOf = (part: JsonObject, param: string): JsonObject => {
  const type = choiceField(part, 'type', partTypes, `${param}.type`);
  switch (type) {
    case undefined:
      throw wrongValue(`${param}.type`, part['type'], partTypes);
    case 'text':
      return { type: 'input_text', text: requiredString(part, 'text', `${param}.text`) };
    case 'refusal':
      return { type, refusal: requiredString(part, 'refusal', `${param}.refusal`) };
    case 'image_url': {
      const { url, detail } = fieldsOf(part['image_url'], `${param}.image_url`);
      return { type: 'input_image', image_url: url, detail };
    }
    case 'file':
      return { ...fieldsOf(part['file'], `${param}.file`), type: 'input_file' };
  }
};

/** What is nested in this API stands flat in the other. */
const toolOf = (value: unknown, param: string): unknown => {
  const tool = fieldsOf(value, param);
  const type = requiredString(tool, 'type', `${param}.type`);
  if (type !== 'function' && type !== 'custom') return tool;
  const path = `${param}.${type}`;
  const inner = fieldsOf(tool[type], path);
  requiredString(inner, 'name', `${path}.name`);
  return { ...inner, type };
};

const choiceOf = (value: unknown): unknown => {
  if (value === undefined || value === null || typeof value === 'string') return value;
  const choice = fieldsOf(value, 'tool_choice');
  const type = requiredString(choice, 'type', 'tool_choice.type');
  const inner = fieldsOf(choice[type] ?? {}, `tool_choice.${type}`);
  if (type !== 'allowed_tools') return { ...inner, type };
  const tools = listOf(inner['tools'] ?? [], 'tool_choice.allowed_tools.tools');
  return {
    ...inner,
    type,
    tools: tools.map((tool, at) => toolOf(tool, `tool_choice.tools[${at}]`)),
  };
};

const formatOf = (value: unknown): unknown => {
  if (value === undefined || value === null) return undefined;
  const format = fieldsOf(value, 'response_format');
  if (format['type'] !== 'json_schema') return format;
  return { ...fieldsOf(format['json_schema'], 'response_format.json_schema'), type: 'json_schema' };
};
