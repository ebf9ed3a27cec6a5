/**
 * What a request of the Responses API asks for, or why it cannot be asked.
 *
 * Strict where the real service is: an item must be of a known kind and a tool result must answer a
 * call. Lenient where clients differ: whatever is not understood is left aside.
 */

import Type, { type Static } from 'typebox';
import Value from 'typebox/value';

import { itemNotFoundMessage } from '../../protocol/azure.ts';
import type {
  FunctionTool,
  ResponseResource,
  TextFormat,
  ToolChoice,
} from '../../protocol/responses.ts';
import type { Conversation, Message } from './conversation.ts';

/** A request that the service would answer with 400. */
export interface ResponsesRefusal {
  readonly kind: 'refusal';
  readonly code: string;
  readonly message: string;
  readonly param: string;
}

export interface ResponsesAsk {
  readonly kind: 'ask';
  readonly model: string;
  readonly isStream: boolean;
  readonly conversation: Conversation;
  readonly tools: readonly FunctionTool[];
  readonly toolChoice: ToolChoice;
  readonly isParallelToolCalls: boolean;
  readonly format: TextFormat;
  readonly effort: string | undefined;
  readonly summary: string | undefined;
  readonly maxOutputTokens: number | undefined;
  /** Fields that the response repeats as they came. */
  readonly echo: Partial<ResponseResource>;
}

const nullable = <T extends Type.TSchema>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]));

const contentPart = Type.Object({
  type: Type.String(),
  text: Type.Optional(Type.String()),
  refusal: Type.Optional(Type.String()),
});
const content = Type.Union([Type.String(), Type.Array(contentPart)]);

const inputItem = Type.Object({
  type: Type.Optional(Type.String()),
  id: nullable(Type.String()),
  role: Type.Optional(
    Type.Union([
      Type.Literal('user'),
      Type.Literal('assistant'),
      Type.Literal('system'),
      Type.Literal('developer'),
    ]),
  ),
  content: Type.Optional(Type.Unknown()),
  call_id: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  arguments: Type.Optional(Type.String()),
  output: Type.Optional(content),
});
type InputItem = Static<typeof inputItem>;

const functionTool = Type.Object({
  type: Type.Literal('function'),
  name: Type.String({ minLength: 1 }),
  description: nullable(Type.String()),
  parameters: nullable(Type.Record(Type.String(), Type.Unknown())),
  strict: nullable(Type.Boolean()),
});

const named = Type.Object({ type: Type.Literal('function'), name: Type.String() });
const toolChoice = Type.Union([
  Type.Literal('none'),
  Type.Literal('auto'),
  Type.Literal('required'),
  named,
  Type.Object({
    type: Type.Literal('allowed_tools'),
    mode: Type.Optional(Type.Union([Type.Literal('auto'), Type.Literal('required')])),
    tools: Type.Array(named),
  }),
]);

const format = Type.Union([
  Type.Object({ type: Type.Literal('text') }),
  Type.Object({ type: Type.Literal('json_object') }),
  Type.Object({
    type: Type.Literal('json_schema'),
    name: Type.String({ minLength: 1 }),
    schema: Type.Record(Type.String(), Type.Unknown()),
    strict: nullable(Type.Boolean()),
    description: Type.Optional(Type.String()),
  }),
]);

const request = Type.Object({
  model: Type.String({ minLength: 1 }),
  input: Type.Union([Type.String(), Type.Array(inputItem)]),
  instructions: nullable(Type.String()),
  previous_response_id: nullable(Type.String()),
  stream: nullable(Type.Boolean()),
  store: nullable(Type.Boolean()),
  tools: nullable(Type.Array(Type.Object({ type: Type.String() }))),
  tool_choice: nullable(toolChoice),
  parallel_tool_calls: nullable(Type.Boolean()),
  text: nullable(Type.Object({ format: nullable(format) })),
  reasoning: nullable(
    Type.Object({ effort: nullable(Type.String()), summary: nullable(Type.String()) }),
  ),
  max_output_tokens: nullable(Type.Integer({ minimum: 1 })),
  temperature: nullable(Type.Number()),
  top_p: nullable(Type.Number()),
  metadata: nullable(Type.Record(Type.String(), Type.String())),
});
type Request = Static<typeof request>;

/** Reads a request. `isMinted` knows the item ids that this service has given out. */
export const responsesAsk = (
  body: unknown,
  isMinted: (itemId: string) => boolean,
): ResponsesAsk | ResponsesRefusal => {
  if (!Value.Check(request, body)) {
    const [first] = Value.Errors(request, body);
    const param = first?.instancePath.slice(1).replaceAll('/', '.') ?? '';
    return refusal('invalid_value', `Invalid value: '${param}' ${first?.message ?? ''}.`, param);
  }
  if (body.previous_response_id) {
    const message = `Previous response with id '${body.previous_response_id}' not found.`;
    return refusal('previous_response_not_found', message, 'previous_response_id');
  }
  const items = typeof body.input === 'string' ? [userItem(body.input)] : body.input;
  return refusalOf(items, isMinted) ?? askOf(body, items);
};

const askOf = (body: Request, items: readonly InputItem[]): ResponsesAsk => {
  // Hosted tools, such as web search, are for the service itself; a simulated one has none.
  const tools = (body.tools ?? []).filter((tool) => Value.Check(functionTool, tool));
  const choice = body.tool_choice ?? 'auto';
  const textFormat = body.text?.format ?? { type: 'text' };
  const instructions: Message[] = body.instructions
    ? [{ role: 'system', text: body.instructions }]
    : [];
  return {
    kind: 'ask',
    model: body.model,
    isStream: body.stream ?? false,
    conversation: {
      tools: tools.length > 0 ? JSON.stringify(tools) : '',
      messages: [...instructions, ...items.flatMap(messageOf)],
    },
    tools,
    toolChoice: choice,
    isParallelToolCalls: body.parallel_tool_calls ?? true,
    format: textFormat,
    effort: body.reasoning?.effort ?? undefined,
    summary: body.reasoning?.summary ?? undefined,
    maxOutputTokens: body.max_output_tokens ?? undefined,
    echo: {
      model: body.model,
      instructions: body.instructions ?? null,
      tools,
      tool_choice: choice,
      parallel_tool_calls: body.parallel_tool_calls ?? true,
      text: { format: textFormat },
      max_output_tokens: body.max_output_tokens ?? null,
      store: body.store ?? true,
      metadata: body.metadata ?? {},
      ...(typeof body.temperature === 'number' && { temperature: body.temperature }),
      ...(typeof body.top_p === 'number' && { top_p: body.top_p }),
    },
  };
};

/** Why the items cannot stand together. */
const refusalOf = (
  items: readonly InputItem[],
  isMinted: (itemId: string) => boolean,
): ResponsesRefusal | undefined => {
  const calls = new Set<string>();
  const answered = new Set<string>();
  for (const [at, { type = 'message', ...item }] of items.entries()) {
    if (item.id && !isMinted(item.id))
      return refusal('invalid_request_error', itemNotFoundMessage(item.id), 'input');
    const callId = item.call_id ?? '';
    if (type === 'function_call') calls.add(callId);
    else if (type === 'function_call_output') {
      const message = `No tool call found for function call output with call_id ${callId}.`;
      if (!calls.has(callId)) return refusal('invalid_request_error', message, 'input');
      answered.add(callId);
    } else if (type !== 'reasoning' && (type !== 'message' || !item.role)) {
      const param = `input[${at}]`;
      return refusal('invalid_value', `Invalid value: '${type}' at '${param}'.`, param);
    }
  }
  const open = [...calls].find((callId) => !answered.has(callId));
  if (open === undefined) return undefined;
  const message = `No tool output found for function call ${open}.`;
  return refusal('invalid_request_error', message, 'input');
};

/** An item as a message; reasoning is not shown to the model again. */
const messageOf = (item: InputItem): Message[] => {
  switch (item.type ?? 'message') {
    case 'function_call':
      return [{ role: 'assistant', text: '', calls: `${item.name} ${item.arguments}` }];
    case 'function_call_output':
      return [{ role: 'tool', text: textOf(item.output) }];
    case 'message':
      return [
        {
          role: item.role === 'developer' ? 'system' : (item.role ?? 'user'),
          text: textOf(item.content),
        },
      ];
    default:
      return [];
  }
};

const textOf = (value: unknown): string => {
  if (!Value.Check(content, value)) return '';
  if (typeof value === 'string') return value;
  return value.map(({ text, refusal }) => text ?? refusal ?? '').join('');
};

const userItem = (text: string): InputItem => ({ role: 'user', content: text });

const refusal = (code: string, message: string, param: string): ResponsesRefusal => ({
  kind: 'refusal',
  code,
  message,
  param,
});
