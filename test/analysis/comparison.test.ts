import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import { suiteLog, type TrialShape } from '../kit/suite-log.ts';

const lost = (ours: TrialShape, theirs: TrialShape, deadlineMs?: number) =>
  analyse(
    suiteLog({
      rows: [{ name: 'row', ...(deadlineMs !== undefined && { deadlineMs, isSilent: true }) }],
      arms: { ours: { row: ours }, theirs: { row: theirs } },
    }),
  ).lost.map(({ arm, why }) => `${arm} ${why}`);

const switched: TrialShape = { end: 'switch', detectMs: 2, trials: 20 };

test('a row is lost to who ends more trials as they should end', () => {
  expect(lost({ ...switched, end: 'truncate', afterTokens: 9 }, switched)).toEqual([
    'theirs as-expected',
  ]);
});

test('a row is lost to who is faster beyond the intervals, not by chance', () => {
  expect(lost({ ...switched, detectMs: 400 }, switched)).toEqual(['theirs failover']);
  expect(lost(switched, { ...switched })).toEqual([]);
});

test('a deadline kept more closely wins the row', () => {
  expect(lost({ ...switched, detectMs: 400 }, { ...switched, detectMs: 202 }, 200)).toEqual([
    'theirs overshoot',
  ]);
});

test('a worse end is not better for having come sooner', () => {
  expect(lost({ ...switched, detectMs: 400 }, { ...switched, end: 'error' })).toEqual([]);
});
