/** The shim on real sockets: what a client of the backend sees while things go wrong. */

import { createServer as createHttpServer } from 'node:http';
import { type Server, type Socket, connect, createServer } from 'node:net';

import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';

import type { FaultAct } from '../../../src/log/entry.ts';
import { traceId, traceparent } from '../../../src/protocol/trace.ts';
import { seeded } from '../../../src/random/random.ts';
import { planFaults } from '../../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';
import { type Shim, openShim } from '../../../src/target/fault/shim.ts';
import { systemClock } from '../../../src/time/system-clock.ts';

const clock = systemClock();
const opened: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

const tokensAll = 12;

/** A backend that answers each request at once with `tokensAll` NDJSON tokens, in one write. */
const tokenServer = async (): Promise<{ port: number; received: string[] }> => {
  const received: string[] = [];
  const server = createHttpServer((request, response) => {
    received.push(String(request.headers['traceparent']));
    request.resume().on('end', () => {
      const lines = Array.from({ length: tokensAll }, (_, index) =>
        JSON.stringify({ message: { content: `p${index + 1} ` }, done: false }),
      );
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(`${lines.join('\n')}\n{"message":{"content":""},"done":true}\n`);
    });
  });
  opened.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => server.closeAllConnections(),
  );
  return { port: await listening(server), received };
};

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(address && typeof address === 'object' ? address.port : 0);
    });
  });

const shimFor = async (
  port: number,
  faults: readonly FaultSpec[],
  isTls = false,
): Promise<{ shim: Shim; acts: Omit<FaultAct, 'arm'>[] }> => {
  const acts: Omit<FaultAct, 'arm'>[] = [];
  const shim = await openShim({
    name: 'spark',
    target: { host: '127.0.0.1', port },
    wire: 'ollama',
    isTls,
    faults: planFaults(faults),
    clock,
    random: seeded(7),
    emit: (act) => acts.push(act),
  });
  opened.push(() => shim.close());
  shim.arm(clock.now());
  return { shim, acts };
};

interface Seen {
  readonly text: string;
  /** `end` for a FIN, an error's code otherwise; absent while the connection is open. */
  how?: string;
  readonly firstAt?: number;
}

const trace = traceId({ arm: 0, workload: 0, session: 3, turn: 2 }, 'abcdefabcdef');
const span = '00000000000000aa';

const requestText = (parent = traceparent(trace, span)): string =>
  `POST /api/chat HTTP/1.1\r\nhost: x\r\ntraceparent: ${parent}\r\ncontent-length: 2\r\n\r\n{}`;

/** Sends one request over its own connection and reads until it ends, or until `untilMs`. */
const ask = (port: number, untilMs = 5000, text = requestText()): Promise<Seen> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let seen = '';
    let firstAt: number | undefined;
    const finish = (how?: string): void => {
      timer[Symbol.dispose]();
      socket.destroy();
      resolve({
        text: seen,
        ...(how === undefined ? {} : { how }),
        ...(firstAt === undefined ? {} : { firstAt }),
      });
    };
    const timer = clock.at(clock.now() + untilMs, () => finish());
    socket.on('data', (bytes) => {
      firstAt ??= clock.now();
      seen += bytes.toString();
      if (seen.includes('0\r\n\r\n')) finish('whole');
    });
    socket.on('end', () => finish('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code));
    socket.write(text);
  });

const tokensIn = (text: string): number => text.match(/"p\d+ "/g)?.length ?? 0;

test('without a fault every byte passes, however it is sent', async () => {
  const echo = createServer((socket) => socket.pipe(socket).on('error', () => undefined));
  opened.push(() => new Promise((resolve) => echo.close(resolve)));
  const { shim } = await shimFor(await listening(echo), []);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { minLength: 1, maxLength: 6 }),
      async (slices) => {
        const back = await new Promise<Buffer>((resolve, reject) => {
          const parts: Buffer[] = [];
          const socket: Socket = connect({ port: shim.port, host: '127.0.0.1' });
          socket.on('data', (bytes) => parts.push(bytes));
          socket.on('end', () => resolve(Buffer.concat(parts)));
          socket.on('error', reject);
          for (const slice of slices) socket.write(slice);
          socket.end();
        });
        expect(back.equals(Buffer.concat(slices))).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

test('a reader that stops reading holds the writer back', async () => {
  let sent = 0;
  const flood = createServer((socket) => {
    socket.on('error', () => undefined);
    const block = Buffer.alloc(1 << 20, 1);
    const more = (): void => {
      if (socket.destroyed || sent > 200 << 20) return;
      sent += block.length;
      socket.write(block, more);
    };
    more();
  });
  opened.push(() => new Promise((resolve) => flood.close(resolve)));
  const { shim } = await shimFor(await listening(flood), []);
  const socket = connect({ port: shim.port, host: '127.0.0.1' });
  opened.push(() => socket.destroy());
  await clock.sleep(300);
  const before = sent;
  await clock.sleep(200);
  expect(sent).toBe(before);
  expect(sent).toBeLessThan(100 << 20);
});

test.each(['reset', 'cut'] as const)(
  'after k tokens of one segment, %s lets exactly k through',
  async (kind) => {
    const { port } = await tokenServer();
    for (let k = 1; k <= tokensAll; k++) {
      const { shim, acts } = await shimFor(port, [
        { kind, backend: 'spark', address: { session: 3, turn: 2, afterTokens: k } },
      ]);
      const seen = await ask(shim.port);
      expect(tokensIn(seen.text)).toBe(k);
      expect(seen.how).toBe(kind === 'reset' ? 'ECONNRESET' : 'end');
      expect(acts).toMatchObject([{ fault: 0, what: kind, trace, span, tokensBefore: k }]);
      expect((await ask(shim.port)).how).toBe('whole');
    }
  },
);

test('other turns pass an addressed fault by', async () => {
  const { port } = await tokenServer();
  const { shim, acts } = await shimFor(port, [
    { kind: 'reset', backend: 'spark', address: { session: 3, turn: 1 } },
  ]);
  expect((await ask(shim.port)).how).toBe('whole');
  expect(acts).toEqual([]);
});

test('an outage refuses, resets what is open, and ends on the same port', async () => {
  const { port } = await tokenServer();
  const { shim, acts } = await shimFor(port, [
    { kind: 'refuse', backend: 'spark', at: '150 ms', for: '300 ms' },
  ]);
  const pooled = connect({ port: shim.port, host: '127.0.0.1' });
  const died = new Promise<string | undefined>((resolve) => {
    pooled.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  pooled.write(requestText());
  pooled.resume();
  expect(await died).toBe('ECONNRESET');
  expect((await ask(shim.port)).how).toBe('ECONNREFUSED');
  expect(acts).toMatchObject([{ what: 'refuse' }]);
  await clock.sleep(400);
  expect((await ask(shim.port)).how).toBe('whole');
});

test('a silent backend takes the request and gives nothing', async () => {
  const { port, received } = await tokenServer();
  const { shim, acts } = await shimFor(port, [{ kind: 'silent', backend: 'spark', at: 0 }]);
  expect(await ask(shim.port, 200)).toEqual({ text: '' });
  expect(received).toEqual([]);
  expect(acts).toMatchObject([{ what: 'silent', trace, tokensBefore: 0 }]);
});

test('silence in the middle of an answer keeps the connection open', async () => {
  const { port } = await tokenServer();
  const { shim } = await shimFor(port, [
    { kind: 'silent', when: 'mid-stream', afterTokens: 4, backend: 'spark', at: 0 },
  ]);
  const seen = await ask(shim.port, 200);
  expect(tokensIn(seen.text)).toBe(4);
  expect(seen.how).toBeUndefined();
});

test('a client that gives up on a silent backend lets the backend give up too', async () => {
  const left = Promise.withResolvers<void>();
  const held = createHttpServer((_, response) => {
    response.on('close', () => left.resolve());
    response.write('{"message":{"content":"p1 "}}\n');
  });
  opened.push(
    () => new Promise((resolve) => held.close(resolve)),
    () => held.closeAllConnections(),
  );
  const { shim } = await shimFor(await listening(held), [
    { kind: 'silent', when: 'mid-stream', backend: 'spark', at: 0 },
  ]);
  expect(tokensIn((await ask(shim.port, 100)).text)).toBe(1);
  await left.promise;
});

test('a rejected request is answered here and never reaches the backend', async () => {
  const { port, received } = await tokenServer();
  const { shim } = await shimFor(port, [
    {
      kind: 'reject',
      status: 429,
      headers: { 'Retry-After': '5' },
      body: '{"error":"slow down"}',
      backend: 'spark',
      at: 0,
    },
  ]);
  const seen = await ask(shim.port);
  expect(seen.how).toBe('end');
  expect(seen.text).toMatch(/^HTTP\/1\.1 429 /);
  expect(seen.text).toContain('retry-after: 5\r\n');
  expect(seen.text).toMatch(/\r\n\r\n\{"error":"slow down"\}$/);
  expect(received).toEqual([]);
});

test('a delayed answer comes late and whole', async () => {
  const { port } = await tokenServer();
  const { shim } = await shimFor(port, [
    { kind: 'delay', delay: '150 ms', backend: 'spark', at: 0 },
  ]);
  const startedAt = clock.now();
  const seen = await ask(shim.port);
  expect((seen.firstAt ?? 0) - startedAt).toBeGreaterThanOrEqual(150);
  expect(tokensIn(seen.text)).toBe(tokensAll);
});

test('a stalled answer pauses after its tokens and then goes on', async () => {
  const { port } = await tokenServer();
  const { shim, acts } = await shimFor(port, [
    { kind: 'stall', stall: '200 ms', afterTokens: 5, backend: 'spark', at: 0 },
  ]);
  expect(tokensIn((await ask(shim.port, 100)).text)).toBe(5);
  expect(tokensIn((await ask(shim.port)).text)).toBe(tokensAll);
  expect(acts).toHaveLength(2);
});

test('a slowed answer keeps to its rate', async () => {
  const { port } = await tokenServer();
  const { shim } = await shimFor(port, [
    { kind: 'slow', tokensPerSecond: 50, backend: 'spark', at: 0 },
  ]);
  const startedAt = clock.now();
  const seen = await ask(shim.port);
  expect(tokensIn(seen.text)).toBe(tokensAll);
  expect(clock.now() - startedAt).toBeGreaterThanOrEqual(tokensAll * 20);
});

test('bytes are paced as well', async () => {
  const { port } = await tokenServer();
  const { shim } = await shimFor(port, [
    { kind: 'slow', bytesPerSecond: 4000, backend: 'spark', at: 0 },
  ]);
  const startedAt = clock.now();
  const seen = await ask(shim.port);
  const headBytes = seen.text.indexOf('\r\n\r\n') + 4;
  expect(clock.now() - startedAt).toBeGreaterThanOrEqual((seen.text.length - headBytes) / 4);
  expect(seen.how).toBe('whole');
});

test('a window that opens hits the answer that is under way', async () => {
  const held = createHttpServer((_, response) => {
    response.writeHead(200);
    response.write('{"message":{"content":"p1 "}}\n{"message":{"content":"p2 "}}\n');
  });
  opened.push(
    () => new Promise((resolve) => held.close(resolve)),
    () => held.closeAllConnections(),
  );
  const { shim, acts } = await shimFor(await listening(held), [
    { kind: 'reset', afterTokens: 2, backend: 'spark', at: '200 ms', for: '1000 ms' },
  ]);
  const armedAt = clock.now();
  const seen = await ask(shim.port);
  expect(seen.how).toBe('ECONNRESET');
  expect(tokensIn(seen.text)).toBe(2);
  expect((acts[0]?.at ?? 0) - armedAt).toBeGreaterThanOrEqual(190);
});

test('a fault acts as often as it may and no more', async () => {
  const { port } = await tokenServer();
  const { shim } = await shimFor(port, [{ kind: 'reset', times: 2, backend: 'spark', at: 0 }]);
  const hows: (string | undefined)[] = [];
  for (let count = 0; count < 4; count++) hows.push((await ask(shim.port)).how);
  expect(hows).toEqual(['ECONNRESET', 'ECONNRESET', 'whole', 'whole']);
});

test('two requests on one connection are two attempts', async () => {
  const { port } = await tokenServer();
  const { shim, acts } = await shimFor(port, [
    { kind: 'cut', backend: 'spark', address: { session: 3, turn: 2, afterTokens: 3 } },
  ]);
  const other = traceparent(traceId({ arm: 0, workload: 0, session: 1, turn: 1 }, '1'), span);
  const seen = await new Promise<string>((resolve) => {
    const socket = connect({ port: shim.port, host: '127.0.0.1' });
    let text = '';
    let isSecondSent = false;
    socket.on('data', (bytes) => {
      text += bytes.toString();
      if (!text.includes('0\r\n\r\n') || isSecondSent) return;
      isSecondSent = true;
      socket.write(requestText());
    });
    socket.on('end', () => {
      socket.end();
      resolve(text);
    });
    socket.write(requestText(other));
  });
  expect(tokensIn(seen)).toBe(tokensAll + 3);
  expect(acts).toMatchObject([{ trace, tokensBefore: 3 }]);
});

test('what cannot be read can still be reset', async () => {
  const opaque = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(Buffer.from([22, 3, 3])));
  });
  opened.push(() => new Promise((resolve) => opaque.close(resolve)));
  const { shim, acts } = await shimFor(
    await listening(opaque),
    [{ kind: 'reset', backend: 'spark', at: '100 ms' }],
    true,
  );
  expect((await ask(shim.port, 2000, '\u0016hello')).how).toBe('ECONNRESET');
  expect(acts).toHaveLength(1);
  expect(acts[0]?.trace).toBeUndefined();
});

test('a backend that is not there looks so through the shim', async () => {
  const gone = createServer();
  const port = await listening(gone);
  await new Promise((resolve) => gone.close(resolve));
  const { shim } = await shimFor(port, []);
  expect((await ask(shim.port)).how).toBe('ECONNRESET');
});

test('an outage that is armed by hand closes the port, and gives it back once it is mended', async () => {
  const { port } = await tokenServer();
  const { shim } = await shimFor(port, []);
  const [outage] = planFaults([{ kind: 'refuse', backend: 'spark', at: 0 }]);
  if (!outage) throw new Error('a fault was planned');
  expect((await ask(shim.port)).how).toBe('whole');
  for (let round = 0; round < 3; round++) {
    expect(await shim.add(outage)).toBe(true);
    expect((await ask(shim.port)).how).toBe('ECONNREFUSED');
    await shim.remove(outage);
    expect((await ask(shim.port)).how).toBe('whole');
  }
});
