/**
 * The Open Responses schema of 2026-04-24, written down by hand: what a response and the events of
 * its stream must have. More than this may be there; less, or other types, may not.
 *
 * Source: the OpenAPI document of github.com/openresponses/openresponses.
 */

import Type, { type TSchema } from 'typebox';
import Value from 'typebox/value';

const text = Type.String();
const integer = Type.Integer();
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const words = (...all: readonly string[]) => Type.Union(all.map((word) => Type.Literal(word)));
const is = (word: string) => Type.Literal(word);

const itemStatus = words('in_progress', 'completed', 'incomplete');
const outputText = Type.Object({
  type: is('output_text'),
  text,
  annotations: Type.Array(Type.Unknown()),
  logprobs: Type.Optional(Type.Array(Type.Unknown())),
});
const refusal = Type.Object({ type: is('refusal'), refusal: text });
const summaryText = Type.Object({ type: is('summary_text'), text });
const reasoningText = Type.Object({ type: is('reasoning_text'), text });
const part = Type.Union([outputText, refusal, summaryText, reasoningText]);

const message = Type.Object({
  type: is('message'),
  id: text,
  status: itemStatus,
  role: words('user', 'assistant', 'system', 'developer'),
  content: Type.Array(Type.Union([outputText, refusal])),
  phase: Type.Optional(words('commentary', 'final_answer')),
});
const functionCall = Type.Object({
  type: is('function_call'),
  id: text,
  call_id: text,
  name: text,
  arguments: text,
  status: itemStatus,
});
const reasoning = Type.Object({
  type: is('reasoning'),
  id: text,
  summary: Type.Array(summaryText),
  content: Type.Optional(Type.Array(reasoningText)),
  encrypted_content: Type.Optional(text),
});
const compaction = Type.Object({ type: is('compaction'), id: text, encrypted_content: text });
const item = Type.Union([message, functionCall, reasoning, compaction]);

const functionTool = Type.Object({
  type: is('function'),
  name: text,
  description: nullable(text),
  parameters: nullable(Type.Object({})),
  strict: nullable(Type.Boolean()),
});
const named = Type.Object({ type: is('function'), name: text });
const toolChoice = Type.Union([
  words('auto', 'none', 'required'),
  named,
  Type.Object({
    type: is('allowed_tools'),
    tools: Type.Array(named),
    mode: words('auto', 'required'),
  }),
]);
const format = Type.Union([
  Type.Object({ type: is('text') }),
  Type.Object({ type: is('json_object') }),
  Type.Object({
    type: is('json_schema'),
    name: text,
    schema: Type.Object({}),
    strict: nullable(Type.Boolean()),
  }),
]);
const usage = Type.Object({
  input_tokens: integer,
  input_tokens_details: Type.Object({ cached_tokens: integer }),
  output_tokens: integer,
  output_tokens_details: Type.Object({ reasoning_tokens: integer }),
  total_tokens: integer,
});

/** The response resource: all of these are required. */
export const responseSchema = Type.Object({
  id: text,
  object: is('response'),
  created_at: integer,
  completed_at: nullable(integer),
  status: words('queued', 'in_progress', 'completed', 'failed', 'cancelled', 'incomplete'),
  incomplete_details: nullable(Type.Object({ reason: text })),
  model: text,
  previous_response_id: nullable(text),
  instructions: nullable(text),
  output: Type.Array(item),
  error: nullable(Type.Object({ code: text, message: text })),
  tools: Type.Array(functionTool),
  tool_choice: toolChoice,
  truncation: words('auto', 'disabled'),
  parallel_tool_calls: Type.Boolean(),
  text: Type.Object({ format, verbosity: Type.Optional(words('low', 'medium', 'high')) }),
  top_p: Type.Number(),
  presence_penalty: Type.Number(),
  frequency_penalty: Type.Number(),
  top_logprobs: integer,
  temperature: Type.Number(),
  reasoning: nullable(
    Type.Object({
      effort: nullable(words('none', 'low', 'medium', 'high', 'xhigh')),
      summary: nullable(words('auto', 'concise', 'detailed')),
    }),
  ),
  usage: nullable(usage),
  max_output_tokens: nullable(integer),
  max_tool_calls: nullable(integer),
  store: Type.Boolean(),
  background: Type.Boolean(),
  service_tier: text,
  metadata: Type.Object({}),
  safety_identifier: nullable(text),
  prompt_cache_key: nullable(text),
});

/** What `POST /responses/compact` answers with. */
export const compactionSchema = Type.Object({
  id: text,
  object: is('response.compaction'),
  created_at: integer,
  output: Type.Array(Type.Union([Type.Object({ type: is('message'), id: text }), compaction])),
  usage,
});

const lifecycle = { response: responseSchema };
const place = { item_id: text, output_index: integer };
const content = { ...place, content_index: integer };
const summary = { ...place, summary_index: integer };
const logprobs = Type.Array(Type.Unknown());
const told = { type: text, code: nullable(text), message: text, param: nullable(text) };

/** What each type of event has besides its `type` and `sequence_number`. */
const fieldsOf: Readonly<Record<string, Readonly<Record<string, TSchema>>>> = {
  'response.created': lifecycle,
  'response.queued': lifecycle,
  'response.in_progress': lifecycle,
  'response.completed': lifecycle,
  'response.failed': lifecycle,
  'response.incomplete': lifecycle,
  'response.output_item.added': { output_index: integer, item },
  'response.output_item.done': { output_index: integer, item },
  'response.content_part.added': { ...content, part },
  'response.content_part.done': { ...content, part },
  'response.output_text.delta': { ...content, delta: text, logprobs },
  'response.output_text.done': { ...content, text, logprobs },
  'response.refusal.delta': { ...content, delta: text },
  'response.refusal.done': { ...content, refusal: text },
  'response.reasoning_summary_part.added': { ...summary, part: summaryText },
  'response.reasoning_summary_part.done': { ...summary, part: summaryText },
  'response.reasoning_summary_text.delta': { ...summary, delta: text },
  'response.reasoning_summary_text.done': { ...summary, text },
  'response.function_call_arguments.delta': { ...place, delta: text },
  'response.function_call_arguments.done': { ...place, arguments: text },
  error: { error: Type.Object(told) },
};

/** Everything in which a value departs from a schema, in words. */
export const departures = (schema: TSchema, value: unknown): readonly string[] =>
  [...Value.Errors(schema, value)].map(
    ({ instancePath, message }) => `${instancePath}: ${message}`,
  );

/** Everything in which an event departs from the schema of its type. */
export const eventDepartures = (event: Readonly<Record<string, unknown>>): readonly string[] => {
  const type = String(event['type']);
  const fields = fieldsOf[type];
  if (!fields) return [`no such type of event: ${type}`];
  const schema = Type.Object({ type: is(type), sequence_number: integer, ...fields });
  return departures(schema, event).map((departure) => `${type} ${departure}`);
};
