/** Input for an answer that is running: refused in the words that clients know, at once. */

import { describe, expect, test } from 'vitest';

import { end, numbered, pause, ProxyWorld, usage } from '../../kit/proxy-world.ts';
import { SocketWorld } from '../../kit/socket-world.ts';

const slowly = () => [...numbered('p', 1, 10).flatMap((it) => [pause(500), it]), usage(9, 10), end];

describe('a turn on a socket', () => {
  test('cannot be steered, and says so at once without being disturbed', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const socket = new SocketWorld(world);
    socket.create();
    await world.clock.advanceTo(1200);
    const steer = { input: 'Shorter, please.', previous_response_id: 'resp_1' };
    socket.session.receive(JSON.stringify({ type: 'response.steer', ...steer, stream_id: 'a' }));
    expect(JSON.parse(socket.sent.at(-1) ?? '')).toEqual({
      type: 'response.steer.failed',
      sequence_number: expect.any(Number),
      steer,
      stream_id: 'a',
      error: {
        type: 'invalid_request_error',
        code: 'steering_not_supported',
        message: expect.stringContaining('previous_response_id'),
      },
    });
    socket.session.receive(JSON.stringify({ type: 'response.steer', input: 'To whom?' }));
    expect(JSON.parse(socket.sent.at(-1) ?? '')).toMatchObject({
      type: 'error',
      status: 400,
      error: { code: 'missing_required_parameter', param: 'previous_response_id' },
    });
    // The rest is the answer's own.
    socket.sent.splice(-2);
    await socket.settle();
    expect(socket.answers[0]?.stream.resource.status).toBe('completed');
  });

  test('may talk of steering', async () => {
    const socket = new SocketWorld(new ProxyWorld());
    const { stream } = await socket.ask({ input: 'What is a "response.steer"?' });
    expect(stream.resource.status).toBe('completed');
  });
});
