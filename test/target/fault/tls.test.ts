/** The shim before a server that speaks TLS: what works where nothing can be read. */

import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';

import { afterEach, expect, test } from 'vitest';

import { seeded } from '../../../src/random/random.ts';
import { certificateAuthority } from '../../../src/target/fault/certificate.ts';
import { planFaults } from '../../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';
import { openShim, type Shim } from '../../../src/target/fault/shim.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import type { Act } from './fault-world.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../kit/certificate/${name}`, import.meta.url), 'utf8');

const clock = systemClock();
const authority = certificateAuthority(clock.wall());
let closing = new AsyncDisposableStack();

afterEach(async () => {
  await closing.disposeAsync();
  closing = new AsyncDisposableStack();
});

const body = Array.from({ length: 200 }, (_, at) => `line ${at} of an answer\n`).join('');

/** A server behind TLS, and the shim in front of it. */
const shimBefore = async (
  faults: readonly Omit<FaultSpec, 'backend'>[],
): Promise<{ shim: Shim; acts: Act[] }> => {
  const server = createServer(
    { key: read('cloud.key'), cert: read('cloud.pem') },
    (asked, answer) => asked.resume().on('end', () => answer.end(body)),
  );
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.defer(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const address = server.address();
  const acts: Act[] = [];
  const shim = await openShim({
    name: 'azure',
    target: {
      host: '127.0.0.1',
      port: address !== null && typeof address === 'object' ? address.port : 0,
    },
    wire: 'azure-openai',
    isTls: true,
    faults: planFaults(faults.map((it) => ({ backend: 'azure', ...it }))),
    clock,
    random: seeded(7),
    emit: (act) => acts.push(act),
    certificate: (flaw) => authority.issue('cloud.test', flaw),
  });
  closing.defer(() => shim.close());
  shim.arm(clock.now());
  return { shim, acts };
};

const agentFor = (): Agent =>
  new Agent({
    keepAlive: true,
    ca: [read('authority.pem'), authority.cert],
    servername: 'cloud.test',
  });

interface Seen {
  readonly how: string;
  readonly bytes: number;
  readonly tookMs: number;
}

/**
 * Asks over TLS, with the certificate checked, and reads until it ends or `untilMs` have passed.
 */
const ask = (shim: Shim, untilMs = 2000, kept?: Agent): Promise<Seen> => {
  const startedAt = clock.now();
  const agent = kept ?? agentFor();
  return new Promise((resolve) => {
    let bytes = 0;
    const finish = (how: string): void => {
      deadline[Symbol.dispose]();
      if (kept) return resolve({ how, bytes, tookMs: clock.now() - startedAt });
      asking.destroy();
      agent.destroy();
      resolve({ how, bytes, tookMs: clock.now() - startedAt });
    };
    const deadline = clock.at(startedAt + untilMs, () => finish('open'));
    const asking = request(
      { host: shim.host, port: shim.port, method: 'POST', agent },
      (answer) => {
        answer.on('data', (part: Buffer) => {
          bytes += part.length;
        });
        answer.on('end', () => finish('end'));
        answer.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
      },
    );
    asking.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
    asking.end('{}');
  });
};

test('without a fault that acts, TLS passes undisturbed', async () => {
  const { shim, acts } = await shimBefore([{ kind: 'cut', at: '1 h' }]);
  expect(await ask(shim)).toMatchObject({ how: 'end', bytes: body.length });
  expect(acts).toEqual([]);
});

test('sliced into single bytes, TLS is still TLS', async () => {
  const { shim } = await shimBefore([{ kind: 'slice', segmentBytes: 3, at: 0 }]);
  expect(await ask(shim)).toMatchObject({ how: 'end', bytes: body.length });
});

test.each<[string, Omit<FaultSpec, 'backend'>, string]>([
  ['a handshake that hangs', { kind: 'silent', when: 'connect', at: 0 }, 'open'],
  ['a reset as it connects', { kind: 'reset', when: 'connect', at: 0 }, 'ECONNRESET'],
  ['a reset after some bytes', { kind: 'reset', afterBytes: 600, at: 0 }, 'ECONNRESET'],
  ['a cut after some bytes', { kind: 'cut', afterBytes: 600, at: 0 }, 'ECONNRESET'],
  ['another protocol', { kind: 'not-tls', at: 0 }, 'EPROTO'],
  ['a certificate that has expired', { kind: 'certificate', at: 0 }, 'CERT_HAS_EXPIRED'],
  [
    'a certificate for another name',
    { kind: 'certificate', form: 'wrong-name', at: 0 },
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  [
    'a certificate that nobody vouches for',
    { kind: 'certificate', form: 'untrusted', at: 0 },
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
  ['nobody there', { kind: 'refuse', at: 0 }, 'ECONNREFUSED'],
])('%s is seen', async (_, fault, how) => {
  const { shim, acts } = await shimBefore([fault]);
  expect((await ask(shim, 300)).how).toBe(how);
  expect(acts).toHaveLength(1);
});

test('a kept connection has shaken hands, and does not mind a bad certificate', async () => {
  const { shim, acts } = await shimBefore([{ kind: 'certificate', at: '200 ms' }]);
  const agent = agentFor();
  expect((await ask(shim, 2000, agent)).how).toBe('end');
  await clock.sleep(250);
  expect((await ask(shim, 2000, agent)).how).toBe('end');
  expect(acts).toEqual([]);
  agent.destroy();
});

test('the handshake and the answer of a server that is half dead are late, each for itself', async () => {
  const { shim } = await shimBefore([{ kind: 'delay', delay: '150 ms', at: 0 }]);
  const seen = await ask(shim);
  expect(seen.how).toBe('end');
  expect(seen.tookMs).toBeGreaterThanOrEqual(300);
});

test.each<[string, Omit<FaultSpec, 'backend'>]>([
  ['late', { kind: 'delay', delay: '100 ms', jitter: '20 ms', at: 0 }],
  ['slow', { kind: 'slow', bytesPerSecond: 40_000, at: 0 }],
  ['in bursts', { kind: 'burst', hold: '80 ms', at: 0 }],
])('an answer that comes %s is whole', async (_, fault) => {
  const { shim } = await shimBefore([fault]);
  const seen = await ask(shim);
  expect(seen).toMatchObject({ how: 'end', bytes: body.length });
  expect(seen.tookMs).toBeGreaterThanOrEqual(75);
});

test('what would have to be read never acts', async () => {
  const { shim, acts } = await shimBefore([
    { kind: 'truncate', at: 0 },
    { kind: 'html', at: 0 },
    { kind: 'reject', at: 0 },
  ]);
  expect(await ask(shim)).toMatchObject({ how: 'end', bytes: body.length });
  expect(acts).toEqual([]);
});
