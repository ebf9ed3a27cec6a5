/** The whole bench: every measurement in one run, so that its figures compare, and their table. */

import { join } from 'node:path';

import { seeded } from '../random/random.ts';
import { systemClock } from '../time/system-clock.ts';
import { openArms } from './arm.ts';
import { type HotPathRow, measureHotPaths } from './hot-path.ts';
import { eventsPerStream } from './null-upstream.ts';
import { measurePairs, type PairRow } from './pair.ts';
import { measureRates, type RateRow } from './rate.ts';
import { measureSoak, type SoakRow } from './soak.ts';
import { measureStreams, type StreamRow } from './stream.ts';

export interface BenchOptions {
  readonly isQuick: boolean;
  /** A folder for state, removed by whoever made it. */
  readonly folder: string;
  readonly machine: string;
  readonly say: (text: string) => void;
}

export interface BenchResult {
  readonly machine: string;
  readonly pairs: readonly PairRow[];
  readonly rates: readonly RateRow[];
  readonly streams: readonly StreamRow[];
  /** Absent from a quick bench. */
  readonly soak?: SoakRow;
  readonly hotPaths: readonly HotPathRow[];
}

export const runBench = async ({
  isQuick,
  folder,
  machine,
  say,
}: BenchOptions): Promise<BenchResult> => {
  await using opened = new AsyncDisposableStack();
  const clock = systemClock();
  const arms = await openArms(join(folder, 'state.db'), opened);
  say('one request at a time, in pairs');
  const pairs = await measurePairs(arms, {
    pairs: isQuick ? 400 : 3000,
    clock,
    random: seeded('bench pairs'),
  });
  say('as many requests as go');
  const rates = await measureRates(
    arms,
    isQuick
      ? { connections: [1, 64], rounds: 2, secondsPerRound: 2 }
      : { connections: [1, 64], rounds: 5, secondsPerRound: 5 },
  );
  say('paced streams');
  const streams = await measureStreams(arms, { counts: isQuick ? [64] : [64, 512], clock });
  const memory = arms.find(({ name }) => name === 'memory');
  if (!isQuick) say('a hundred thousand requests');
  const soak = isQuick || !memory ? undefined : await measureSoak(memory, 100_000);
  say('hot paths');
  const hotPaths = await measureHotPaths(isQuick ? 300 : 2000, join(folder, 'hot.db'));

  return { machine, pairs, rates, streams, ...(soak && { soak }), hotPaths };
};

/** The result as a page of text, at most 80 columns wide. */
export const benchText = (result: BenchResult): string => {
  const lines = [
    result.machine,
    'Load, servers and a null backend share this machine: ratios count, not rates.',
    'direct: no proxy. relay: fastify and undici, bytes passed through.',
    'memory, sqlite: Spillway with that state. CPU: of the server’s own thread.',
    `Spillway asks the backend for a stream of ${eventsPerStream} events even for a client that`,
    'wants none, since deadlines and failover live on it; direct and relay ask for one JSON.',
    '',
    'one request at a time, added to the direct request of the same pair',
    row(['', 'pairs', 'p50', 'p99', 'failed']),
    ...result.pairs.map(({ arm, pairs, addedMsP50, addedMsP99, failed }) =>
      row([arm, String(pairs), ms(addedMsP50), ms(addedMsP99), String(failed)]),
    ),
  ];
  for (const connections of new Set(result.rates.map((it) => it.connections)))
    lines.push(...rateLines(result.rates, connections));
  for (const streams of new Set(result.streams.map((it) => it.streams)))
    lines.push(...streamLines(result.streams, streams));
  if (result.soak) {
    const { requests, rssMbAtFifth, rssMbAtEnd, failed } = result.soak;
    lines.push(
      '',
      `${requests} requests, state in memory and store: false, ${failed} failed: ` +
        `${rssMbAtFifth.toFixed(0)} MB after a fifth, ${rssMbAtEnd.toFixed(0)} MB at the end`,
    );
  }
  lines.push('', 'hot paths, median');
  for (const { name, nanoseconds, samples, marginRatio } of result.hotPaths)
    lines.push(
      `${name.padEnd(40)}${(nanoseconds / 1000).toFixed(2).padStart(10)} µs` +
        `   ± ${(marginRatio * 100).toFixed(1)} %, n ${samples}`,
    );
  return `${lines.join('\n')}\n`;
};

const rateLines = (rates: readonly RateRow[], connections: number): readonly string[] => {
  const rows = rates.filter((it) => it.connections === connections);
  const relay = rows.find(({ arm }) => arm === 'relay');
  return [
    '',
    `without streaming, ${connections} connection${connections > 1 ? 's' : ''}`,
    row(['', 'req/s', 'to relay', 'CPU/request', 'backend', 'failed']),
    ...rows.map((it) =>
      row([
        it.arm,
        it.requestsPerSecond.toFixed(0),
        ratio(it.requestsPerSecond, relay?.requestsPerSecond),
        `${it.cpuMicrosecondsPerRequest.toFixed(0)} µs`,
        `${it.backendMicrosecondsPerRequest.toFixed(0)} µs`,
        String(it.failed),
      ]),
    ),
  ];
};

const streamLines = (all: readonly StreamRow[], streams: number): readonly string[] => {
  const rows = all.filter((it) => it.streams === streams);
  const relay = rows.find(({ arm }) => arm === 'relay');
  return [
    '',
    `${streams} streams of 64 tokens, one every 5 ms`,
    row(['', 'CPU/frame', 'to relay', 'ttft p50', 'ttft p99', 'failed']),
    ...rows.map(({ arm, cpuMicrosecondsPerFrame, ttftMsP50, ttftMsP99, failed }) =>
      row([
        arm,
        `${cpuMicrosecondsPerFrame.toFixed(1)} µs`,
        ratio(cpuMicrosecondsPerFrame, relay?.cpuMicrosecondsPerFrame),
        ms(ttftMsP50),
        ms(ttftMsP99),
        String(failed),
      ]),
    ),
  ];
};

const row = ([first = '', ...rest]: readonly string[]): string =>
  first.padEnd(10) + rest.map((cell) => cell.padStart(13)).join('');

const ms = (value: number): string => `${value.toFixed(2)} ms`;

const ratio = (value: number, base: number | undefined): string =>
  base === undefined || base === 0 ? '–' : `× ${(value / base).toFixed(2)}`;
