/**
 * The input of a request: from whatever shorthand a client sends to items spelt out.
 *
 * An item that is not understood is refused, not dropped: it is part of the conversation, and an
 * answer to half a conversation is worse than none. The records of tools that a provider ran by
 * itself are the exception: what came of them is in the message that follows.
 */

import type { InputContentPart, Item, ItemStatus, MessageItem } from '../../protocol/responses.ts';
import { badRequest, missingParameter, unsupported, wrongValue } from './api-error.ts';
import { choiceField, fieldsOf, listOf, requiredString, stringField } from './field.ts';
import { type JsonObject, asRecord } from './json.ts';

/** Stands for an item of an earlier response, by its id. */
interface ItemReference {
  readonly type: 'item_reference';
  readonly id: string;
}

export type InputItem = Item | ItemReference;

const roles = ['user', 'system', 'developer', 'assistant'] as const;
const phases = ['commentary', 'final_answer'] as const;
const statuses = ['in_progress', 'completed', 'incomplete'] as const;
const itemTypes = [
  'message',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'reasoning',
  'compaction',
  'item_reference',
] as const;
/** Tools that a provider runs; their calls are history that no model needs to be shown. */
const hostedTypes: ReadonlySet<unknown> = new Set([
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'image_generation_call',
  'mcp_list_tools',
  'mcp_approval_request',
  'mcp_approval_response',
  'mcp_call',
  'tool_search_call',
  'tool_search_output',
]);
const partTypes = ['input_text', 'output_text', 'refusal', 'input_image', 'input_file'] as const;

/** Reads `input`: one string is one user message. */
export const parseInput = (input: unknown, param = 'input'): readonly InputItem[] => {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  return listOf(input, param, 'a string or an array').flatMap((item, at) =>
    hostedTypes.has(asRecord(item)?.['type']) ? [] : parseItem(item, `${param}[${at}]`),
  );
};

const parseItem = (value: unknown, param: string): InputItem => {
  const fields = fieldsOf(value, param);
  // Clients may leave the type out where the role gives it away, and where only an id is sent.
  const implied = fields['role'] === undefined ? 'item_reference' : 'message';
  const type = choiceField(fields, 'type', itemTypes, `${param}.type`) ?? implied;
  const text = (key: string): string => requiredString(fields, key, `${param}.${key}`);
  switch (type) {
    case 'message':
      return parseMessage(fields, param);
    case 'function_call':
      return { type, ...callFields(fields, param), arguments: text('arguments') };
    case 'custom_tool_call':
      return { type, ...callFields(fields, param), input: text('input') };
    case 'function_call_output':
    case 'custom_tool_call_output':
      return {
        type,
        ...identity(fields, param),
        call_id: text('call_id'),
        output: parseContent(fields['output'], `${param}.output`),
      };
    case 'reasoning':
      return parseReasoning(fields, param);
    case 'compaction':
      return { type, ...named(fields, param), encrypted_content: text('encrypted_content') };
    case 'item_reference':
      return { type, id: text('id') };
  }
};

const callFields = (fields: JsonObject, param: string) => {
  const namespace = stringField(fields, 'namespace', `${param}.namespace`);
  return {
    ...identity(fields, param),
    call_id: requiredString(fields, 'call_id', `${param}.call_id`),
    name: requiredString(fields, 'name', `${param}.name`),
    ...(namespace ? { namespace } : {}),
  };
};

const named = (fields: JsonObject, param: string): { readonly id?: string } => {
  const id = stringField(fields, 'id', `${param}.id`);
  return id ? { id } : {};
};

const identity = (
  fields: JsonObject,
  param: string,
): { readonly id?: string; readonly status?: ItemStatus } => {
  const status = choiceField(fields, 'status', statuses, `${param}.status`);
  return { ...named(fields, param), ...(status ? { status } : {}) };
};

const parseMessage = (fields: JsonObject, param: string): MessageItem => {
  const role = choiceField(fields, 'role', roles, `${param}.role`);
  if (role === undefined) throw wrongValue(`${param}.role`, fields['role'], roles);

  const phase = choiceField(fields, 'phase', phases, `${param}.phase`);
  return {
    type: 'message',
    ...identity(fields, param),
    role,
    content: parseContent(fields['content'], `${param}.content`),
    ...(phase ? { phase } : {}),
  };
};

const parseReasoning = (fields: JsonObject, param: string): Item => {
  const encrypted = stringField(fields, 'encrypted_content', `${param}.encrypted_content`);
  const content = fields['content'] ?? undefined;
  return {
    type: 'reasoning',
    ...identity(fields, param),
    summary: texts(fields['summary'] ?? [], `${param}.summary`).map((text) => ({
      type: 'summary_text',
      text,
    })),
    ...(content === undefined
      ? {}
      : {
          content: texts(content, `${param}.content`).map((text) => ({
            type: 'reasoning_text' as const,
            text,
          })),
        }),
    ...(encrypted === undefined ? {} : { encrypted_content: encrypted }),
  };
};

const texts = (value: unknown, param: string): readonly string[] =>
  listOf(value, param).map((part, at) => {
    const path = `${param}[${at}]`;
    return requiredString(fieldsOf(part, path), 'text', `${path}.text`);
  });

const parseContent = (value: unknown, param: string): string | readonly InputContentPart[] => {
  if (typeof value === 'string') return value;
  return listOf(value, param, 'a string or an array').map((part, at) =>
    parsePart(part, `${param}[${at}]`),
  );
};

const parsePart = (value: unknown, param: string): InputContentPart => {
  const fields = fieldsOf(value, param);
  const type = choiceField(fields, 'type', partTypes, `${param}.type`);
  const optional = (key: string): string | undefined => stringField(fields, key, `${param}.${key}`);
  switch (type) {
    case undefined:
      throw wrongValue(`${param}.type`, fields['type'], partTypes);
    case 'input_text':
    case 'output_text':
      return { type, text: requiredString(fields, 'text', `${param}.text`) };
    case 'refusal':
      return { type, refusal: requiredString(fields, 'refusal', `${param}.refusal`) };
    case 'input_image': {
      refuseFileId(fields, param);
      const url = requiredString(fields, 'image_url', `${param}.image_url`);
      const detail = optional('detail');
      return { type, image_url: imageUrl(url, param), ...(detail && { detail }) };
    }
    case 'input_file': {
      refuseFileId(fields, param);
      const name = optional('filename');
      const data = optional('file_data');
      const url = optional('file_url');
      if (!data && !url) throw missingParameter(`${param}.file_data`);
      return {
        type,
        ...(name && { filename: name }),
        ...(data && { file_data: data }),
        ...(url && { file_url: webUrl(url, `${param}.file_url`) }),
      };
    }
  }
};

/** Files kept at one provider are out of reach of all others. */
const refuseFileId = (fields: JsonObject, param: string): void => {
  if ((fields['file_id'] ?? undefined) !== undefined)
    throw unsupported(`${param}.file_id`, 'Send the data itself instead.');
};

/** A picture in the URL itself, or an address on the web, which the proxy never fetches. */
const imageUrl = (url: string, param: string): string => {
  if (/^data:image\/[\w.+-]+;base64,[\w+/=-]+$/i.test(url)) return url;
  return webUrl(url, `${param}.image_url`);
};

const webUrl = (url: string, param: string): string => {
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return url;
  throw badRequest(
    `Invalid '${param}': expected a base64-encoded data URL or an http(s) URL.`,
    param,
    'invalid_value',
  );
};
