/**
 * Rejections as real servers word them, by name: what stands between us and an answer, and how it
 * says no.
 *
 * Texts and headers are those of Ollama's and Azure OpenAI's own sources and issue trackers.
 */

export interface Rejection {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** OpenAI's envelope. */
const told = (code: string, message: string, type = 'invalid_request_error'): string =>
  JSON.stringify({ error: { message, type, param: null, code } });

const ollama = (error: string): string => JSON.stringify({ error });

const rateLimit = told('429', 'Requests have exceeded the token rate limit.', 'too_many_requests');

export const rejections: Readonly<Record<string, Rejection>> = {
  'azure-429': {
    status: 429,
    headers: { 'retry-after': '2', 'retry-after-ms': '2000' },
    body: rateLimit,
  },
  // Azure's Responses endpoint has been seen without any, and with counters below zero.
  'azure-429-no-headers': { status: 429, headers: {}, body: rateLimit },
  'azure-429-negative': {
    status: 429,
    headers: { 'x-ratelimit-remaining-requests': '-1', 'x-ratelimit-remaining-tokens': '-1' },
    body: rateLimit,
  },
  'retry-after-hour': { status: 429, headers: { 'retry-after': '3600' }, body: rateLimit },
  'retry-after-negative': { status: 429, headers: { 'retry-after': '-5' }, body: rateLimit },
  'retry-after-garbled': { status: 429, headers: { 'retry-after': 'abc' }, body: rateLimit },
  'retry-after-date': {
    status: 429,
    headers: { 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' },
    body: rateLimit,
  },
  'ollama-503': {
    status: 503,
    headers: {},
    body: ollama('server busy, please try again.  maximum pending requests exceeded'),
  },
  'ollama-oom': { status: 500, headers: {}, body: ollama('CUDA error: out of memory') },
  'ollama-runner-stopped': {
    status: 500,
    headers: {},
    body: ollama(
      'model runner has unexpectedly stopped, this may be due to resource limitations or an ' +
        'internal error, check ollama server logs for details',
    ),
  },
  'not-found': {
    status: 404,
    headers: {},
    body: ollama("model 'gpt-oss:120b' not found, try pulling it first"),
  },
  unauthorized: {
    status: 401,
    headers: {},
    body: told('401', 'Access denied due to invalid subscription key or wrong API endpoint.'),
  },
  forbidden: { status: 403, headers: {}, body: told('403', 'Public access is disabled.') },
  'context-length': {
    status: 400,
    headers: {},
    body: told(
      'context_length_exceeded',
      'Your input exceeds the context window of this model. Please adjust your input.',
    ),
  },
  'content-filter': {
    status: 400,
    headers: {},
    body: told(
      'content_filter',
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
    ),
  },
  // What a reverse proxy says when nothing listens behind it.
  'bad-gateway': { status: 502, headers: {}, body: '' },
  'gateway-timeout': {
    status: 504,
    headers: { 'content-type': 'text/html' },
    body: '<html><body><h1>504 Gateway Time-out</h1></body></html>',
  },
  'request-timeout': { status: 408, headers: {}, body: '' },
  'too-large': { status: 413, headers: {}, body: told('413', 'Request body too large.') },
  overloaded: { status: 529, headers: {}, body: told('overloaded_error', 'Overloaded') },
  teapot: { status: 418, headers: {}, body: '' },
};
