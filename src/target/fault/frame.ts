/**
 * The frames of a streamed answer, and what they say: lines of JSON, or server-sent events.
 *
 * A fault that spoils, leaves out or repeats a frame has to know which one it has before it. The
 * dialects differ in how they end and how they fail; both are written here, as real servers do it.
 */

/** How a backend talks: Ollama's lines, chat completions, or Responses. */
export type Dialect = 'ollama' | 'chat' | 'responses';

/** One frame, with the bytes that end it. */
export interface Frame {
  readonly bytes: Buffer;
  readonly isToken: boolean;
}

/** The dialect of an answer, from the first line of its request. */
export const dialectOf = (requestLine: string, fallback: Dialect): Dialect => {
  const path = requestLine.split(' ')[1]?.split('?')[0] ?? '';
  if (path.endsWith('/chat/completions')) return 'chat';
  if (path.endsWith('/responses')) return 'responses';
  return fallback;
};

/** The content type of a streamed answer. */
export const contentTypeOf = (dialect: Dialect): string =>
  dialect === 'ollama' ? 'application/x-ndjson' : 'text/event-stream';

/** What keeps a line alive and says nothing. */
export const commentIn = (dialect: Dialect): string =>
  dialect === 'ollama' ? '\n' : ': keep-alive\n\n';

/** A longer frame is passed on in parts, unread. */
const frameBytesMax = 1 << 20;

/** Cuts the payload of an answer into frames, however it arrives. */
export class FrameCutter {
  #held: Buffer = Buffer.alloc(0);

  /** The frames these bytes complete; with `isToken`, the last of them carries a token. */
  push(payload: Buffer, isToken: boolean): readonly Frame[] {
    const all = this.#held.length === 0 ? payload : Buffer.concat([this.#held, payload]);
    const frames: Buffer[] = [];
    let from = 0;
    for (let end = endOfFrame(all, from); end > 0; end = endOfFrame(all, from)) {
      frames.push(all.subarray(from, end));
      from = end;
    }
    this.#held = all.subarray(from);
    if (this.#held.length > frameBytesMax) frames.push(...this.flush().map(({ bytes }) => bytes));
    return frames.map((bytes, at) => ({ bytes, isToken: isToken && at === frames.length - 1 }));
  }

  /** What was left when the answer ended. */
  flush(): readonly Frame[] {
    const bytes = this.#held;
    this.#held = Buffer.alloc(0);
    return bytes.length === 0 ? [] : [{ bytes, isToken: false }];
  }
}

/** Just after the end of the frame that begins at `from`; 0 while it is not whole. */
const endOfFrame = (bytes: Buffer, from: number): number => {
  // A line that opens an object is Ollama's; anything else is an event, up to its blank line.
  if (bytes[from] === 0x7b) return bytes.indexOf(0x0a, from) + 1;
  const ends = ['\n\n', '\r\n\r\n'].flatMap((blank) => {
    const at = bytes.indexOf(blank, from);
    return at < 0 ? [] : [at + blank.length];
  });
  return ends.length === 0 ? 0 : Math.min(...ends);
};

/** Whether a frame is the mark behind the terminal event. */
export const isDone = ({ bytes }: Frame): boolean => dataOf(bytes.toString()) === '[DONE]';

/** Whether a frame says that the answer is whole, or over. */
export const isTerminal = (frame: Frame): boolean => {
  if (isDone(frame)) return true;
  const data = dataOf(frame.bytes.toString());
  const told = fieldsOf(data);
  if (told['done'] === true) return true;
  if (/^response\.(?:completed|incomplete|failed)$/.test(String(told['type']))) return true;
  return typeof fieldsAt(told['choices'], 0)['finish_reason'] === 'string';
};

/** Whether a frame carries a piece of a tool call. */
export const isToolCall = ({ bytes }: Frame): boolean => {
  const told = fieldsOf(dataOf(bytes.toString()));
  if (told['type'] === 'response.function_call_arguments.delta') return true;
  const pieces = [fieldsAt(told['choices'], 0)['delta'], told['message']].map(
    (it) => asFields(it)['tool_calls'],
  );
  return pieces.some((it) => Array.isArray(it) && it.length > 0);
};

/** The frame with its JSON changed; undefined where it holds none, or the change leaves it be. */
export const withFields = (
  { bytes }: Frame,
  change: (fields: Fields) => Fields | undefined,
): Buffer | undefined => {
  const text = bytes.toString();
  const told = fieldsOf(dataOf(text));
  const changed = Object.keys(told).length === 0 ? undefined : change(told);
  if (!changed) return undefined;
  const json = JSON.stringify(changed);
  if (text.startsWith('{')) return Buffer.from(`${json}\n`);
  const kept = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('data:'));
  return Buffer.from(`${[...kept, `data: ${json}`].join('\n')}\n\n`);
};

/** What a frame says, as an object; an empty one where it is no JSON. */
export const fieldsIn = ({ bytes }: Frame): Fields => fieldsOf(dataOf(bytes.toString()));

/** The JSON of a frame: the line itself, or the data of the event. */
const dataOf = (text: string): string =>
  text.startsWith('{')
    ? text.trim()
    : text
        .split(/\r?\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trimStart())
        .join('\n');

/** An object of a frame's JSON. */
export type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (text: string): Fields => {
  try {
    return asFields(JSON.parse(text));
  } catch {
    return {};
  }
};

const fieldsAt = (list: unknown, at: number): Fields =>
  asFields(Array.isArray(list) ? list[at] : undefined);

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** A value as an object; an empty one where it is none. */
export const asFields = (value: unknown): Fields => (isFields(value) ? value : {});

/** Writes a chunk of a chat stream. */
const data = (chunk: object): string => `data: ${JSON.stringify(chunk)}\n\n`;

/** Writes the event of a Responses stream. */
const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

const response = (status: string, more: object = {}): object => ({
  response: { id: 'resp_injected', object: 'response', status, output: [], ...more },
});

/** What comes before anything is said: Ollama has nothing of the kind. */
export const preambleIn = (dialect: Dialect): string => {
  switch (dialect) {
    case 'ollama':
      return '';
    case 'chat':
      return data({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] });
    case 'responses':
      return (
        event('response.created', { sequence_number: 0, ...response('in_progress') }) +
        event('response.in_progress', { sequence_number: 1, ...response('in_progress') })
      );
  }
};

/** The ways to fail inside a 200: which of the two events comes first, or one of them alone. */
export const failureForms = ['failed-first', 'error-first', 'error-only'] as const;

/** A failure inside a 200: for Responses as Azure and OpenAI tell it. */
export const failureIn = (dialect: Dialect, form: string, status: number): string => {
  const code = status === 429 ? 'rate_limit_exceeded' : 'server_error';
  const message = status === 429 ? 'Rate limit exceeded.' : 'The server had an error.';
  if (dialect === 'ollama') return `${JSON.stringify({ error: message })}\n`;
  if (dialect === 'chat') return data({ error: { message, type: code, code } });
  const error = event('error', { code, message, param: null });
  if (form === 'error-only') return error;
  if (form === 'error-first')
    return error + event('response.failed', response('failed', { error: { code, message } }));
  return event('response.failed', response('failed', { error: null })) + error;
};

/** A whole answer that says nothing. */
export const emptyIn = (dialect: Dialect): string =>
  (dialect === 'responses' ? preambleIn(dialect) : '') + conclusionIn(dialect, 'stop');

/** The ways to end without having said all: the limit, a filter, or that the model will not. */
export const conclusionForms = ['length', 'content-filter', 'refusal'] as const;

/** What a model that refuses says. */
export const refusalText = 'I cannot help with that.';

/** How an answer ends that ends by its own choice. Ollama knows no filter, and has no refusals. */
export const conclusionIn = (dialect: Dialect, form: string): string => {
  const said = form === 'refusal' ? refusalIn(dialect) : '';
  const isCut = form === 'length' || form === 'content-filter';
  switch (dialect) {
    case 'ollama': {
      const counts = form === 'stop' ? { prompt_eval_count: 0, eval_count: 0 } : {};
      const done_reason = isCut ? 'length' : 'stop';
      return said + line({ ...silence, done: true, done_reason, ...counts });
    }
    case 'chat': {
      const finish_reason = isCut ? form.replace('-', '_') : 'stop';
      return `${said}${data({ choices: [{ index: 0, delta: {}, finish_reason }] })}data: [DONE]\n\n`;
    }
    case 'responses': {
      const reason = form === 'length' ? 'max_output_tokens' : 'content_filter';
      return isCut
        ? event('response.incomplete', response('incomplete', { incomplete_details: { reason } }))
        : said + event('response.completed', response('completed'));
    }
  }
};

const refusalIn = (dialect: Dialect): string => {
  const place = { item_id: 'msg_injected', output_index: 0, content_index: 0 };
  switch (dialect) {
    case 'ollama':
      return line({ message: { role: 'assistant', content: refusalText }, done: false });
    case 'chat':
      return data({ choices: [{ index: 0, delta: { refusal: refusalText } }] });
    case 'responses':
      return (
        event('response.refusal.delta', { ...place, delta: refusalText }) +
        event('response.refusal.done', { ...place, refusal: refusalText })
      );
  }
};

/** Writes a line of Ollama's. */
const line = (chunk: object): string => `${JSON.stringify(chunk)}\n`;

const silence = { message: { role: 'assistant', content: '' } };

/** A frame that says nothing, as long as is wished. */
export const silentFrameIn = (dialect: Dialect, bytes = 0): string => {
  const padding = bytes === 0 ? {} : { padding: 'x'.repeat(bytes) };
  switch (dialect) {
    case 'ollama':
      return line({ ...silence, done: false, ...padding });
    case 'chat':
      return data({ choices: [{ index: 0, delta: { content: '' } }], ...padding });
    case 'responses':
      return event('response.output_text.delta', {
        item_id: 'msg_injected',
        output_index: 0,
        content_index: 0,
        delta: '',
        ...padding,
      });
  }
};
