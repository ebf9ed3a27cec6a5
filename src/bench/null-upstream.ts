/**
 * A model server that answers at once: what is left of the time is what the proxy adds.
 *
 * It speaks just enough of the Responses API for the proxy, and answers the same few tokens each
 * time, as a stream or whole.
 */

import { createServer, type Server } from 'node:http';
import { parentPort } from 'node:worker_threads';

import { encodeSse, sseDone } from '../protocol/sse.ts';

const text = Array.from({ length: 16 }, (_, at) => `p${at + 1}`).join(' ');

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
      content: [{ type: 'output_text', text, annotations: [] }],
    },
  ],
  usage,
};

/** The whole stream of one answer, made once. */
const stream = [
  encodeSse('response.created', {
    type: 'response.created',
    sequence_number: 0,
    response: { ...resource, status: 'in_progress', output: [], usage: null },
  }),
  ...text.split(' ').map((word, at) =>
    encodeSse('response.output_text.delta', {
      type: 'response.output_text.delta',
      sequence_number: at + 1,
      item_id: 'msg_null',
      output_index: 0,
      content_index: 0,
      delta: at === 15 ? word : `${word} `,
    }),
  ),
  encodeSse('response.completed', {
    type: 'response.completed',
    sequence_number: 17,
    response: resource,
  }),
  sseDone,
].join('');

const whole = JSON.stringify(resource);

/** Listens on a free port of the loopback. */
const openNullUpstream = (): Promise<Server> =>
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
        response.end(isStream ? stream : whole);
      });
    });
    server.keepAliveTimeout = 60_000;
    server.listen(0, '127.0.0.1', () => resolve(server));
  });

// In a thread of its own, so that it does not share the proxy's.
if (parentPort) {
  const port = parentPort;
  const server = await openNullUpstream();
  const address = server.address();
  port.postMessage(typeof address === 'object' && address ? address.port : 0);
  port.on('message', () => {
    server.closeAllConnections();
    server.close(() => port.close());
  });
}
