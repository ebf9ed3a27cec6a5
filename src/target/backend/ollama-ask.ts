/**
 * What a request of Ollama's `/api/chat` or `/api/generate` asks for, or why it cannot be asked.
 */

import Type, { type Static } from 'typebox';
import Value from 'typebox/value';

import { ollamaMessage } from '../../protocol/ollama.ts';
import type { FunctionTool, TextFormat } from '../../protocol/responses.ts';
import type { Conversation, Message } from './conversation.ts';

/** What Ollama needs to know of a model to judge a request. */
export interface OllamaModel {
  readonly tag: string;
  readonly hasTools: boolean;
  readonly isThinking: boolean;
}

export interface OllamaRefusal {
  readonly kind: 'refusal';
  readonly status: 400 | 404;
  readonly message: string;
}

export interface OllamaAsk<Model extends OllamaModel = OllamaModel> {
  readonly kind: 'ask';
  readonly model: Model;
  readonly isStream: boolean;
  /** Empty messages only load the model, or unload it. */
  readonly conversation: Conversation;
  readonly tools: readonly FunctionTool[];
  readonly format: TextFormat;
  readonly thinks: boolean;
  /** Infinity where nothing, or nothing above 0, was said. */
  readonly outputTokensMax: number;
  readonly numCtx: number | undefined;
  readonly isTruncating: boolean;
  /** Negative is for ever; undefined leaves it to the server. */
  readonly keepAliveMs: number | undefined;
}

const schemaObject = Type.Record(Type.String(), Type.Unknown());

const message = Type.Object({
  role: Type.Union([
    Type.Literal('system'),
    Type.Literal('user'),
    Type.Literal('assistant'),
    Type.Literal('tool'),
  ]),
  content: Type.Optional(Type.String()),
  images: Type.Optional(Type.Array(Type.String())),
  tool_calls: Type.Optional(
    Type.Array(
      Type.Object({ function: Type.Object({ name: Type.String(), arguments: schemaObject }) }),
    ),
  ),
});

const tool = Type.Object({
  type: Type.Literal('function'),
  function: Type.Object({
    name: Type.String({ minLength: 1 }),
    description: Type.Optional(Type.String()),
    parameters: Type.Optional(schemaObject),
  }),
});

const common = {
  model: Type.String({ minLength: 1 }),
  stream: Type.Optional(Type.Boolean()),
  format: Type.Optional(Type.Union([Type.String(), schemaObject, Type.Null()])),
  think: Type.Optional(Type.Union([Type.Boolean(), Type.String(), Type.Null()])),
  keep_alive: Type.Optional(Type.Union([Type.String(), Type.Number()])),
  truncate: Type.Optional(Type.Boolean()),
  options: Type.Optional(
    Type.Object({
      num_predict: Type.Optional(Type.Integer()),
      num_ctx: Type.Optional(Type.Integer({ minimum: 1 })),
    }),
  ),
};

const chatRequest = Type.Object({
  ...common,
  messages: Type.Optional(Type.Array(message)),
  tools: Type.Optional(Type.Array(tool)),
});

const generateRequest = Type.Object({
  ...common,
  prompt: Type.Optional(Type.String()),
  system: Type.Optional(Type.String()),
});

type Common = Static<typeof generateRequest>;

/** Reads a request of `/api/chat`. */
export const chatAsk = <Model extends OllamaModel>(
  body: unknown,
  models: readonly Model[],
): OllamaAsk<Model> | OllamaRefusal => {
  if (!Value.Check(chatRequest, body)) return malformed(chatRequest, body);
  const tools = (body.tools ?? []).map(({ function: it }): FunctionTool => ({
    type: 'function',
    name: it.name,
    description: it.description ?? null,
    parameters: it.parameters ?? null,
  }));
  const messages = (body.messages ?? []).map(({ role, content, tool_calls: calls }): Message => ({
    role,
    text: content ?? '',
    calls: calls && calls.length > 0 ? JSON.stringify(calls) : '',
  }));
  return askOf(body, models, tools, messages);
};

/** Reads a request of `/api/generate`, which holds one question and no tools. */
export const generateAsk = <Model extends OllamaModel>(
  body: unknown,
  models: readonly Model[],
): OllamaAsk<Model> | OllamaRefusal => {
  if (!Value.Check(generateRequest, body)) return malformed(generateRequest, body);
  const messages: Message[] = body.prompt ? [{ role: 'user', text: body.prompt }] : [];
  if (body.system && body.prompt) messages.unshift({ role: 'system', text: body.system });
  return askOf(body, models, [], messages);
};

/** The model called so; a name without a tag means `latest`. */
export const modelNamed = <Model extends OllamaModel>(
  models: readonly Model[],
  name: string,
): Model | undefined => models.find(({ tag }) => whole(tag) === whole(name));

const whole = (name: string): string => (name.includes(':') ? name : `${name}:latest`);

const askOf = <Model extends OllamaModel>(
  body: Common,
  models: readonly Model[],
  tools: readonly FunctionTool[],
  messages: readonly Message[],
): OllamaAsk<Model> | OllamaRefusal => {
  const model = modelNamed(models, body.model);
  if (!model) return refusal(404, ollamaMessage.modelNotFound(body.model));
  const mustThink = body.think !== undefined && body.think !== null && body.think !== false;
  if (tools.length > 0 && !model.hasTools) return refusal(400, ollamaMessage.lacksTools(model.tag));
  if (mustThink && !model.isThinking) return refusal(400, ollamaMessage.lacksThinking(model.tag));
  const keepAliveMs = durationMsOf(body.keep_alive);
  if (Number.isNaN(keepAliveMs))
    return refusal(400, `time: invalid duration ${JSON.stringify(body.keep_alive)}`);

  const limit = body.options?.num_predict ?? -1;
  // gpt-oss thinks whatever it is told; a level only says how much.
  const mayThink = body.think !== false || model.tag.startsWith('gpt-oss');
  return {
    kind: 'ask',
    model,
    isStream: body.stream ?? true,
    conversation: { tools: tools.length > 0 ? JSON.stringify(tools) : '', messages },
    tools,
    format: formatOf(body.format),
    thinks: model.isThinking && mayThink,
    outputTokensMax: limit <= 0 ? Infinity : limit,
    numCtx: body.options?.num_ctx,
    isTruncating: body.truncate ?? true,
    keepAliveMs,
  };
};

const formatOf = (format: Common['format']): TextFormat => {
  if (format === 'json') return { type: 'json_object' };
  if (typeof format === 'object' && format !== null)
    return { type: 'json_schema', name: 'format', schema: format };
  return { type: 'text' };
};

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A number is seconds; a text is a duration as Go writes it, `1h30m`. NaN for anything else. */
const durationMsOf = (value: string | number | undefined): number | undefined => {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return value * 1000;
  if (/^-?\d+$/.test(value)) return Number(value) * 1000;
  if (!/^-?(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(value)) return NaN;
  const sign = value.startsWith('-') ? -1 : 1;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
  const ms = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0),
    0,
  );
  return sign * ms;
};

const malformed = (schema: Type.TSchema, body: unknown): OllamaRefusal => {
  const [first] = Value.Errors(schema, body);
  const field = first?.instancePath.slice(1).replaceAll('/', '.');
  const where = field ? `field ${field} ` : '';
  return refusal(400, `json: cannot read the request: ${where}${first?.message ?? ''}`);
};

const refusal = (status: 400 | 404, message: string): OllamaRefusal => ({
  kind: 'refusal',
  status,
  message,
});
