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
  /** Processor time of the arm's own thread for one token's frame. */
  readonly cpuMicrosecondsPerFrame: number;
  readonly ttftMsP50: number;
  readonly ttftMsP99: number;
  /** Streams that did not end with every token. */
  readonly failed: number;
}

const body = JSON.stringify({ model: 'paced', input: 'Hello', stream: true });

export const measureStreams = async (
  arms: readonly BenchArm[],
  { counts, clock }: { readonly counts: readonly number[]; readonly clock: Clock },
): Promise<readonly StreamRow[]> => {
  const rows: StreamRow[] = [];
  for (const streams of counts)
    for (const arm of arms) {
      await using opened = new AsyncDisposableStack();
      const pool = new Pool(arm.url, { connections: streams, pipelining: 1, allowH2: false });
      opened.defer(() => pool.destroy());
      await Promise.all(Array.from({ length: streams }, () => readStream(pool, clock)));
      const cpuBefore = await arm.cpuMicroseconds();
      const read = await Promise.all(
        Array.from({ length: streams }, () => readStream(pool, clock)),
      );
      const cpuUsed = (await arm.cpuMicroseconds()) - cpuBefore;
      const ttft = read.map(({ ttftMs }) => ttftMs).filter((it) => it !== undefined);
      rows.push({
        arm: arm.name,
        streams,
        cpuMicrosecondsPerFrame: cpuUsed / (streams * pacedTokens),
        ttftMsP50: quantile(ttft, 0.5),
        ttftMsP99: quantile(ttft, 0.99),
        failed: read.filter(({ tokens }) => tokens !== pacedTokens).length,
      });
    }
  return rows;
};

const marker = Buffer.from('event: response.output_text.delta');

const readStream = async (
  pool: Pool,
  clock: Clock,
): Promise<{ readonly ttftMs?: number; readonly tokens: number }> => {
  const sentAt = clock.now();
  const { body: answer } = await pool.request({
    method: 'POST',
    path: '/v1/responses',
    headers: { 'content-type': 'application/json' },
    body,
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
