/**
 * The Responses API as it stands on the wire: items, requests, the response resource.
 *
 * Field names are the wire's own, hence the underscores. Only what the proxy reads or writes is
 * typed; a client may send more, and what is not understood is kept or dropped knowingly.
 * Sources: Open Responses 2026-04-24 and the types of `openai` 7.57.
 */

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export type InputContentPart =
  | { readonly type: 'input_text'; readonly text: string }
  | { readonly type: 'output_text'; readonly text: string; readonly annotations?: unknown[] }
  | { readonly type: 'refusal'; readonly refusal: string }
  | { readonly type: 'input_image'; readonly image_url?: string; readonly detail?: string }
  | {
      readonly type: 'input_file';
      readonly filename?: string;
      readonly file_data?: string;
      readonly file_url?: string;
    };

/** A token that the model might have said, and how likely that was: the natural logarithm. */
export interface TopLogprob {
  readonly token: string;
  readonly logprob: number;
  /** In UTF-8; a token may be part of a character. */
  readonly bytes: readonly number[];
}

/** A token that the model said, and those it might have said in its place. */
export interface Logprob extends TopLogprob {
  readonly top_logprobs: readonly TopLogprob[];
}

export interface MessageItem {
  readonly type: 'message';
  readonly id?: string;
  readonly status?: ItemStatus;
  readonly role: 'user' | 'system' | 'developer' | 'assistant';
  readonly content: string | readonly InputContentPart[];
  /** Of an assistant's message: said on the way, or the answer itself. */
  readonly phase?: 'commentary' | 'final_answer';
}

export interface FunctionCallItem {
  readonly type: 'function_call';
  readonly id?: string;
  readonly status?: ItemStatus;
  readonly call_id: string;
  readonly name: string;
  /** The namespace that the client offered the function in. */
  readonly namespace?: string;
  readonly arguments: string;
}

export interface FunctionCallOutputItem {
  readonly type: 'function_call_output';
  readonly id?: string;
  readonly status?: ItemStatus;
  readonly call_id: string;
  readonly output: string | readonly InputContentPart[];
}

export interface ReasoningItem {
  readonly type: 'reasoning';
  readonly id?: string;
  readonly summary: readonly { readonly type: 'summary_text'; readonly text: string }[];
  readonly content?: readonly { readonly type: 'reasoning_text'; readonly text: string }[];
  readonly encrypted_content?: string;
}

/** A call of a tool that takes text as it is, rather than JSON. */
export interface CustomToolCallItem {
  readonly type: 'custom_tool_call';
  readonly id?: string;
  readonly status?: ItemStatus;
  readonly call_id: string;
  readonly name: string;
  readonly namespace?: string;
  readonly input: string;
}

export interface CustomToolCallOutputItem {
  readonly type: 'custom_tool_call_output';
  readonly id?: string;
  readonly status?: ItemStatus;
  readonly call_id: string;
  readonly output: string | readonly InputContentPart[];
}

/** Stands for what was said before it, in words that only the server that made it can read. */
export interface CompactionItem {
  readonly type: 'compaction';
  readonly id?: string;
  readonly encrypted_content: string;
}

/** The items that every model is shown. */
export type PromptItem = MessageItem | FunctionCallItem | FunctionCallOutputItem | ReasoningItem;

/** Any item a conversation is made of, once references are resolved and shorthand is spelt out. */
export type Item = PromptItem | CustomToolCallItem | CustomToolCallOutputItem | CompactionItem;

export interface FunctionTool {
  readonly type: 'function';
  readonly name: string;
  readonly description?: string | null;
  readonly parameters?: Readonly<Record<string, unknown>> | null;
  readonly strict?: boolean | null;
}

/** A tool that is given text as it is; a grammar in `format` is shown, not enforced. */
export interface CustomTool {
  readonly type: 'custom';
  readonly name: string;
  readonly description?: string | null;
  readonly format?: Readonly<Record<string, unknown>>;
}

/** Tools that share a first name. */
export interface NamespaceTool {
  readonly type: 'namespace';
  readonly name: string;
  readonly description: string;
  readonly tools: readonly (FunctionTool | CustomTool)[];
}

export type Tool = FunctionTool | CustomTool | NamespaceTool;

/** A tool by the name its client gave it. */
export interface ToolName {
  readonly type: 'function' | 'custom';
  readonly name: string;
}

/** Which of the functions a model may or must call. */
export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { readonly type: 'function'; readonly name: string }
  | {
      readonly type: 'allowed_tools';
      readonly mode?: 'auto' | 'required';
      readonly tools: readonly { readonly type: 'function'; readonly name: string }[];
    };

/** The same, of tools of any kind that a client may offer. An echo always has a mode. */
export type ClientToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | ToolName
  | {
      readonly type: 'allowed_tools';
      readonly mode?: 'auto' | 'required';
      readonly tools: readonly ToolName[];
    };

export type TextFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict?: boolean | null;
      readonly description?: string;
    };

/** How much is said. */
export type Verbosity = 'low' | 'medium' | 'high';

export interface WireUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: {
    readonly cached_tokens: number;
    readonly cache_write_tokens?: number;
  };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

export type ResponseStatus =
  | 'queued'
  | 'in_progress'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'incomplete';

/** The response resource; all of these fields are required by the Open Responses schema. */
export interface ResponseResource {
  readonly id: string;
  readonly object: 'response';
  /** Of no meaning here; clients of OpenAI's newest types expect it to be there. */
  readonly access_programs?: null;
  readonly created_at: number;
  readonly completed_at: number | null;
  readonly status: ResponseStatus;
  readonly incomplete_details: { readonly reason: string } | null;
  readonly model: string;
  readonly previous_response_id: string | null;
  /** Of a response that went on with a conversation. */
  readonly conversation?: { readonly id: string };
  readonly instructions: string | null;
  readonly output: readonly Item[];
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly tools: readonly Tool[];
  readonly tool_choice: ClientToolChoice;
  readonly truncation: 'auto' | 'disabled';
  readonly parallel_tool_calls: boolean;
  readonly text: { readonly format: TextFormat; readonly verbosity?: Verbosity };
  readonly top_p: number;
  readonly presence_penalty: number;
  readonly frequency_penalty: number;
  readonly top_logprobs: number;
  readonly temperature: number;
  readonly reasoning: { readonly effort: string | null; readonly summary: string | null } | null;
  readonly usage: WireUsage | null;
  readonly max_output_tokens: number | null;
  readonly max_tool_calls: number | null;
  readonly store: boolean;
  readonly background: boolean;
  readonly service_tier: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly safety_identifier: string | null;
  readonly prompt_cache_key: string | null;
}

/** One event of a response stream: its `type`, its `sequence_number`, and what the type adds. */
export interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [field: string]: unknown;
}
