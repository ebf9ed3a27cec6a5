import fc from 'fast-check';
import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { LogEntry } from '../../src/log/entry.ts';
import * as kit from '../kit/log.ts';

/** Healthy turns whose first tokens took so long; one that is endless was cut off by a deadline. */
const turns = (firstTokens: readonly number[], backend = 'spark', from = 1): LogEntry[] =>
  firstTokens.flatMap((ms, at): LogEntry[] => {
    const session = from + at;
    const trace = kit.traceOf(session, 1);
    const sentAt = 100 * session;
    const attempt = kit.attempt({ trace, backend, startedAt: sentAt });
    return [
      kit.exchange({ trace, session, scheduledAt: sentAt, sentAt, backend }),
      Number.isFinite(ms)
        ? { ...attempt, firstTokenAt: sentAt + ms, endedAt: sentAt + ms + 100 }
        : { ...attempt, outcome: 'failed', reason: 'first-token-deadline', endedAt: sentAt + 900 },
    ];
  });

const tradeOffs = (entries: readonly LogEntry[]) =>
  analyse(kit.log([...entries], { phases: { warmupMs: 0, steadyMs: 60_000, cooldownMs: 0 } }))
    .tradeOffs;

const ramp = (count: number) => Array.from({ length: count }, (_, at) => 100 + at);

test('of few attempts there is no curve', () => {
  expect(tradeOffs(turns(ramp(10)))).toEqual([]);
});

test('a deadline is only recommended where enough attempts stood behind it', () => {
  const [few] = tradeOffs(turns(ramp(298)));
  expect(few?.picks).toEqual([
    { ratio: 0.001, needs: 2995 },
    { ratio: 0.01, needs: 299 },
  ]);
  const [enough] = tradeOffs(turns(ramp(299)));
  // None of 299 beyond the slowest is less than one in a hundred.
  expect(enough?.picks[1]).toEqual({ ratio: 0.01, deadlineMs: 398, needs: 299 });
});

test('on a dead box the fallback comes on top', () => {
  const azure = turns(
    Array.from({ length: 20 }, () => 640),
    'azure',
    1000,
  );
  expect(tradeOffs([...turns(ramp(20)), ...azure])).toMatchObject([
    { backend: 'azure' },
    { backend: 'spark', fallbackMs: 640, slowestMs: 119 },
  ]);
});

test('an attempt that a deadline cut off is slower than any deadline', () => {
  const [cut] = tradeOffs(turns([...ramp(40), Infinity]));
  expect(cut).not.toHaveProperty('slowestMs');
  expect(Math.min(...(cut?.points ?? []).map(({ falseRatio }) => falseRatio))).toBeCloseTo(
    1 / 41,
    10,
  );
});

test('an attempt that a fault acted on says nothing about a healthy backend', () => {
  const faulted = kit.faultAct({ trace: kit.traceOf(1, 1), at: 101 });
  expect(tradeOffs([...turns(ramp(11)), kit.faultArmed(), faulted])).toEqual([]);
});

test('a longer deadline never fails over more, and the bound is never below what was seen', () => {
  const times = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 11, maxLength: 60 });
  fc.assert(
    fc.property(times, (firstTokens) => {
      const points = tradeOffs(turns(firstTokens))[0]?.points ?? [];
      for (const [at, point] of points.entries()) {
        expect(point.atMostRatio).toBeGreaterThanOrEqual(point.falseRatio);
        const next = points[at + 1]?.falseRatio ?? 0;
        expect(next).toBeLessThanOrEqual(point.falseRatio);
      }
      expect(points.at(-1)?.falseRatio).toBe(0);
    }),
    { numRuns: 20 },
  );
});
