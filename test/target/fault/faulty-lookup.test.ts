/** Names, as faults will have them, and what a connection makes of it. */

import { type AddressInfo, createServer } from 'node:net';

import { afterEach, expect, test } from 'vitest';

import { seeded } from '../../../src/random/random.ts';
import { deadHost, faultyLookup } from '../../../src/target/fault/faulty-lookup.ts';
import { planFaults } from '../../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';
import { openUnansweredPort } from '../../../src/target/fault/unanswered-port.ts';
import { ConnectionPool } from '../../../src/target/proxy/connector.ts';
import { failureOfError } from '../../../src/target/proxy/failure.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import type { Act } from './fault-world.ts';

const clock = systemClock();
const host = 'spark-1.simulated';
let closing = new AsyncDisposableStack();

afterEach(async () => {
  await closing.disposeAsync();
  closing = new AsyncDisposableStack();
});

/** A server that answers at 127.0.0.1, and at no other address. */
const serverPort = async (): Promise<number> => {
  const server = createServer((socket) => {
    socket.on('data', () => socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n'));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.defer(() => new Promise((resolve) => server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
};

interface Asked {
  readonly status?: number;
  readonly reason?: string;
  readonly evidence?: string;
  readonly message?: string;
  readonly tookMs: number;
  readonly acts: readonly Act[];
}

/** Asks over a name that has this fault, within 500 ms to connect. */
const askUnder = async (words: Omit<FaultSpec, 'at' | 'backend'> | undefined): Promise<Asked> => {
  const port = await serverPort();
  const dead = await openUnansweredPort({ host: deadHost, port });
  closing.defer(() => dead.close());
  const acts: Act[] = [];
  const names = faultyLookup({
    names: { [host]: { backend: 'spark', path: 1 } },
    faults: planFaults(words ? [{ backend: 'spark', at: 0, ...words }] : []),
    clock,
    random: seeded(7),
    emit: (act) => acts.push(act),
  });
  names.arm(clock.now());
  const pool = new ConnectionPool({
    origin: `http://${host}:${port}`,
    connectMs: 1000,
    clock,
    lookup: names.lookup,
  });
  closing.defer(() => pool.close());
  const startedAt = clock.now();
  const request = { method: 'GET', path: '/', headers: {} } as const;
  try {
    const { status } = await pool.send(request, new AbortController().signal);
    return { status, tookMs: clock.now() - startedAt, acts };
  } catch (error) {
    return { ...failureOfError(error), tookMs: clock.now() - startedAt, acts };
  }
};

test('a name without a fault leads to the shim', async () => {
  expect(await askUnder(undefined)).toMatchObject({ status: 204, acts: [] });
});

test.each([
  ['dns', 'nxdomain', 'unreachable', 'hard', 'ENOTFOUND'],
  ['dns', 'servfail', 'unreachable', 'hard', 'EAI_AGAIN'],
  ['dns', 'hang', 'unreachable', 'hard', 'longer than 1000 ms'],
  ['dns', 'stale', 'refused', 'hard', 'ECONNREFUSED'],
  ['exhausted', 'files', 'unreachable', 'soft', 'EMFILE'],
  ['exhausted', 'ports', 'unreachable', 'soft', 'EADDRNOTAVAIL'],
])('%s (%s) is told as %s, %s', async (kind, form, reason, evidence, words) => {
  const asked = await askUnder({ kind, form });
  expect(asked).toMatchObject({ reason, evidence });
  expect(asked.message).toContain(words);
  expect(asked.acts).toMatchObject([{ what: kind, backend: 'spark' }]);
});

test('a dead address before one that works costs a quarter of a second', async () => {
  const asked = await askUnder({ kind: 'dns', form: 'dead-first' });
  expect(asked.status).toBe(204);
  expect(asked.tookMs).toBeGreaterThanOrEqual(249);
});

test('only the path it is meant for has its name broken', async () => {
  expect(await askUnder({ kind: 'dns', path: 2 })).toMatchObject({ status: 204, acts: [] });
});
