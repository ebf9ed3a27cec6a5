/**
 * A model server that answers at once: what is left of the time is what stands in front of it.
 *
 * It speaks just enough of the Responses API. The model `null` answers the same sixteen tokens at
 * once, as a stream or whole; the model `paced` streams 64 tokens, one every 5 ms, on absolute
 * time.
 */

import { createServer, type Server, type ServerResponse } from 'node:http';

import { encodeSse, sseDone } from '../protocol/sse.ts';
import type { Clock } from '../time/clock.ts';

/** Tokens of a paced stream, and the time between two of them. */
export const pacedTokens = 64;
const pacedGapMs = 5;

const words = Array.from({ length: 16 }, (_, at) => (at === 15 ? 'p16' : `p${at + 1} `));
/** Frames of an unpaced stream: before and after the tokens the lifecycle, and `[DONE]`. */
export const eventsPerStream = words.length + 3;

const usage = {
  input_tokens: 12,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 16,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 28,
};

const resource = {
  id: 'resp_null',
  object: 'response',
  status: 'completed',
  model: 'null',
  output: [
    {
      type: 'message',
      id: 'msg_null',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: words.join(''), annotations: [] }],
    },
  ],
  usage,
};

const createdFrame = encodeSse('response.created', {
  type: 'response.created',
  sequence_number: 0,
  response: { ...resource, status: 'in_progress', output: [], usage: null },
});

const deltaFrame = (at: number, delta: string): string =>
  encodeSse('response.output_text.delta', {
    type: 'response.output_text.delta',
    sequence_number: at + 1,
    item_id: 'msg_null',
    output_index: 0,
    content_index: 0,
    delta,
  });

const endFrames =
  encodeSse('response.completed', {
    type: 'response.completed',
    sequence_number: pacedTokens + 1,
    response: resource,
  }) + sseDone;

/** The whole of an unpaced stream, made once. */
const stream = createdFrame + words.map((word, at) => deltaFrame(at, word)).join('') + endFrames;

const whole = JSON.stringify(resource);

/** Listens on a free port of the loopback. */
export const openNullUpstream = (clock: Clock): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        const isStream = body.includes('"stream":true');
        response.writeHead(200, {
          'content-type': isStream ? 'text/event-stream' : 'application/json',
        });
        if (isStream && body.includes('"model":"paced"')) pace(response, clock);
        else response.end(isStream ? stream : whole);
      });
    });
    server.keepAliveTimeout = 60_000;
    server.listen(0, '127.0.0.1', () => resolve(server));
  });

const pace = (response: ServerResponse, clock: Clock): void => {
  const beganAt = clock.now();
  let at = 0;
  response.write(createdFrame);
  const send = (): void => {
    if (response.destroyed) return;
    if (at === pacedTokens) {
      response.end(endFrames);
      return;
    }
    response.write(deltaFrame(at, `p${at + 1} `));
    at++;
    clock.at(beganAt + (at + 1) * pacedGapMs, send);
  };
  clock.at(beganAt + pacedGapMs, send);
};
