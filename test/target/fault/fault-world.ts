/** A streaming backend, a shim in front of it, and a client that tells what came over the wire. */

import { type Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';

import type { FaultAct } from '../../../src/log/entry.ts';
import { seeded } from '../../../src/random/random.ts';
import { planFaults } from '../../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';
import { openShim, type Shim } from '../../../src/target/fault/shim.ts';
import { systemClock } from '../../../src/time/system-clock.ts';

export type Act = Omit<FaultAct, 'arm'>;

/** How a backend's frames look, and where they are asked for. */
export interface Speech {
  readonly path: string;
  readonly type: string;
  readonly frames: readonly string[];
}

const responsesEvent = (type: string, more: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;

const count = Array.from({ length: 6 }, (_, at) => `p${at + 1} `);

/** Ollama's: six tokens, and a line that says so. */
export const ollamaSpeech: Speech = {
  path: '/api/chat',
  type: 'application/x-ndjson',
  frames: [
    ...count.map((content) => `${JSON.stringify({ message: { content }, done: false })}\n`),
    `${JSON.stringify({ message: { content: '' }, done: true })}\n`,
  ],
};

/** Responses': a preamble, six deltas, and the terminal event. */
export const responsesSpeech: Speech = {
  path: '/v1/responses',
  type: 'text/event-stream',
  frames: [
    responsesEvent('response.created', { response: { status: 'in_progress' } }),
    ...count.map((delta) => responsesEvent('response.output_text.delta', { delta })),
    responsesEvent('response.completed', { response: { status: 'completed' } }),
  ],
};

const chatChunk = (more: object): string =>
  `data: ${JSON.stringify({ id: 'c1', model: 'm', choices: [], ...more })}\n\n`;

/** Chat completions': a role, six deltas, the reason for the end, the usage, and the mark. */
export const chatSpeech: Speech = {
  path: '/v1/chat/completions',
  type: 'text/event-stream',
  frames: [
    chatChunk({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] }),
    ...count.map((content) => chatChunk({ choices: [{ index: 0, delta: { content } }] })),
    chatChunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    chatChunk({ usage: { prompt_tokens: 5, completion_tokens: 6 } }),
    'data: [DONE]\n\n',
  ],
};

const place = { item_id: 'msg_1', output_index: 0, content_index: 0 };

const wholeResponse = (status: string): object => ({
  response: { model: 'm', status, usage: { input_tokens: 5, output_tokens: 6 } },
});

const carefulEvents: readonly (readonly [type: string, more: object])[] = [
  ['response.created', { response: { model: 'm', status: 'in_progress' } }],
  ['response.output_item.added', { output_index: 0, item: { id: 'msg_1', type: 'message' } }],
  ['response.content_part.added', { ...place, part: { type: 'output_text', text: '' } }],
  ...count.map((delta) => ['response.output_text.delta', { ...place, delta }] as const),
  ['response.output_text.done', { ...place, text: count.join('') }],
  ['response.completed', wholeResponse('completed')],
];

/** Responses' as a careful server writes it: every event of the grammar, each with its number. */
export const carefulSpeech: Speech = {
  ...responsesSpeech,
  frames: carefulEvents.map(([type, more], sequence_number) =>
    responsesEvent(type, { sequence_number, ...more }),
  ),
};

/** Responses' again, calling a tool. */
export const toolSpeech: Speech = {
  ...responsesSpeech,
  frames: [
    responsesEvent('response.output_text.delta', { delta: 'p1 ' }),
    responsesEvent('response.function_call_arguments.delta', { delta: '{"city":' }),
    responsesEvent('response.function_call_arguments.delta', { delta: '"Kyoto"}' }),
    responsesEvent('response.completed', { response: { status: 'completed' } }),
  ],
};

/** What a client made of an answer. */
export interface Received {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** `end` when HTTP saw a whole answer; else the code of the error, or `open` at the deadline. */
  readonly how: string;
  readonly segments: number;
  /** Until the first byte of the body. */
  readonly firstMs: number;
  readonly tookMs: number;
}

export class FaultWorld implements AsyncDisposable {
  readonly clock = systemClock();
  readonly acts: Act[] = [];
  readonly #closing = new AsyncDisposableStack();
  received = 0;

  /** Opens the backend, with `gapMs` between two frames. */
  async backend(speech: Speech, gapMs = 0): Promise<number> {
    const server = createServer((asked, response) => {
      this.received++;
      asked.resume().on('end', () => {
        response.writeHead(200, { 'content-type': speech.type });
        void this.#speak(speech.frames, gapMs, response);
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    this.#closing.defer(async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    });
    const address: AddressInfo | string | null = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  async shim(
    speech: Speech,
    faults: readonly Omit<FaultSpec, 'backend'>[],
    { gapMs = 0 } = {},
  ): Promise<Shim> {
    const port = await this.backend(speech, gapMs);
    const shim = await openShim({
      name: 'spark',
      target: { host: '127.0.0.1', port },
      wire: speech === ollamaSpeech ? 'ollama' : 'openai',
      isTls: false,
      faults: planFaults(faults.map((it) => ({ backend: 'spark', ...it }))),
      clock: this.clock,
      random: seeded(7),
      emit: (act) => this.acts.push(act),
    });
    this.#closing.defer(() => shim.close());
    shim.arm(this.clock.now());
    return shim;
  }

  /** Asks over HTTP, and reads until the answer ends or `untilMs` have passed. */
  ask(shim: Shim, speech: Speech, untilMs = 2000, agent?: Agent): Promise<Received> {
    const startedAt = this.clock.now();
    return new Promise((resolve) => {
      const parts: Buffer[] = [];
      let firstAt = Number.NaN;
      let answer: IncomingMessage | undefined;
      const finish = (how: string): void => {
        deadline[Symbol.dispose]();
        if (!agent) asking.destroy();
        resolve({
          status: answer?.statusCode ?? 0,
          headers: answer?.headers ?? {},
          body: Buffer.concat(parts),
          how,
          segments: parts.length,
          firstMs: firstAt - startedAt,
          tookMs: this.clock.now() - startedAt,
        });
      };
      const deadline = this.clock.at(startedAt + untilMs, () => finish('open'));
      const asking = request(
        {
          host: shim.host,
          port: shim.port,
          path: speech.path,
          method: 'POST',
          agent: agent ?? false,
        },
        (response) => {
          answer = response;
          response.on('data', (bytes: Buffer) => {
            if (parts.length === 0) firstAt = this.clock.now();
            parts.push(bytes);
          });
          response.on('end', () => finish('end'));
          response.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
        },
      );
      asking.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
      asking.end('{}');
    });
  }

  /** What comes over a socket, to the byte, after one request. */
  raw(shim: Shim, speech: Speech, untilMs = 500): Promise<{ text: string; how: string }> {
    return new Promise((resolve) => {
      let text = '';
      const socket = connect({ host: shim.host, port: shim.port });
      const finish = (how: string): void => {
        deadline[Symbol.dispose]();
        socket.destroy();
        resolve({ text, how });
      };
      const deadline = this.clock.at(this.clock.now() + untilMs, () => finish('open'));
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
      });
      socket.on('end', () => finish('fin'));
      socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
      socket.write(`POST ${speech.path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing.disposeAsync();
  }

  async #speak(
    frames: readonly string[],
    gapMs: number,
    response: { write(text: string): boolean; end(): unknown; destroyed: boolean },
  ): Promise<void> {
    if (gapMs === 0) {
      response.write(frames.join(''));
      response.end();
      return;
    }
    for (const frame of frames) {
      if (response.destroyed) return;
      response.write(frame);
      await this.clock.sleep(gapMs);
    }
    response.end();
  }
}

/** The tokens a reader finds. */
export const tokensIn = (body: Buffer | string): number =>
  (body.toString().match(/"p\d+ "/g) ?? []).length;
