/**
 * The input of a request: from whatever shorthand a client sends to items spelt out.
 *
 * An item that is not understood is refused, not dropped: it is part of the conversation, and an
 * answer to half a conversation is worse than none.
 */

import type { InputContentPart, Item, ItemStatus, MessageItem } from '../../protocol/responses.ts';
import { wrongType, wrongValue } from './api-error.ts';
import { choiceField, fieldsOf, listOf, requiredString, stringField } from './field.ts';
import type { JsonObject } from './json.ts';

/** Stands for an item of an earlier response, by its id. */
interface ItemReference {
  readonly type: 'item_reference';
  readonly id: string;
}

export type InputItem = Item | ItemReference;

const roles = ['user', 'system', 'developer', 'assistant'] as const;
const statuses = ['in_progress', 'completed', 'incomplete'] as const;
const itemTypes = [
  'message',
  'function_call',
  'function_call_output',
  'reasoning',
  'item_reference',
] as const;
const partTypes = ['input_text', 'output_text', 'refusal', 'input_image', 'input_file'] as const;

/** Reads `input`: one string is one user message. */
export const parseInput = (input: unknown): readonly InputItem[] => {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  if (!Array.isArray(input)) throw wrongType('input', 'a string or an array', input);

  return input.map((item, at) => parseItem(item, `input[${at}]`));
};

const parseItem = (value: unknown, param: string): InputItem => {
  const fields = fieldsOf(value, param);
  // Clients may leave the type out where the role gives it away, and where only an id is sent.
  const implied = fields['role'] === undefined ? 'item_reference' : 'message';
  const type = choiceField(fields, 'type', itemTypes, `${param}.type`) ?? implied;
  switch (type) {
    case 'message':
      return parseMessage(fields, param);
    case 'function_call':
      return {
        type,
        ...identity(fields, param),
        call_id: requiredString(fields, 'call_id', `${param}.call_id`),
        name: requiredString(fields, 'name', `${param}.name`),
        arguments: requiredString(fields, 'arguments', `${param}.arguments`),
      };
    case 'function_call_output':
      return {
        type,
        ...identity(fields, param),
        call_id: requiredString(fields, 'call_id', `${param}.call_id`),
        output: parseContent(fields['output'], `${param}.output`),
      };
    case 'reasoning':
      return parseReasoning(fields, param);
    case 'item_reference':
      return { type, id: requiredString(fields, 'id', `${param}.id`) };
  }
};

const identity = (
  fields: JsonObject,
  param: string,
): { readonly id?: string; readonly status?: ItemStatus } => {
  const id = stringField(fields, 'id', `${param}.id`);
  const status = choiceField(fields, 'status', statuses, `${param}.status`);
  return { ...(id ? { id } : {}), ...(status ? { status } : {}) };
};

const parseMessage = (fields: JsonObject, param: string): MessageItem => {
  const role = choiceField(fields, 'role', roles, `${param}.role`);
  if (role === undefined) throw wrongValue(`${param}.role`, fields['role'], roles);

  return {
    type: 'message',
    ...identity(fields, param),
    role,
    content: parseContent(fields['content'], `${param}.content`),
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
  if (!Array.isArray(value)) throw wrongType(param, 'a string or an array', value);

  return value.map((part, at) => parsePart(part, `${param}[${at}]`));
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
      const url = optional('image_url');
      const detail = optional('detail');
      return { type, ...(url && { image_url: url }), ...(detail && { detail }) };
    }
    case 'input_file': {
      const name = optional('filename');
      const data = optional('file_data');
      return { type, ...(name && { filename: name }), ...(data && { file_data: data }) };
    }
  }
};
