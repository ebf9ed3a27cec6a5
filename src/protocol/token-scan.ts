/**
 * Where tokens end in a stream of bytes, without taking the stream apart.
 *
 * A relay that must let exactly k tokens through only needs to know after which byte the k-th ends.
 * Each wire has its frame (an NDJSON line, an SSE event) and its predicate: does this frame carry
 * something a reader would see or a program would use? Frames may be split anywhere.
 */

/** Fed the body of a response; says where its token-bearing frames end. */
export interface TokenScan {
  /** Offsets into `bytes`, each just after the last byte of a frame that carries a token. */
  push(bytes: Uint8Array): readonly number[];
}

/** A longer frame is not looked into: no token of any wire comes near it. */
const frameBytesMax = 1 << 20;

const newline = 0x0a;

/** Ollama's wire: one JSON object a line. */
export const ndjsonTokenScan = (): TokenScan => lineScan((line) => isOllamaToken(line));

/** The Responses and chat completion wires: server-sent events, ended by a blank line. */
export const sseTokenScan = (): TokenScan => {
  let data: string[] = [];
  return lineScan((line) => {
    if (line === '') {
      const isToken = data.length > 0 && isEventToken(data.join('\n'));
      data = [];
      return isToken;
    }
    if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
    return false;
  });
};

/** Whether a line of Ollama's chat stream carries text, thinking or a tool call. */
export const isOllamaToken = (line: string): boolean => {
  const message = fieldsOf(fieldsOf(parsed(line))['message']);
  return (
    isFilled(message['content']) || isFilled(message['thinking']) || isFilled(message['tool_calls'])
  );
};

/** Whether the data of an event carries a piece of the answer: a `….delta`, or a chat choice's. */
export const isEventToken = (data: string): boolean => {
  const event = fieldsOf(parsed(data));
  const type = event['type'];
  if (typeof type === 'string') return type.endsWith('.delta') && event['delta'] !== '';
  const choices = event['choices'];
  const delta = fieldsOf(fieldsOf(Array.isArray(choices) ? choices[0] : undefined)['delta']);
  return chatFields.some((field) => isFilled(delta[field]));
};

const chatFields = ['content', 'reasoning', 'reasoning_content', 'refusal', 'tool_calls'];

/** Calls `isToken` with each whole line, its end stripped, and collects where it said yes. */
const lineScan = (isToken: (line: string) => boolean): TokenScan => {
  let parts: Uint8Array[] = [];
  let heldBytes = 0;
  return {
    push: (bytes) => {
      const ends: number[] = [];
      let from = 0;
      for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
        const rest = bytes.subarray(from, at);
        from = at + 1;
        const isWhole = heldBytes + rest.length <= frameBytesMax;
        const line = isWhole ? Buffer.concat([...parts, rest]).toString() : '…';
        parts = [];
        heldBytes = 0;
        if (isToken(line.endsWith('\r') ? line.slice(0, -1) : line)) ends.push(from);
      }
      const rest = bytes.subarray(from);
      heldBytes += rest.length;
      if (heldBytes > frameBytesMax) parts = [];
      else if (rest.length > 0) parts.push(rest);
      return ends;
    },
  };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

const isFilled = (value: unknown): boolean =>
  (typeof value === 'string' || Array.isArray(value)) && value.length > 0;
