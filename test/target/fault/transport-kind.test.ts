/** What goes wrong with connections, heads and lengths, as it goes over the wire. */

import { connect } from 'node:net';

import { afterEach, expect, test } from 'vitest';

import type { Shim } from '../../../src/target/fault/shim.ts';
import { FaultWorld, ollamaSpeech, responsesSpeech, tokensIn } from './fault-world.ts';

let world = new FaultWorld();

afterEach(async () => {
  await world[Symbol.asyncDispose]();
  world = new FaultWorld();
});

test('with its queue full a server lets those go on who are connected, and nobody else in', async () => {
  const shim = await world.shim(
    ollamaSpeech,
    [{ kind: 'queue-full', at: '100 ms', for: '900 ms' }],
    { gapMs: 60 },
  );
  const open = world.ask(shim, ollamaSpeech);
  await world.clock.sleep(300);
  const late = await world.ask(shim, ollamaSpeech, 300);
  expect(late).toMatchObject({ how: 'open', status: 0 });
  expect(world.received).toBe(1);
  const whole = await open;
  expect(whole.how).toBe('end');
  expect(tokensIn(whole.body)).toBe(6);
  await world.clock.sleep(500);
  expect((await world.ask(shim, ollamaSpeech)).how).toBe('end');
  expect(world.acts.map(({ what }) => what)).toContain('queue-full');
});

test('what is frozen takes connections, and goes on where it was when its time is over', async () => {
  const shim = await world.shim(ollamaSpeech, [{ kind: 'freeze', at: '100 ms', for: '500 ms' }], {
    gapMs: 40,
  });
  const open = world.ask(shim, ollamaSpeech);
  await world.clock.sleep(150);
  const begun = world.ask(shim, ollamaSpeech);
  for (const answer of [await open, await begun]) {
    expect(answer.how).toBe('end');
    expect(answer.body.toString()).toBe(ollamaSpeech.frames.join(''));
    expect(answer.tookMs).toBeGreaterThanOrEqual(445);
  }
  expect(world.acts).toHaveLength(2);
});

test('a body is shorter than its head says', async () => {
  const shim = await world.shim(responsesSpeech, [{ kind: 'short-body', at: 0 }]);
  const { text, how } = await world.raw(shim, responsesSpeech);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(Number(/content-length: (\d+)/.exec(head)?.[1])).toBe(body.length + 1000);
  expect(how).toBe('fin');
  expect(await world.ask(shim, responsesSpeech)).toMatchObject({ status: 200, how: 'ECONNRESET' });
  expect(world.received).toBe(0);
});

test.each([
  ['huge', 'HPE_HEADER_OVERFLOW', /^HTTP\/1\.1 200 OK\r\nx-pad: x{200000}/],
  ['slow', 'open', /^HTTP\/1\.1 200 OK\r\nx-pad: x{2,}$/],
  ['interim', 'open', /^(?:HTTP\/1\.1 103 Early Hints\r\nlink: <\/>\r\n\r\n){2,}$/],
])('a head that is odd (%s) never becomes an answer', async (form, how, head) => {
  const shim = await world.shim(ollamaSpeech, [{ kind: 'odd-head', form, at: 0 }]);
  expect(await world.ask(shim, ollamaSpeech, 250)).toMatchObject({ status: 0, how });
  const { text } = await world.raw(shim, ollamaSpeech, 250);
  expect(text).toMatch(head);
});

/** Sends a request of so many bytes, and says when the first byte came back. */
const upload = (
  shim: Shim,
  sentBytes: number,
  statedBytes = sentBytes,
): Promise<{ status: string; tookMs: number }> =>
  new Promise((resolve) => {
    const startedAt = world.clock.now();
    const socket = connect({ host: shim.host, port: shim.port });
    socket.on('data', (bytes) => {
      const status = bytes.toString().split(' ')[1] ?? '';
      socket.destroy();
      resolve({ status, tookMs: world.clock.now() - startedAt });
    });
    socket.on('error', () => undefined);
    socket.write(
      `POST ${ollamaSpeech.path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${statedBytes}\r\n\r\n`,
    );
    socket.write('x'.repeat(sentBytes));
  });

test('a long prompt takes its time on a thin line, and is whole when it is there', async () => {
  const shim = await world.shim(ollamaSpeech, [
    { kind: 'slow-upload', bytesPerSecond: 40_000, at: 0 },
  ]);
  const { status, tookMs } = await upload(shim, 12_000);
  expect(status).toBe('200');
  expect(tookMs).toBeGreaterThanOrEqual(300);
  expect(world.acts).toHaveLength(1);
});

test('a request may be rejected while most of it is still to come', async () => {
  const shim = await world.shim(ollamaSpeech, [{ kind: 'reject', preset: 'too-large', at: 0 }]);
  expect((await upload(shim, 1000, 10_000_000)).status).toBe('413');
  expect(world.received).toBe(0);
});
