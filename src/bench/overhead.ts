/**
 * What the proxy adds: the same request to a null model server, directly and through the proxy,
 * in alternating rounds of one run, so that drift of the machine falls on both alike.
 *
 * Load generator, proxy and server share the machine; the ratio of the two arms is the result, and
 * neither figure alone is a claim.
 */

import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import autocannon from 'autocannon';

import { openStage } from '../run/open-stage.ts';
import type { ProxyStageInfo } from '../run/proxy-stage.ts';
import type { System } from '../system/system.ts';
import { originNow } from '../time/system-clock.ts';

export interface OverheadRow {
  readonly state: 'memory' | 'sqlite';
  readonly connections: number;
  readonly arm: 'direct' | 'proxy';
  readonly rounds: number;
  /** Median over the rounds. */
  readonly requestsPerSecond: number;
  readonly failed: number;
}

export interface OverheadOptions {
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly connections: readonly number[];
  readonly sqlitePath: string;
  readonly say: (text: string) => void;
}

const body = JSON.stringify({ model: 'null', input: 'Hello', stream: false });

/** Measures every number of connections with state in memory and in SQLite. */
export const measureOverhead = async (
  options: OverheadOptions,
): Promise<readonly OverheadRow[]> => {
  await using opened = new AsyncDisposableStack();
  const upstream = await openUpstream(opened);
  const rows: OverheadRow[] = [];
  for (const state of ['memory', 'sqlite'] as const) {
    const proxy = opened.use(
      await openStage<ProxyStageInfo>(
        'proxy',
        { system: systemFor(upstream, state, options.sqlitePath), prices: [], areIdsSeeded: false },
        { origin: originNow(), seed: 'bench', isThreaded: true, emit: () => undefined },
      ),
    );
    const urls = { direct: `${upstream}/v1/responses`, proxy: `${proxy.info.url}/responses` };
    for (const connections of options.connections) {
      options.say(`${state} state, ${connections} connection${connections > 1 ? 's' : ''}`);
      rows.push(...(await interleave(urls, state, connections, options)));
    }
  }
  return rows;
};

const interleave = async (
  urls: Readonly<Record<'direct' | 'proxy', string>>,
  state: OverheadRow['state'],
  connections: number,
  { rounds, secondsPerRound }: OverheadOptions,
): Promise<readonly OverheadRow[]> => {
  const arms = ['direct', 'proxy'] as const;
  const results = { direct: [] as autocannon.Result[], proxy: [] as autocannon.Result[] };
  // The first round brings connections and JIT to rest and is thrown away.
  for (let round = 0; round <= rounds; round++)
    for (const arm of round % 2 === 0 ? arms : arms.toReversed()) {
      const result = await fire(urls[arm], connections, secondsPerRound);
      if (round > 0) results[arm].push(result);
    }
  return arms.map((arm) => ({
    state,
    connections,
    arm,
    rounds,
    requestsPerSecond: median(results[arm].map(({ requests }) => requests.average)),
    failed: results[arm].reduce((sum, { errors, non2xx }) => sum + errors + non2xx, 0),
  }));
};

const fire = (url: string, connections: number, duration: number): Promise<autocannon.Result> =>
  autocannon({
    url,
    connections,
    duration,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });

const openUpstream = async (opened: AsyncDisposableStack): Promise<string> => {
  const file = new URL(`./null-upstream${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(file);
  opened.defer(async () => {
    await worker.terminate();
  });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return `http://127.0.0.1:${port}`;
};

const systemFor = (upstream: string, state: OverheadRow['state'], path: string): System => ({
  listen: { host: '127.0.0.1', port: 0 },
  state: state === 'memory' ? { kind: state, retainDays: 1 } : { kind: state, path, retainDays: 1 },
  keys: [],
  backends: [
    {
      name: 'null',
      wire: 'openai',
      urls: [`${upstream}/v1`],
      residency: 'local',
      slots: 1024,
      connectMs: 2500,
      firstTokenMs: 20_000,
      stallMs: 20_000,
    },
  ],
  models: [{ name: 'null', candidates: [{ backend: 'null', model: 'null' }] }],
  midStream: 'fail',
  commitOn: 'text',
  cold: 'wait',
  spill: { queueMax: 1024, waitMsMax: 60_000 },
  breaker: { hardFailures: 3, softFailures: 3, openForMs: 1000 },
  economics: { counterfactuals: [] },
});

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? upper)) / 2 : upper;
};
