/**
 * Ollama's own wire: `/api/chat` and the questions one asks a box about itself.
 *
 * An answer streams as NDJSON: thinking first, then text, tool calls whole, and one last object
 * with `done: true` that carries the timings. Durations are nanoseconds, and a field whose value is
 * zero is left out. Source: github.com/ollama/ollama, api/types.go, v0.33.
 */

export interface OllamaToolCall {
  readonly id?: string;
  /** `arguments` is an object here, not the JSON text that OpenAI's wires have. */
  readonly function: {
    readonly index?: number;
    readonly name: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  };
}

export interface OllamaMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly thinking?: string;
  /** Base64. */
  readonly images?: readonly string[];
  readonly tool_calls?: readonly OllamaToolCall[];
  readonly tool_name?: string;
  readonly tool_call_id?: string;
}

export interface OllamaTool {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters?: Readonly<Record<string, unknown>>;
  };
}

interface OllamaOptions {
  /** Output limit in tokens, thinking included; negative is none. */
  readonly num_predict?: number;
  /** Context window in tokens; a change reloads the model. */
  readonly num_ctx?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
}

export type OllamaThink = boolean | 'low' | 'medium' | 'high' | 'max';

export interface OllamaChatRequest {
  readonly model: string;
  readonly messages: readonly OllamaMessage[];
  readonly tools?: readonly OllamaTool[];
  /** `json`, or a JSON Schema. */
  readonly format?: 'json' | Readonly<Record<string, unknown>>;
  readonly think?: OllamaThink;
  /** True unless it says otherwise. */
  readonly stream?: boolean;
  /** `5m`, or seconds; negative is for ever, 0 unloads at once. */
  readonly keep_alive?: string | number;
  readonly options?: OllamaOptions;
  /** Unless false, the front of a prompt that does not fit is dropped without a word. */
  readonly truncate?: boolean;
  readonly logprobs?: boolean;
  /** How many other tokens are told in each place. */
  readonly top_logprobs?: number;
}

export interface OllamaTimings {
  readonly total_duration?: number;
  readonly load_duration?: number;
  readonly prompt_eval_count?: number;
  readonly prompt_eval_duration?: number;
  readonly eval_count?: number;
  readonly eval_duration?: number;
}

/** One line of an answer, or the whole of it when it is not streamed. */
export interface OllamaChatChunk extends OllamaTimings {
  readonly model: string;
  /** ISO instant. */
  readonly created_at: string;
  readonly message: {
    readonly role: 'assistant';
    readonly content: string;
    readonly thinking?: string;
    readonly tool_calls?: readonly OllamaToolCall[];
  };
  readonly done: boolean;
  readonly done_reason?: 'stop' | 'length' | 'load' | 'unload';
}

export interface OllamaModelDetails {
  readonly parent_model: string;
  readonly format: string;
  readonly family: string;
  readonly families: readonly string[];
  readonly parameter_size: string;
  readonly quantization_level: string;
}

export type OllamaCapability = 'completion' | 'tools' | 'thinking' | 'vision' | 'embedding';

/** One model that the box has, from `/api/tags`. */
export interface OllamaTag {
  readonly name: string;
  readonly model: string;
  readonly modified_at: string;
  readonly size: number;
  readonly digest: string;
  readonly details: OllamaModelDetails;
  readonly capabilities?: readonly OllamaCapability[];
}

/** One model in memory, from `/api/ps`; `size_vram` below `size` means part of it is on the CPU. */
export interface OllamaLoaded {
  readonly name: string;
  readonly model: string;
  readonly size: number;
  readonly digest: string;
  readonly details: OllamaModelDetails;
  readonly expires_at: string;
  readonly size_vram: number;
  /** The window it was loaded with. */
  readonly context_length: number;
}

/**
 * What Ollama says when it refuses, word for word, because clients match on it. The body of an
 * error, and the last line of a stream that fails after its 200, is `{"error": "…"}`.
 */
export const ollamaMessage = {
  alive: 'Ollama is running',
  outOfMemory: 'CUDA error: out of memory',
  busy: 'server busy, please try again.  maximum pending requests exceeded',
  inputTooLong: 'the input length exceeds the context length',
  modelNotFound: (model: string): string => `model "${model}" not found, try pulling it first`,
  lacksTools: (model: string): string =>
    `registry.ollama.ai/library/${model} does not support tools`,
  lacksThinking: (model: string): string => `"${model}" does not support thinking`,
} as const;
