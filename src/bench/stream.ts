/**
 * Many paced streams at once: what one frame costs each arm's thread, and how much later the first
 * token comes than directly. The server paces on absolute time, so a late frame is the arm's doing.
 */

import { Pool } from 'undici';

import type { Clock } from '../time/clock.ts';
import type { ArmName, BenchArm } from './arm.ts';
import { pacedTokens } from './null-upstream.ts';
import { quantile } from './statistic.ts';

export interface StreamRow {
  readonly arm: ArmName;
  readonly streams: number;
  /** Processor time of the arm's own thread for one token's frame; the median of the rounds. */
  readonly cpuMicrosecondsPerFrame: number;
  readonly ttftMsP50: number;
  readonly ttftMsP99: number;
  /** Streams that did not end with every token. */
  readonly failed: number;
}

/** Rounds whose figures are thrown away: code is still being compiled. */
const warmUpRounds = 2;
const rounds = 7;

/** Plays every arm in turn, round after round, so that what the machine does meets all alike. */
export const measureStreams = async (
  arms: readonly BenchArm[],
  { counts, clock }: { readonly counts: readonly number[]; readonly clock: Clock },
): Promise<readonly StreamRow[]> => {
  const rows: StreamRow[] = [];
  for (const streams of counts) {
    const played = arms.map((arm) => ({ arm, rounds: new Array<Round>() }));
    for (let round = 0; round < warmUpRounds + rounds; round++)
      for (const { arm, rounds: kept } of played) {
        const told = await playRound(arm, streams, clock);
        if (round >= warmUpRounds) kept.push(told);
      }
    for (const { arm, rounds: kept } of played) {
      const ttftMs = kept.flatMap((round) => round.ttftMs);
      rows.push({
        arm: arm.name,
        streams,
        cpuMicrosecondsPerFrame: quantile(
          kept.map((round) => round.cpuMicrosecondsPerFrame),
          0.5,
        ),
        ttftMsP50: quantile(ttftMs, 0.5),
        ttftMsP99: quantile(ttftMs, 0.99),
        failed: kept.reduce((sum, round) => sum + round.failed, 0),
      });
    }
  }
  return rows;
};

interface Round {
  readonly cpuMicrosecondsPerFrame: number;
  readonly ttftMs: readonly number[];
  readonly failed: number;
}

/** All streams of one arm at once, over connections that have been used before. */
const playRound = async (arm: BenchArm, streams: number, clock: Clock): Promise<Round> => {
  await using opened = new AsyncDisposableStack();
  const pool = new Pool(arm.url, { connections: streams, pipelining: 1, allowH2: false });
  opened.defer(() => pool.destroy());
  const readAll = (model: 'null' | 'paced') =>
    Promise.all(Array.from({ length: streams }, () => readStream(pool, model, clock)));
  await readAll('null');
  const cpuBefore = await arm.cpuMicroseconds();
  const read = await readAll('paced');
  const cpuUsed = (await arm.cpuMicroseconds()) - cpuBefore;
  return {
    cpuMicrosecondsPerFrame: cpuUsed / (streams * pacedTokens),
    ttftMs: read.flatMap(({ ttftMs }) => ttftMs ?? []),
    failed: read.filter(({ tokens }) => tokens !== pacedTokens).length,
  };
};

const marker = Buffer.from('event: response.output_text.delta');

const readStream = async (
  pool: Pool,
  model: 'null' | 'paced',
  clock: Clock,
): Promise<{ readonly ttftMs?: number; readonly tokens: number }> => {
  const sentAt = clock.now();
  const { body: answer } = await pool.request({
    method: 'POST',
    path: '/v1/responses',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, input: 'Hello', stream: true }),
  });
  let ttftMs: number | undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of answer) {
    if (!(chunk instanceof Buffer)) continue;
    chunks.push(chunk);
    if (ttftMs === undefined && chunk.includes(marker)) ttftMs = clock.now() - sentAt;
  }
  const tokens = Buffer.concat(chunks).toString('latin1').split(String(marker)).length - 1;
  return { tokens, ...(ttftMs !== undefined && { ttftMs }) };
};
