/**
 * What stands in front of a server adds to each request, measured in pairs: the same request to the
 * server directly and through each relay, one after another in random order, one at a time. The
 * difference is taken within a pair, so that drift of the machine falls on both.
 */

import { Pool } from 'undici';

import type { Random } from '../random/random.ts';
import type { Clock } from '../time/clock.ts';
import type { ArmName, BenchArm } from './arm.ts';
import { quantile } from './statistic.ts';

export interface PairRow {
  readonly arm: ArmName;
  readonly pairs: number;
  /** Median and 99th percentile of the difference to the direct request of the same pair. */
  readonly addedMsP50: number;
  readonly addedMsP99: number;
  readonly failed: number;
}

const body = JSON.stringify({ model: 'null', input: 'Hello', stream: false });

/** Pairs that bring connections and JIT to rest. */
const warmUpRatio = 0.2;

export const measurePairs = async (
  arms: readonly BenchArm[],
  {
    pairs,
    clock,
    random,
  }: { readonly pairs: number; readonly clock: Clock; readonly random: Random },
): Promise<readonly PairRow[]> => {
  await using opened = new AsyncDisposableStack();
  const ready = arms.map(({ name, url }) => {
    const pool = new Pool(url, { connections: 1, pipelining: 1, allowH2: false });
    opened.defer(() => pool.destroy());
    return { name, pool, added: [] as number[], failed: 0 };
  });
  const warmUp = Math.ceil(pairs * warmUpRatio);
  for (let pair = -warmUp; pair < pairs; pair++) {
    const taken = new Map<ArmName, number>();
    for (const arm of shuffled(ready, random)) {
      const beganAt = clock.now();
      const { statusCode, body: answer } = await arm.pool.request({
        method: 'POST',
        path: '/v1/responses',
        headers: { 'content-type': 'application/json' },
        body,
      });
      await answer.dump();
      taken.set(arm.name, clock.now() - beganAt);
      if (statusCode !== 200) arm.failed++;
    }
    const direct = taken.get('direct') ?? 0;
    if (pair >= 0) for (const arm of ready) arm.added.push((taken.get(arm.name) ?? 0) - direct);
  }
  return ready
    .filter(({ name }) => name !== 'direct')
    .map(({ name, added, failed }) => ({
      arm: name,
      pairs: added.length,
      addedMsP50: quantile(added, 0.5),
      addedMsP99: quantile(added, 0.99),
      failed,
    }));
};

/** Fisher and Yates. */
const shuffled = <T>(items: readonly T[], random: Random): readonly T[] => {
  const copy = [...items];
  for (let at = copy.length - 1; at > 0; at--) {
    const to = Math.floor(random.next() * (at + 1));
    const [one, other] = [copy[at], copy[to]];
    if (one !== undefined && other !== undefined) [copy[at], copy[to]] = [other, one];
  }
  return copy;
};
