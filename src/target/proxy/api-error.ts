/**
 * What a client is told when its request is refused: OpenAI's envelope, and OpenAI's wording where
 * clients match on it.
 */

import { isIntricate, levelsMax, valuesMax } from './json.ts';
import type { KeyRefusal } from './key-limit.ts';

/** What a client sent is quoted back to it, and may be megabytes. */
const messageCharsMax = 4000;
const paramCharsMax = 200;

/** A refusal with an HTTP status, thrown by the heart and worded for the client. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
  /** When it makes sense to ask again. */
  readonly retryAfterMs: number | undefined;
  /** Asking again is of no use; official clients would. */
  readonly isFinal: boolean;
  /** Headers of its own, such as what is left of a limit. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(told: {
    readonly status: number;
    readonly message: string;
    readonly type?: string;
    readonly code?: string | null;
    readonly param?: string | null;
    readonly retryAfterMs?: number | undefined;
    readonly isFinal?: boolean;
    readonly headers?: Readonly<Record<string, string>>;
    /** What lies behind it, for the operator alone. */
    readonly cause?: unknown;
  }) {
    super(shortened(told.message, messageCharsMax), { cause: told.cause });
    this.status = told.status;
    this.type = told.type ?? (told.status >= 500 ? 'server_error' : 'invalid_request_error');
    this.code = told.code ?? null;
    this.param = typeof told.param === 'string' ? shortened(told.param, paramCharsMax) : null;
    this.retryAfterMs = told.retryAfterMs;
    this.isFinal = told.isFinal ?? false;
    this.headers = told.headers ?? {};
  }
}

/** The error object as it stands in every body and in the nested form of a stream's error event. */
export interface WireError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

/** The error without its envelope. */
export const wireError = ({ message, type, param, code }: ApiError): WireError => ({
  message,
  type,
  param,
  code,
});

/** The whole JSON body of an error response. */
export const errorBody = (error: ApiError): string => JSON.stringify({ error: wireError(error) });

/** The headers that go with an error: `retry-after` counts whole seconds, rounded up. */
export const errorHeaders = (error: ApiError): Readonly<Record<string, string>> => ({
  'content-type': 'application/json; charset=utf-8',
  ...(error.retryAfterMs === undefined
    ? {}
    : {
        'retry-after': String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))),
        'retry-after-ms': String(Math.max(1, Math.ceil(error.retryAfterMs))),
      }),
  ...(error.isFinal ? { 'x-should-retry': 'false' } : {}),
  ...error.headers,
});

/** A parameter that cannot be used as sent. */
export const badRequest = (message: string, param: string, code: string): ApiError =>
  new ApiError({ status: 400, message, param, code });

/** Text that is no JSON, or more than is read as such; `what` says which text. */
export const notJson = (what: string, text = ''): ApiError =>
  new ApiError({
    status: 400,
    message: isIntricate(text)
      ? `The JSON ${what} is too intricate: expected at most ${levelsMax} levels and ` +
        `${valuesMax} values.`
      : `We could not parse the JSON ${what}. Expected a JSON object.`,
  });

export const missingParameter = (param: string): ApiError =>
  badRequest(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');

export const wrongType = (param: string, expected: string, found: unknown): ApiError =>
  badRequest(
    `Invalid type for '${param}': expected ${expected}, but got ${kindOf(found)} instead.`,
    param,
    'invalid_type',
  );

export const wrongValue = (param: string, found: unknown, allowed: readonly string[]): ApiError =>
  badRequest(
    `Invalid value: ${quoted(found)}. Supported values are: ${listed(allowed.map(quoted))}.`,
    param,
    'invalid_value',
  );

/** OpenAI's words for a bound that was not kept, and the code that goes with them. */
const boundCodes = {
  'integer below minimum value': 'integer_below_min_value',
  'integer above maximum value': 'integer_above_max_value',
  'decimal below minimum value': 'decimal_below_min_value',
  'decimal above maximum value': 'decimal_above_max_value',
  'string too long': 'string_above_max_length',
  'array too long': 'array_above_max_length',
  'too many properties': 'object_above_max_properties',
} as const;

/** A value beyond its bounds. */
export const outOfBounds = (
  param: string,
  bound: keyof typeof boundCodes,
  expected: string,
  found: string,
): ApiError =>
  badRequest(
    `Invalid '${param}': ${bound}. Expected ${expected}, but got ${found} instead.`,
    param,
    boundCodes[bound],
  );

export const unsupported = (param: string, advice: string): ApiError =>
  badRequest(
    `Unsupported parameter: '${param}' is not supported here. ${advice}`,
    param,
    'unsupported_parameter',
  );

export const modelNotFound = (model: string): ApiError =>
  badRequest(`The model '${model}' does not exist.`, 'model', 'model_not_found');

export const previousResponseNotFound = (id: string): ApiError =>
  badRequest(
    `Previous response with id '${id}' not found.`,
    'previous_response_id',
    'previous_response_not_found',
  );

/** Clients ask again after a conflict, and by then it may have ended. */
export const previousResponseUnfinished = (id: string): ApiError =>
  new ApiError({
    status: 409,
    message: `Previous response with id '${id}' has not finished yet. Try again when it has.`,
    param: 'previous_response_id',
    retryAfterMs: 2000,
  });

export const orphanToolOutput = (callId: string): ApiError =>
  new ApiError({
    status: 400,
    message: `No tool call found for function call output with call_id ${callId}.`,
    param: 'input',
  });

export const missingToolOutput = (callId: string): ApiError =>
  new ApiError({
    status: 400,
    message: `No tool output found for function call ${callId}.`,
    param: 'input',
  });

export const itemNotFound = (id: string): ApiError =>
  new ApiError({
    status: 400,
    message:
      `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. ` +
      'Try again with `store` set to true, or remove this item from your input.',
    param: 'input',
  });

/** An item may stand in a conversation only once. */
export const duplicateItem = (id: string, param: string): ApiError =>
  badRequest(
    `Duplicate item found with id '${id}'. Remove duplicate items from your input and try again.`,
    param,
    'duplicate_item',
  );

/** A response that was made in a conversation can only be gone on with there. */
export const belongsToConversation = (id: string, conversationId: string): ApiError =>
  badRequest(
    `Previous response with id '${id}' belongs to the conversation '${conversationId}'. ` +
      "Use 'conversation' instead.",
    'previous_response_id',
    'invalid_value',
  );

export const responseNotFound = (id: string): ApiError =>
  new ApiError({ status: 404, message: `Response with id '${id}' not found.` });

/** No local backend can answer, and the request may not leave. */
export const localOnlyUnavailable = (
  causes: string,
  retryAfterMs: number,
  isFinal: boolean,
): ApiError =>
  new ApiError({
    isFinal,
    status: 503,
    code: 'local_only_unavailable',
    message: `This request is local-only and no local backend can serve it: ${causes}.`,
    retryAfterMs,
  });

/** Every backend was tried or passed over; `causes` names each with its reason. */
export const backendsUnavailable = (
  causes: string,
  retryAfterMs: number,
  isFinal: boolean,
): ApiError =>
  new ApiError({
    isFinal,
    status: 503,
    code: 'backends_unavailable',
    message: `No backend can serve this request: ${causes}.`,
    retryAfterMs,
  });

/** Our own machine has run out of what a connection takes; the backends may be well. */
export const proxyExhausted = (causes: string): ApiError =>
  new ApiError({
    status: 503,
    code: 'proxy_exhausted',
    message: `The proxy cannot reach its backends, by its own fault: ${causes}.`,
    retryAfterMs: 1000,
  });

/** The state takes nothing, as on a full disk; `what` was to be kept, and is not. */
export const notStored = (what: 'response' | 'conversation', cause?: unknown): ApiError =>
  new ApiError({
    status: 503,
    code: 'server_error',
    message: `The ${what} could not be stored: the proxy cannot write its state at the moment.`,
    cause,
    retryAfterMs: 5000,
  });

/** The failure is ours: something broke, or a bound of our own was met. */
export const serverError = (message: string): ApiError =>
  new ApiError({ status: 500, code: 'server_error', message });

/** The proxy ends; another one, or the same one restarted, may answer. */
export const shuttingDown = (): ApiError =>
  new ApiError({
    status: 503,
    code: 'server_error',
    message: 'The proxy is shutting down. Try again in a moment.',
    retryAfterMs: 1000,
  });

/** The conversation is longer than the window of every model that may be asked. */
export const contextExceeded = (tokens: number): ApiError =>
  badRequest(
    'Your input exceeds the context window of this model. ' +
      `It has about ${tokens} tokens. Please adjust your input and try again.`,
    'input',
    'context_length_exceeded',
  );

/** Every backend that may be asked has used up its quota; Infinity when it would never fit. */
export const quotasExhausted = (waitMs: number): ApiError =>
  Number.isFinite(waitMs)
    ? new ApiError({
        status: 429,
        type: 'requests',
        code: 'rate_limit_exceeded',
        message: `The backends have used up their quota for the moment. ${tryAgain(waitMs)}`,
        retryAfterMs: waitMs,
      })
    : new ApiError({
        status: 429,
        type: 'tokens',
        code: 'rate_limit_exceeded',
        message: 'The request is larger than a whole minute of quota of every backend.',
        isFinal: true,
      });

/** A limit of the caller's own key. */
export const rateLimited = (
  { kind, limit, used, asked, retryAfterMs }: KeyRefusal,
  headers: Readonly<Record<string, string>>,
): ApiError => {
  const isFinal = retryAfterMs === Number.POSITIVE_INFINITY;
  // Nobody knows when a running request will end; clients wait a second, and then longer.
  const waitMs = retryAfterMs ?? 1000;
  const names = {
    requests: 'requests per min (RPM)',
    tokens: 'tokens per min (TPM)',
    concurrent: 'concurrent requests',
  };
  const said = isFinal
    ? `Request too large on ${names[kind]}: Limit ${limit}, Requested ${asked}.`
    : `Rate limit reached on ${names[kind]}: ` +
      `Limit ${limit}, Used ${Math.ceil(used)}, Requested ${asked}. ${tryAgain(waitMs)}`;
  return new ApiError({
    status: 429,
    type: kind === 'tokens' ? 'tokens' : 'requests',
    code: 'rate_limit_exceeded',
    message: said,
    ...(isFinal ? { isFinal } : { retryAfterMs: waitMs }),
    headers,
  });
};

/** The key has spent its cloud money of the month, and nothing at home serves the model. */
export const insufficientQuota = (): ApiError =>
  new ApiError({
    status: 429,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    message: 'You exceeded your current quota: the budget of this key for the month is spent.',
    isFinal: true,
  });

/** In OpenAI's words, which agents read where they see no headers. */
const tryAgain = (ms: number): string =>
  `Please try again in ${ms < 1000 ? `${Math.ceil(ms)}ms` : `${Math.ceil(ms) / 1000}s`}.`;

const shortened = (text: string, charsMax: number): string =>
  text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;

/** `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`. */
const listed = (values: readonly string[]): string =>
  values.length < 3
    ? values.join(' and ')
    : `${values.slice(0, -1).join(', ')}, and ${values.at(-1)}`;

const quoted = (value: unknown): string =>
  typeof value === 'string' ? `'${value}'` : JSON.stringify(value);

const kindOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
};
