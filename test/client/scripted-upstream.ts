/**
 * Two backends that play scripts: one speaks Ollama's `/api/chat`, one Azure's `/responses`.
 *
 *     script ──pieces──▶ NDJSON lines of Ollama
 *                   └──▶ Responses events of Azure, with what only Azure adds
 *
 * They know nothing of the proxy but its requests, which they keep.
 */

import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

import { type Asked, isScriptName, type Piece, scripts } from './script.ts';

/** A request's body, of either wire. */
type Body = Readonly<Record<string, unknown>>;

export interface Upstream extends AsyncDisposable {
  readonly sparkUrl: string;
  readonly azureUrl: string;
  /** An address where nobody listens. */
  readonly deadUrl: string;
  /** Settles when the proxy has left an answer of this model that would never have ended. */
  left(model: string): Promise<void>;
  /** The last body that a backend was sent for a model, if any. */
  lastBody(backend: Asked['backend'], model: string): Body | undefined;
}

/** Opens both on ports of the system's choice. */
export const scriptedUpstream = async (): Promise<Upstream> => {
  const bodies = new Map<string, Body>();
  const keep = (asked: Asked, body: Body): readonly Piece[] => {
    bodies.set(`${asked.backend} ${asked.model}`, body);
    return isScriptName(asked.model)
      ? scripts[asked.model](asked)
      : [{ kind: 'status', status: 404, message: `model "${asked.model}" not found` }];
  };
  const leavings = new Map<string, PromiseWithResolvers<void>>();
  const leavingOf = (model: string): PromiseWithResolvers<void> => {
    const leaving = leavings.get(model) ?? Promise.withResolvers<void>();
    leavings.set(model, leaving);
    return leaving;
  };
  const onLeft = (model: string): void => {
    leavingOf(model).resolve();
    leavings.delete(model);
  };
  await using opening = new AsyncDisposableStack();
  const spark = opening.use(await listening(sparkListener(keep, onLeft)));
  const azure = opening.use(await listening(azureListener(keep)));
  const dead = await listening(() => undefined);
  await dead[Symbol.asyncDispose]();
  const opened = opening.move();
  return {
    sparkUrl: spark.url,
    azureUrl: azure.url,
    deadUrl: dead.url,
    left: (model) => leavingOf(model).promise,
    lastBody: (backend, model) => bodies.get(`${backend} ${model}`),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

const listening = async (
  listener: RequestListener,
): Promise<AsyncDisposable & { readonly url: string }> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

type Play = (asked: Asked, body: Body) => readonly Piece[];

const sparkListener =
  (play: Play, onLeft: (model: string) => void): RequestListener =>
  async (request, response) => {
    if (request.url === '/api/ps') {
      const models = Object.keys(scripts).map((name) => ({ name: `${name}:latest`, model: name }));
      return void json(response, 200, { models });
    }
    if (request.url !== '/api/chat') return void json(response, 404, { error: 'not found' });
    const body = await bodyOf(request);
    const pieces = play(askedOfSpark(body), body);
    const status = pieces.find((piece) => piece.kind === 'status');
    if (status) return void json(response, status.status, { error: status.message });
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const model = String(body['model']);
    const line = (fields: object) => `${JSON.stringify({ model, ...fields })}\n`;
    for (const piece of pieces) {
      if (piece.kind === 'cut') return cutOff(response);
      if (piece.kind === 'wait') return void response.on('close', () => onLeft(model));
      const message = sparkMessage(piece);
      if (message) response.write(line({ message, done: false }));
    }
    response.end(
      line({
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason: pieces.some(({ kind }) => kind === 'length') ? 'length' : 'stop',
        prompt_eval_count: promptTokensOf(body),
        eval_count: pieces.length,
      }),
    );
  };

const sparkMessage = (piece: Piece): object | undefined => {
  switch (piece.kind) {
    case 'think':
      return { role: 'assistant', content: '', thinking: piece.text };
    case 'text':
      return { role: 'assistant', content: piece.text };
    case 'call': {
      const called = { name: piece.name, arguments: piece.arguments };
      return { role: 'assistant', content: '', tool_calls: [{ function: called }] };
    }
    case 'length':
    case 'wait':
    case 'cut':
    case 'status':
    case 'limited':
      return undefined;
  }
};

const azureListener =
  (play: Play): RequestListener =>
  async (request, response) => {
    if (request.url !== '/openai/v1/responses')
      return void json(response, 404, { error: { code: '404', message: 'Resource not found' } });
    const body = await bodyOf(request);
    const pieces = play(askedOfAzure(body), body);
    const status = pieces.find((piece) => piece.kind === 'status');
    if (status) {
      const error = { code: String(status.status), message: status.message };
      return void json(response, status.status, { error });
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const stream = new AzureStream(response, String(body['model']));
    stream.begin();
    for (const piece of pieces) {
      if (piece.kind === 'cut') return cutOff(response);
      if (piece.kind === 'limited') return stream.limited();
      if (piece.kind === 'text') stream.text(piece.text);
      if (piece.kind === 'call') stream.call(piece.name, JSON.stringify(piece.arguments));
    }
    stream.end(
      pieces.some(({ kind }) => kind === 'length'),
      promptTokensOf(body),
      pieces.length,
    );
  };

/** Azure's events. Thoughts it keeps to itself, as the models it hosts do. */
class AzureStream {
  readonly #response: ServerResponse;
  readonly #resource: Record<string, unknown>;
  readonly #output: object[] = [];
  #message: string | undefined;
  #sequence = 0;

  constructor(response: ServerResponse, model: string) {
    this.#response = response;
    this.#resource = {
      id: 'resp_0001azure',
      object: 'response',
      model,
      content_filters: [{ blocked: false, source_type: 'prompt' }],
      tool_choice: null,
      truncation: null,
    };
  }

  begin(): void {
    const response = { ...this.#resource, status: 'in_progress', output: [] };
    this.#tell('response.created', { response });
    this.#tell('response.in_progress', { response });
  }

  text(delta: string): void {
    const at = { item_id: 'msg_0001azure', output_index: this.#output.length, content_index: 0 };
    if (this.#message === undefined) {
      const item = { id: at.item_id, type: 'message', role: 'assistant', content: [] };
      const part = { type: 'output_text', text: '', annotations: [] };
      this.#tell('response.output_item.added', { output_index: at.output_index, item });
      this.#tell('response.content_part.added', { ...at, part });
    }
    this.#message = `${this.#message ?? ''}${delta}`;
    this.#tell('response.output_text.delta', { ...at, delta, obfuscation: 'x0x' });
  }

  call(name: string, text: string): void {
    this.#closeMessage();
    const output_index = this.#output.length;
    const id = `fc_${output_index}azure`;
    const item = { id, type: 'function_call', call_id: `call_${output_index}azure`, name };
    const middle = Math.floor(text.length / 2);
    this.#tell('response.output_item.added', { output_index, item: { ...item, arguments: '' } });
    for (const delta of [text.slice(0, middle), text.slice(middle)])
      this.#tell('response.function_call_arguments.delta', { item_id: id, output_index, delta });
    const at = { item_id: id, output_index };
    this.#tell('response.function_call_arguments.done', { ...at, arguments: text });
    const done = { ...item, arguments: text, status: 'completed' };
    this.#tell('response.output_item.done', { output_index, item: done });
    this.#output.push(done);
  }

  end(isCut: boolean, inputTokens: number, outputTokens: number): void {
    this.#closeMessage();
    const status = isCut ? 'incomplete' : 'completed';
    const response = {
      ...this.#resource,
      status,
      incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
      output: this.#output,
      usage: {
        input_tokens: inputTokens,
        output_tokens: outputTokens,
        total_tokens: inputTokens + outputTokens,
      },
    };
    this.#tell(`response.${status}`, { response });
    this.#response.end();
  }

  /** The head was sent before the quota was looked at (earendil-works/pi#7983). */
  limited(): void {
    const message = 'Too many requests.';
    this.#tell('response.failed', {
      response: { ...this.#resource, status: 'failed', error: null },
    });
    this.#tell('error', { code: 'too_many_requests', message, param: null });
    this.#response.end();
  }

  #closeMessage(): void {
    if (this.#message === undefined) return;
    const item_id = 'msg_0001azure';
    const output_index = this.#output.length;
    const part = { type: 'output_text', text: this.#message, annotations: [] };
    const at = { item_id, output_index, content_index: 0 };
    this.#tell('response.output_text.done', { ...at, text: this.#message });
    this.#tell('response.content_part.done', { ...at, part });
    const item = { id: item_id, type: 'message', role: 'assistant', content: [part] };
    this.#tell('response.output_item.done', { output_index, item });
    this.#output.push(item);
    this.#message = undefined;
  }

  #tell(type: string, fields: object): void {
    const event = { type, sequence_number: this.#sequence++, ...fields };
    this.#response.write(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
}

/** Ends the connection once what was said is on its way. */
const cutOff = (response: ServerResponse): void => {
  response.write(' ', () => response.destroy());
};

const json = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const bodyOf = async (request: IncomingMessage): Promise<Body> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
};

/** Never far below the true count, which would look as if the front of the prompt had been cut. */
const promptTokensOf = (body: Body): number => Math.ceil(JSON.stringify(body).length / 3);

/** What was said, in the same words for both wires. */
interface Said {
  readonly role: 'user' | 'assistant' | 'tool' | 'other';
  readonly text: string;
}

const askedFrom = (said: readonly Said[]): Pick<Asked, 'questions' | 'toolOutputs' | 'begun'> => {
  const lately = said.slice(1 + said.findLastIndex(({ role }) => role === 'user'));
  const texts = (all: readonly Said[], role: Said['role']) =>
    all.filter((it) => it.role === role).map(({ text }) => text);
  return {
    questions: texts(said, 'user'),
    toolOutputs: texts(lately, 'tool'),
    begun: texts(lately, 'assistant').join(''),
  };
};

const askedOfSpark = (body: Body): Asked => ({
  backend: 'spark',
  model: String(body['model']),
  ...askedFrom(
    listOf(body['messages']).map(({ role, content }) => ({
      role: role === 'user' || role === 'assistant' || role === 'tool' ? role : 'other',
      text: String(content),
    })),
  ),
});

const askedOfAzure = (body: Body): Asked => ({
  backend: 'azure',
  model: String(body['model']),
  ...askedFrom(
    listOf(body['input']).flatMap(({ type, role, content, output }): readonly Said[] => {
      if (type === 'function_call_output') return [{ role: 'tool', text: textOf(output) }];
      if (type !== 'message') return [];
      const isSpeaker = role === 'user' || role === 'assistant';
      return [{ role: isSpeaker ? role : 'other', text: textOf(content) }];
    }),
  ),
});

const textOf = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : listOf(content)
        .map(({ text }) => String(text ?? ''))
        .join('');

const listOf = (value: unknown): readonly Body[] => (Array.isArray(value) ? value : []);
