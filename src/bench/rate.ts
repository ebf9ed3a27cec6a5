/**
 * How many requests without streaming each arm answers, and what one costs its thread. Rounds of
 * the arms alternate within one run.
 */

import autocannon from 'autocannon';

import type { ArmName, BenchArm } from './arm.ts';
import { quantile } from './statistic.ts';

export interface RateRow {
  readonly arm: ArmName;
  readonly connections: number;
  readonly rounds: number;
  /** Median over the rounds. */
  readonly requestsPerSecond: number;
  /** Processor time of the arm's own thread for one request, median over the rounds. */
  readonly cpuMicrosecondsPerRequest: number;
  /** The same of the null backend's thread: not all arms ask the same of it. */
  readonly backendMicrosecondsPerRequest: number;
  readonly failed: number;
}

export interface RateOptions {
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly secondsPerRound: number;
}

const body = JSON.stringify({ model: 'null', input: 'Hello', stream: false });

export const measureRates = async (
  arms: readonly BenchArm[],
  { connections, rounds, secondsPerRound }: RateOptions,
): Promise<readonly RateRow[]> => {
  const rows: RateRow[] = [];
  const backend = arms.find(({ name }) => name === 'direct');
  const backendCpu = async (): Promise<number> => (await backend?.cpuMicroseconds()) ?? 0;
  for (const count of connections) {
    const seen = arms.map((arm) => ({
      arm,
      rates: [] as number[],
      costs: [] as number[],
      backendCosts: [] as number[],
      failed: 0,
    }));
    // The first round brings connections and JIT to rest and is thrown away.
    for (let round = 0; round <= rounds; round++)
      for (const each of round % 2 === 0 ? seen : seen.toReversed()) {
        const cpuBefore = await each.arm.cpuMicroseconds();
        const backendBefore = await backendCpu();
        const result = await fire(`${each.arm.url}/v1/responses`, count, secondsPerRound);
        const cpuUsed = (await each.arm.cpuMicroseconds()) - cpuBefore;
        const backendUsed = (await backendCpu()) - backendBefore;
        if (round === 0) continue;
        const requests = Math.max(1, result.requests.total);
        each.rates.push(result.requests.average);
        each.costs.push(cpuUsed / requests);
        each.backendCosts.push(backendUsed / requests);
        each.failed += result.errors + result.non2xx;
      }
    for (const { arm, rates, costs, backendCosts, failed } of seen)
      rows.push({
        arm: arm.name,
        connections: count,
        rounds,
        requestsPerSecond: quantile(rates, 0.5),
        cpuMicrosecondsPerRequest: quantile(costs, 0.5),
        backendMicrosecondsPerRequest: quantile(backendCosts, 0.5),
        failed,
      });
  }
  return rows;
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
