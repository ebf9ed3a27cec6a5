/** Simulated servers on real sockets, as a system file describes them; closed after each test. */

import { afterEach } from 'vitest';

import type { Generation } from '../../src/log/entry.ts';
import { seeded } from '../../src/random/random.ts';
import type { BackendSystem, SimulatedCloud, SimulatedSpark } from '../../src/system/system.ts';
import {
  openSimulatedBackend,
  type SimulatedBackend,
} from '../../src/target/backend/simulated-backend.ts';
import { systemClock } from '../../src/time/system-clock.ts';

const opened: SimulatedBackend[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((backend) => backend.close()));
});

/** Opens a server; `notes` is what it logs. */
export const openServer = async (
  backend: BackendSystem,
  port?: number,
): Promise<{ readonly server: SimulatedBackend; readonly notes: Omit<Generation, 'arm'>[] }> => {
  const notes: Omit<Generation, 'arm'>[] = [];
  const server = await openSimulatedBackend(backend, {
    clock: systemClock(),
    random: seeded(1),
    emit: (entry) => notes.push(entry),
    ...(port !== undefined && { port }),
  });
  opened.push(server);
  return { server, notes };
};

const deadlines = { connectMs: 1000, firstTokenMs: 1000, stallMs: 1000 };

/** A Spark with one model in its memory, a thousand times as fast as a real one. */
export const spark = (simulate: Partial<SimulatedSpark> = {}): BackendSystem => ({
  name: 'spark',
  wire: 'ollama',
  urls: [],
  residency: 'local',
  slots: 1,
  ...deadlines,
  simulate: {
    kind: 'spark',
    profiles: ['gpt-oss-120b@ollama'],
    parallel: 1,
    isWarm: true,
    keepAliveMs: -1,
    timeScale: 0.001,
    ...simulate,
  },
});

/** A cloud without limits, a thousand times as fast as a real one. */
export const cloud = (
  simulate: Partial<SimulatedCloud> = {},
  more: Partial<BackendSystem> = {},
): BackendSystem => ({
  name: 'azure',
  wire: 'azure-openai',
  urls: [],
  residency: 'cloud',
  slots: 64,
  ...deadlines,
  simulate: {
    kind: 'cloud',
    ttftMsP50: 900,
    ttftMsP95: 2900,
    tokensPerSecond: 80,
    tokensPerMinute: Infinity,
    requestsPerMinute: Infinity,
    continues: 'well',
    timeScale: 0.001,
    ...simulate,
  },
  ...more,
});
