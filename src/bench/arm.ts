/**
 * The arms of the bench: the same null model server asked directly, through a minimal relay, and
 * through Spillway with state in memory and in SQLite. Each server has a thread of its own; all
 * share the machine with the load, so only what is measured in one run compares.
 */

import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { System } from '../system/system.ts';
import type { FromBenchThread, Role } from './thread.ts';

const armNames = ['direct', 'relay', 'memory', 'sqlite'] as const;
export type ArmName = (typeof armNames)[number];

export interface BenchArm {
  readonly name: ArmName;
  /** `http://127.0.0.1:PORT`; the endpoint is `/v1/responses`. */
  readonly url: string;
  /** Processor time its thread has used so far, in microseconds. */
  cpuMicroseconds(): Promise<number>;
}

/** Opens every arm; `sqlitePath` is a file that may be made. */
export const openArms = async (
  sqlitePath: string,
  opened: AsyncDisposableStack,
): Promise<readonly BenchArm[]> => {
  const direct = await openArm('direct', { kind: 'upstream' }, opened);
  const upstream = direct.url;
  return [
    direct,
    await openArm('relay', { kind: 'relay', upstream }, opened),
    await openArm('memory', { kind: 'proxy', system: systemFor(upstream) }, opened),
    await openArm('sqlite', { kind: 'proxy', system: systemFor(upstream, sqlitePath) }, opened),
  ];
};

const openArm = async (
  name: ArmName,
  role: Role,
  opened: AsyncDisposableStack,
): Promise<BenchArm> => {
  const worker = new Worker(new URL(`./thread${extname(import.meta.url)}`, import.meta.url), {
    workerData: role,
    name: `bench ${name}`,
  });
  opened.defer(async () => {
    await worker.terminate();
  });
  const next = (): Promise<FromBenchThread> =>
    new Promise((resolve, reject) => {
      const settle = (message: FromBenchThread): void => {
        worker.off('error', reject);
        resolve(message);
      };
      worker.once('message', settle);
      worker.once('error', reject);
    });
  const listening = await next();
  return {
    name,
    url: listening.kind === 'listening' ? listening.url : '',
    cpuMicroseconds: async () => {
      const answer = next();
      worker.postMessage('cpu');
      const told = await answer;
      return told.kind === 'cpu' ? told.microseconds : 0;
    },
  };
};

const systemFor = (upstream: string, sqlitePath?: string): System => ({
  listen: { host: '127.0.0.1', port: 0 },
  state:
    sqlitePath === undefined
      ? { kind: 'memory', retainDays: 1 }
      : { kind: 'sqlite', path: sqlitePath, retainDays: 1 },
  keys: [],
  backends: [
    {
      name: 'null',
      wire: 'openai',
      urls: [`${upstream}/v1`],
      residency: 'local',
      slots: 4096,
      connectMs: 2500,
      firstTokenMs: 20_000,
      stallMs: 20_000,
    },
  ],
  models: ['null', 'paced'].map((name) => ({
    name,
    candidates: [{ backend: 'null', model: name }],
  })),
  midStream: 'fail',
  commitOn: 'text',
  cold: 'wait',
  spill: { queueMax: 4096, waitMsMax: 60_000 },
  breaker: { hardFailures: 3, softFailures: 3, openForMs: 1000 },
  economics: { counterfactuals: [] },
});
