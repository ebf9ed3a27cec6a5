/**
 * The least that a relay can do in Node: take a request, pass it on, pass the answer back byte by
 * byte. It parses nothing, keeps nothing and cannot fail over; what Spillway costs beyond it is the
 * price of doing so.
 */

import { fastify, type FastifyInstance } from 'fastify';
import { Pool } from 'undici';

/** Relays every POST to the upstream; listens on a free port of the loopback. */
export const openMinimalRelay = async (upstream: string): Promise<FastifyInstance> => {
  const pool = new Pool(upstream, { connections: 2048, pipelining: 1, allowH2: false });
  const app = fastify();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => {
    done(null, body);
  });
  app.post('/v1/responses', (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    pool.dispatch(
      {
        method: 'POST',
        path: '/v1/responses',
        headers: { 'content-type': 'application/json' },
        body: request.body instanceof Buffer ? request.body : '',
      },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, status, headers) => {
          raw.writeHead(status, { 'content-type': String(headers['content-type']) });
          raw.flushHeaders();
        },
        onResponseData: (_, chunk) => {
          raw.write(chunk);
        },
        onResponseEnd: () => {
          raw.end();
        },
        onResponseError: () => {
          raw.destroy();
        },
      },
    );
  });
  app.addHook('onClose', () => pool.destroy());
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app;
};
