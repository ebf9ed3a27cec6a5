/**
 * The body of a bench worker: one server in a thread of its own, which tells how much processor
 * time its thread has used.
 */

import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';

import { entropyIds } from '../random/id.ts';
import { seeded } from '../random/random.ts';
import type { System } from '../system/system.ts';
import { openProxyServer } from '../target/proxy/server.ts';
import { systemClock } from '../time/system-clock.ts';
import { estimateTokens } from '../token/estimate.ts';
import { openMinimalRelay } from './minimal-relay.ts';
import { openNullUpstream } from './null-upstream.ts';

/** What a worker is started as. */
export type Role =
  | { readonly kind: 'upstream' }
  | { readonly kind: 'relay'; readonly upstream: string }
  | { readonly kind: 'proxy'; readonly system: System };

/** What it answers: where it listens, then its processor time each time it is asked. */
export type FromBenchThread =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'cpu'; readonly microseconds: number };

const portOf = (address: unknown): number =>
  typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : 0;

const open = async (role: Role): Promise<string> => {
  const clock = systemClock();
  switch (role.kind) {
    case 'upstream': {
      const server = await openNullUpstream(clock);
      return `http://127.0.0.1:${portOf(server.address())}`;
    }
    case 'relay': {
      const app = await openMinimalRelay(role.upstream);
      return `http://127.0.0.1:${portOf(app.server.address())}`;
    }
    case 'proxy': {
      const server = await openProxyServer({
        system: role.system,
        clock,
        random: seeded('bench'),
        ids: entropyIds,
        record: () => undefined,
        priceOf: () => undefined,
        maySpend: () => true,
        countTokens: estimateTokens,
        log: (line) => process.stderr.write(`proxy: ${line}\n`),
      });
      return new URL(server.url).origin;
    }
  }
};

assert.ok(parentPort, 'bench/thread.ts runs as a worker only');
const port = parentPort;
const post = (message: FromBenchThread): void => port.postMessage(message);
post({ kind: 'listening', url: await open(workerData as Role) });
port.on('message', () => {
  const { user, system } = process.threadCpuUsage();
  post({ kind: 'cpu', microseconds: user + system });
});
